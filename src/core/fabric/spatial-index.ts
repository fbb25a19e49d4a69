// The owner's side of the spatial index over its partition: a table of entities sorted by bins, and the rows that changed since it was made.
// Owns what is said of it on the back side, at the end of each tick. Only entities outside of the quiet area, which nobody reads, are in it. While few rows
// change, the table stays and they are noted; where many do, it is made anew, in the table that nobody reads now: a tick costs what changed in it.

import { Bins } from './bins.ts'
import type { Box } from './box.ts'
import { findOutside } from './inside.ts'
import { tableNumber } from './layout.ts'
import { type PartitionMemory, rowState, type Side } from './partition-memory.ts'
import { RowList } from './row-list.ts'

/** A table is made anew once more than this share of it has changed. */
const changedShareMax = 1 / 32
const changedMin = 256

/** What a tick has changed, as far as the index is concerned. */
export interface ChangedInTick {
  /** Rows that changed one by one; some may be named twice. */
  rows: RowList
  /** Whether positions were written in bulk as well. */
  inBulk: boolean
  /** After bulk writes that covered all rows: every row that is outside of `inner`, and perhaps some that no longer are. */
  outside: RowList | undefined
}

export class SpatialIndex {
  readonly #memory: PartitionMemory
  readonly #cell: Box
  /** Of the tick: undefined where nobody reads a part of the cell. */
  quiet: Box | undefined
  /** Before, what stands on the front side is a predecessor's. */
  #hasMade = false
  readonly #rows = new RowList()
  #binOf = new Uint32Array(0)

  constructor(memory: PartitionMemory, cell: Box) {
    this.#memory = memory
    this.#cell = cell
  }

  /** Says on the back side of `tick`, whose other columns are finished, where everybody is. */
  finish(tick: number, rows: number, changed: ChangedInTick): void {
    const back = this.#memory.side(tick)
    const { quiet } = this
    if (!quiet) {
      back.set('indexed', 0)
      return
    }
    const kept = !changed.inBulk && this.#keepTable(tick, quiet, changed.rows)
    back.set('indexed', kept || this.#makeTable(tick, quiet, rows, changed) ? 1 : 0)
  }

  /** The table of the tick before still serves, with some more changes. False where it doesn't. */
  #keepTable(tick: number, quiet: Box, changedRows: RowList): boolean {
    const front = this.#memory.side(tick + 1)
    if (!this.#hasMade || front.get('indexed') === 0 || !isSame(front.quiet, quiet)) return false
    const noted = front.get('indexChanges')
    const bins = front.get('indexBins')
    const entries = this.#memory.indexSegment(front.get('indexTable')).start[bins * bins]
    if (noted + changedRows.count > Math.max(changedMin, entries * changedShareMax)) return false
    const back = this.#memory.side(tick)
    const rows = Math.max(front.rows, back.rows)
    if (!this.#memory.ensureIndexChanges(rows)) return false
    const { changedRow, changedSince } = this.#memory.indexSegment(tick % 2)
    const table = tableNumber(front.float('indexTick'))
    changedRow.set(this.#memory.indexSegment((tick + 1) % 2).changedRow.subarray(0, noted))
    for (let place = 0; place < noted; place++) changedSince[changedRow[place]] = table
    let count = noted
    for (let place = 0; place < changedRows.count; place++) {
      const row = changedRows.rows[place]
      if (row >= rows || changedSince[row] === table || isUnmoved(front, back, row)) continue
      changedSince[row] = table
      changedRow[count++] = row
    }
    back.set('indexChanges', count)
    for (const name of ['indexTable', 'indexBins'] as const) back.set(name, front.get(name))
    back.setFloat('indexTick', front.float('indexTick'))
    back.quiet.set(front.quiet)
    return true
  }

  #makeTable(tick: number, quiet: Box, rows: number, changed: ChangedInTick): boolean {
    const back = this.#memory.side(tick)
    const front = this.#memory.side(tick + 1)
    const list = this.#findRows(back, quiet, rows, changed)
    if (!this.#memory.ensureIndexTable(Math.max(1, list.count))) return false
    const number = front.get('indexed') === 1 ? 1 - front.get('indexTable') : 0
    const bins = new Bins(this.#cell, Bins.countFor(list.count))
    sortIntoBins(this.#memory.indexSegment(number), bins, back.position, list.view(), this.#binsOf(list.count))
    this.#hasMade = true
    back.set('indexTable', number)
    back.set('indexBins', bins.count)
    back.set('indexChanges', 0)
    back.setFloat('indexTick', tick)
    back.quiet.set([quiet.minX, quiet.minY, quiet.maxX, quiet.maxY])
    return true
  }

  /** All entities that are not in the quiet area. */
  #findRows(
    { position, state }: Side,
    quiet: Box,
    rows: number,
    { rows: changedRows, outside }: ChangedInTick,
  ): RowList {
    let candidates = this.#rows
    if (outside) {
      candidates = outside
      for (let place = 0; place < changedRows.count; place++) candidates.push(changedRows.rows[place])
      candidates.sortUnique()
    } else {
      candidates.clear()
      findOutside(position, 0, rows, quiet, candidates)
    }
    const list = candidates.rows
    const { minX, minY, maxX, maxY } = quiet
    let count = 0
    for (let place = 0; place < candidates.count; place++) {
      const row = list[place]
      if (row >= rows || state[row] === rowState.free) continue
      const x = position[row * 3]
      const y = position[row * 3 + 1]
      if (!(x > minX && x < maxX && y > minY && y < maxY)) list[count++] = row
    }
    candidates.count = count
    return candidates
  }

  #binsOf(count: number): Uint32Array {
    if (this.#binOf.length < count) this.#binOf = new Uint32Array(count * 2)
    return this.#binOf
  }
}

/** Counting sort: entries ascend by bin, and by row within a bin. */
function sortIntoBins(
  { start, row, x, y }: { start: Uint32Array; row: Uint32Array; x: Float32Array; y: Float32Array },
  bins: Bins,
  position: Float32Array,
  rows: Uint32Array,
  binOf: Uint32Array,
): void {
  const binCount = bins.count * bins.count
  start.fill(0, 0, binCount + 1)
  for (let place = 0; place < rows.length; place++) {
    const bin = bins.binOf(position[rows[place] * 3], position[rows[place] * 3 + 1])
    binOf[place] = bin
    start[bin]++
  }
  for (let bin = 0, sum = 0; bin <= binCount; bin++) {
    sum += start[bin]
    start[bin] = sum
  }
  // From the last row down: each start moves from the end of its bin to the beginning.
  for (let place = rows.length - 1; place >= 0; place--) {
    const entry = --start[binOf[place]]
    row[entry] = rows[place]
    x[entry] = position[rows[place] * 3]
    y[entry] = position[rows[place] * 3 + 1]
  }
}

/** Whether the row holds the same entity at the same place as in the tick before. */
function isUnmoved(front: Side, back: Side, row: number): boolean {
  return (
    row < front.rows &&
    front.state[row] !== rowState.free &&
    back.state[row] !== rowState.free &&
    front.id[row] === back.id[row] &&
    front.position[row * 3] === back.position[row * 3] &&
    front.position[row * 3 + 1] === back.position[row * 3 + 1]
  )
}

function isSame([minX, minY, maxX, maxY]: Float64Array, box: Box): boolean {
  return minX === box.minX && minY === box.minY && maxX === box.maxX && maxY === box.maxY
}
