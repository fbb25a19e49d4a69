// Which entities leave a partition at the end of a tick, and for where: found among those that
// changed, and written in groups for the barrier and the targets.
// Owns the groups' order: by target, and within a target by row. Never removes an entity: the
// barrier grants.

import type { Box } from '../memory/box.ts'
import { rowState } from '../memory/columns.ts'
import { PlaceList } from '../memory/place-list.ts'
import { grown, RowList } from '../memory/row-list.ts'
import type { Side } from '../memory/side.ts'
import type { World } from '../memory/world.ts'
import { findOutside } from './inside.ts'

/**
 * Thrown if an entity of a domain with an area was moved out of it. Nothing is written, and the
 * entity can be moved back.
 */
export class OutsideError extends Error {
  readonly row: number

  constructor(row: number) {
    super(`the entity in row ${row} is outside of its domain`)
    this.name = 'OutsideError'
    this.row = row
  }
}

/** Which rows below `rows` to look at. */
interface Suspects {
  rows: number
  /** All rows, if it is unknown which changed. */
  all: boolean
  changed: RowList
  rejected: readonly number[]
}

export class Departures {
  readonly #world: World
  readonly #partition: number
  readonly #domain: number
  readonly #cell: Box | undefined
  readonly #refusesOutside: boolean
  #back!: Side
  /** Rows that bulk writes may have left outside of the cell. */
  readonly #outside = new RowList()
  /**
   * Rows that bulk writes left outside of what is both in the cell and quiet, free ones included.
   * Complete for rows below `#scannedTo`, which were each looked at once and in order.
   */
  readonly #scanned = new PlaceList()
  #scannedTo = 0
  readonly #found = new PlaceList()
  readonly #candidates = new RowList()
  #targets = new Int32Array(0)

  /**
   * With `refusesOutside`, no entity can leave the domain, however it was written. Without it, this
   * holds only for bulk writes, and other writes keep an entity that is outside.
   */
  constructor(
    world: World,
    options: { partition: number; domain: number; cell: Box | undefined; refusesOutside: boolean },
  ) {
    this.#world = world
    this.#partition = options.partition
    this.#domain = options.domain
    this.#cell = options.cell
    this.#refusesOutside = options.refusesOutside
  }

  begin(back: Side): void {
    this.#back = back
    this.#outside.clear()
    this.#scanned.clear()
    this.#scannedTo = 0
  }

  /**
   * Notes, after a bulk write of the positions from `from` up to `to`, which entities are outside
   * of the cell, and which are outside of its quiet part, if it has one.
   */
  lookAround(from: number, to: number, quiet: Box | undefined): void {
    const cell = this.#cell
    if (!cell) return
    const inOrder = from === this.#scannedTo
    this.#scannedTo = inOrder ? to : -1
    const found = inOrder && quiet ? this.#scanned : this.#found
    this.#found.clear()
    findOutside(
      this.#back.position,
      from,
      to,
      { box: quiet ?? cell, outer: cell },
      found,
      this.#outside,
    )
  }

  /**
   * The rows that bulk writes left outside of the quiet part, in ascending order, free ones
   * included. Undefined if the writes did not cover all rows once.
   */
  scanned(rows: number): PlaceList | undefined {
    return this.#scannedTo >= rows ? this.#scanned : undefined
  }

  /** Whether the row's entity belongs to a domain with an area, and is not in it. */
  isOutside(row: number): boolean {
    const { state, destination, position } = this.#back
    if (!this.#cell || state[row] === rowState.free || destination[row] !== 0) return false
    return !this.isInDomain(position[row * 3], position[row * 3 + 1], position[row * 3 + 2])
  }

  /** Whether an entity of a domain with an area can be there. */
  isInDomain(x: number, y: number, z: number): boolean {
    if (!Number.isFinite(z)) return false
    return isInCell(this.#cell!, x, y) || this.#world.partitionAt(this.#domain, x, y) >= 0
  }

  /** A place in the cell for an entity that has none. */
  get middle(): readonly [x: number, y: number, z: number] {
    const { minX, minY, maxX, maxY } = this.#cell!
    return [(minX + maxX) / 2, (minY + maxY) / 2, 0]
  }

  /**
   * Finds the entities that are outside of the cell, marks them as leaving, and lists them by
   * target. An entity that has already come to its target is not handed further: its row is added
   * to `suspects.changed`. Throws OutsideError.
   */
  write(suspects: Suspects): void {
    const candidates = this.#findCandidates(suspects)
    candidates.sortUnique()
    const { rows } = candidates
    if (this.#targets.length < candidates.count) this.#targets = new Int32Array(rows.length)
    let strays = 0
    let leaving = 0
    for (let place = 0; place < candidates.count; place++) {
      const target = this.#targetOf(rows[place], suspects.changed)
      if (target < 0 && this.#refusesOutside && this.isOutside(rows[place]))
        throw new OutsideError(rows[place])
      if (target < 0) strays = 1
      if (target < 0 || target === this.#partition) continue
      rows[leaving] = rows[place]
      this.#targets[leaving++] = target
    }
    this.#back.set('strays', strays)
    writeGroups(this.#back, rows.subarray(0, leaving), this.#targets)
  }

  #findCandidates({ rows, all, changed, rejected }: Suspects): RowList {
    const candidates = this.#candidates
    candidates.clear()
    const { state, destination, position } = this.#back
    const cell = this.#cell
    const consider = (row: number) => {
      if (row >= rows || state[row] !== rowState.here) return
      if (
        destination[row] === 0 &&
        (!cell || isInCell(cell, position[row * 3], position[row * 3 + 1]))
      )
        return
      candidates.push(row)
    }
    for (let place = 0; place < this.#outside.count; place++) {
      const row = this.#outside.rows[place]
      if (row >= rows) continue
      if (state[row] === rowState.free) this.#park(row)
      else if (this.isOutside(row)) throw new OutsideError(row)
      else consider(row)
    }
    if (all) {
      for (let row = 0; row < rows; row++) consider(row)
      return candidates
    }
    for (let place = 0; place < changed.count; place++) consider(changed.rows[place])
    for (const row of rejected) consider(row)
    return candidates
  }

  /**
   * Moves a free row, whose entity left the cell, back into it. Otherwise every tick would find the
   * row outside until it is used again.
   */
  #park(row: number): void {
    this.#back.position.set(this.middle, row * 3)
  }

  /**
   * The partition that should own the row's entity from the next tick on; -1 if no partition owns
   * its position, and it stays.
   */
  #targetOf(row: number, changed: RowList): number {
    const { destination, position } = this.#back
    const wanted = destination[row]
    if (wanted === 0 && !this.#cell) return this.#partition
    const domain = wanted === 0 ? this.#domain : wanted - 1
    const target = this.#world.partitionAt(domain, position[row * 3], position[row * 3 + 1])
    if (target === this.#partition && wanted !== 0) {
      destination[row] = 0
      changed.push(row)
    }
    return target
  }
}

/** Without the upper edges, which a cell owns only if it is the last. */
function isInCell({ minX, minY, maxX, maxY }: Box, x: number, y: number): boolean {
  return x >= minX && x < maxX && y >= minY && y < maxY
}

/**
 * Marks the rows as leaving, and writes them by target. `targets` has the target of each row. Rows
 * are in ascending order.
 */
function writeGroups(side: Side, rows: Uint32Array, targets: Int32Array): void {
  const order: number[] = []
  for (let place = 0; place < rows.length; place++) {
    const target = targets[place]
    if (target >= counted.length) counted = grown(counted, target + 1)
    if (counted[target]++ === 0) order.push(target)
  }
  order.sort((a, b) => a - b)
  let start = 0
  for (let group = 0; group < order.length; group++) {
    const count = counted[order[group]]
    side.handoffTarget[group] = order[group]
    side.handoffStart[group] = start
    side.handoffCount[group] = count
    side.handoffGranted[group] = 0
    counted[order[group]] = start
    start += count
  }
  for (let place = 0; place < rows.length; place++) {
    side.leavingRow[counted[targets[place]]++] = rows[place]
    side.state[rows[place]] = rowState.leaving
  }
  for (const target of order) counted[target] = 0
  side.set('handoffGroups', order.length)
}

/**
 * By target: the number of entities that go there, then the place of the next one's row. All are 0
 * between two uses.
 */
let counted: Uint32Array = new Uint32Array(64)
