// Which partition each entity of a snapshot belongs to in a world that starts from it.
// Owns the sorting of states by position; never opens a fabric.

import type { PartitionState } from '../../entities/partition-state.ts'
import type { World } from '../memory/world.ts'
import { type EntityColumns, mergeRows, type RowsOfState } from './merge-rows.ts'

/**
 * Sorts the entities of spatial domains by the cell of their positions, and returns the columns by
 * partition index. `ownIndex` gives the partition that a state comes from; -1 if it no longer
 * exists.
 *
 * An entity stays with its partition if it is outside of all cells, if its domain has no area, or
 * if its new partition would hold more than `entityLimit`. It then asks for its handoff in the
 * first tick, as it did before the snapshot.
 */
export function redistribute(
  world: World,
  states: Iterable<PartitionState>,
  ownIndex: (state: PartitionState) => number,
  entityLimit = Number.POSITIVE_INFINITY,
): Map<number, EntityColumns> {
  const pieces = new Map<number, Piece[]>()
  for (const state of states) {
    const own = ownIndex(state)
    const domain = world.domainIndex(state.domain)
    const rowsByTarget = new Map<number, number[]>()
    for (let row = 0; row < state.count; row++) {
      const cell = world.partitionAt(domain, state.positions[row * 3], state.positions[row * 3 + 1])
      const target = cell >= 0 ? cell : own
      const rows = rowsByTarget.get(target)
      if (rows) rows.push(row)
      else rowsByTarget.set(target, [row])
    }
    for (const [target, rows] of rowsByTarget) addPiece(pieces, target, { state, own, rows })
  }
  leaveWhatDoesNotFit(pieces, entityLimit)
  return new Map([...pieces].map(([target, list]) => [target, mergeRows(list)]))
}

interface Piece extends RowsOfState {
  /** The partition that its entities were in; -1 if it no longer exists. */
  own: number
}

function addPiece(pieces: Map<number, Piece[]>, target: number, piece: Piece): void {
  const list = pieces.get(target)
  if (list) list.push(piece)
  else pieces.set(target, [piece])
}

/**
 * Returns entities to their own partitions while a partition would hold too many. That can fill an
 * own partition in turn; no entity is returned twice.
 */
function leaveWhatDoesNotFit(pieces: Map<number, Piece[]>, entityLimit: number): void {
  for (let gaveBack = true; gaveBack; ) {
    gaveBack = false
    for (const [target, list] of [...pieces]) {
      let excess = list.reduce((sum, { rows }) => sum + rows.length, 0) - entityLimit
      for (const piece of [...list].reverse()) {
        if (excess <= 0) break
        if (piece.own < 0 || piece.own === target) continue
        const rows = piece.rows.splice(Math.max(0, piece.rows.length - excess))
        excess -= rows.length
        gaveBack ||= rows.length > 0
        addPiece(pieces, piece.own, { ...piece, rows })
      }
    }
  }
}
