// Encodes one partition for a snapshot file: its Arrow file in pieces, then its manifest entry.
// Owns the checks that a state can be restarted, and the checksums; never frames the zip.

import { createHash } from 'node:crypto'
import type { PartitionState } from '../../core/entities/partition-state.ts'
import { createStateHash } from '../../core/entities/state-hash.ts'
import {
  columnsOf,
  describedColumns,
  type EncodeOptions,
  encodePartition,
  firstBadId,
  firstBadPosition,
} from '../../core/snapshot/columns.ts'
import { type ManifestPartition, partitionPath } from '../../core/snapshot/manifest.ts'
import { type SnapshotFault, snapshotFault } from '../../core/snapshot/snapshot-fault.ts'

export interface EncodedPartition {
  path: string
  /** Iterate once and to the end. A piece is invalid once the next is requested. */
  pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>
  /** Available once all pieces have been taken. */
  summary(): PartitionSummary
}

export interface PartitionSummary {
  entry: ManifestPartition
  /** The hash of its entities only. */
  stateHash: string
}

/**
 * The state must not change until all pieces have been taken; the options say where they are.
 * Returns a fault if the state could not be restarted: such a snapshot would be worse than none.
 */
export function encodeState(
  state: PartitionState,
  options?: EncodeOptions,
): (EncodedPartition & { pieces: Iterable<Uint8Array> }) | SnapshotFault {
  const fault = unrestorable(state)
  if (fault) return fault
  const columns = columnsOf(state)
  const { domain, lifecycle, name, cell, idLane, idCounter, ids, types, positions, fields, count } =
    state
  const path = partitionPath(domain, name)
  const sha256 = createHash('sha256')
  let bytes = 0

  function* pieces(): Generator<Uint8Array> {
    for (const piece of encodePartition(columns, options)) {
      sha256.update(piece)
      bytes += piece.length
      yield piece
    }
  }

  function summary(): PartitionSummary {
    const hash = createStateHash()
    hash.addRows(ids, types, positions, fields, count)
    const identity = {
      path,
      domain,
      lifecycle,
      name,
      ...(cell && { cell }),
      idLane,
      idCounter,
      rows: count,
    }
    const entry = { ...identity, ...describedColumns(columns), bytes, sha256: sha256.digest('hex') }
    return { entry, stateHash: hash.digest() }
  }
  return { path, pieces: pieces(), summary }
}

function unrestorable({
  ids,
  positions,
  count,
  domain,
  name,
}: PartitionState): SnapshotFault | undefined {
  const path = partitionPath(domain, name)
  const badId = firstBadId(ids, count)
  if (badId >= 0) return snapshotFault('BadId', `row ${badId}: not an entity's id`, path)
  const row = firstBadPosition(positions, count)
  return row < 0
    ? undefined
    : snapshotFault('BadPosition', `entity ${ids[row]}: its position is not a number`, path)
}
