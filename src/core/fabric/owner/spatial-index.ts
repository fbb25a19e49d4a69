// The owner's side of the spatial index of its partition: a table of entities sorted by bins, and
// the rows that changed since the table was made.
// Owns what the back side says of the index, at the end of each tick. The index holds only entities
// outside of the quiet area, which no app reads. While few rows change, the table stays and they
// are noted. If many change, the unused table is rebuilt. So the cost of a tick depends on what
// changed in it.

import { Bins } from '../memory/bins.ts'
import { area, type Box, everywhere } from '../memory/box.ts'
import { rowState } from '../memory/columns.ts'
import { tableNumber } from '../memory/layout.ts'
import type { IndexView, PartitionMemory } from '../memory/partition-memory.ts'
import { PlaceList } from '../memory/place-list.ts'
import { RowList } from '../memory/row-list.ts'
import type { Side } from '../memory/side.ts'
import { findOutside } from './inside.ts'

/** A table is rebuilt once more than this share of it has changed. */
const CHANGED_SHARE_MAX = 1 / 32
const CHANGED_MIN = 256

/** A tick's changes, as far as the index needs them. */
interface ChangedInTick {
  /** Rows that changed one by one; some may be named twice. */
  rows: RowList
  /** Whether positions were written in bulk as well. */
  inBulk: boolean
  /**
   * The rows that bulk writes left outside of the quiet area, free ones included. Known only if the
   * writes covered all rows, each once and in order. Later single changes are in `rows`.
   */
  outside: PlaceList | undefined
}

export class SpatialIndex {
  readonly #memory: PartitionMemory
  readonly #cell: Box
  /** The tick's quiet area; undefined if no app reads a part of the cell. */
  quiet: Box | undefined
  /** The area of the cell that a requested box usually covers. */
  boxArea = 0
  /** Before this tick, the front side holds a predecessor's index. */
  #hasMade = false
  readonly #found = new PlaceList()
  readonly #beyond = new RowList()
  readonly #places = new PlaceList()
  #binOf = new Uint32Array(0)

  constructor(memory: PartitionMemory, cell: Box) {
    this.#memory = memory
    this.#cell = cell
  }

  /**
   * Writes to the back side of `tick`, whose other columns are finished, where all entities are.
   */
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

  /**
   * Keeps the table of the tick before, with some more changes. Returns false if it no longer
   * serves.
   */
  #keepTable(tick: number, quiet: Box, changedRows: RowList): boolean {
    const front = this.#memory.side(tick + 1)
    if (!this.#hasMade || front.get('indexed') === 0 || !isSame(front.quiet, quiet)) return false
    const noted = front.get('indexChanges')
    const bins = front.get('indexBins')
    const entries = this.#memory.indexSegment(front.get('indexTable')).start[bins * bins]
    if (noted + changedRows.count > Math.max(CHANGED_MIN, entries * CHANGED_SHARE_MAX)) return false
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
    const list = this.#places
    list.clear()
    if (changed.outside) this.#merge(back, quiet, changed.outside, changed.rows)
    else this.#findAll(back, quiet, rows)
    if (!this.#memory.ensureIndexTable(Math.max(1, list.count))) return false
    const number = front.get('indexed') === 1 ? 1 - front.get('indexTable') : 0
    const inBox = (list.count * this.boxArea) / (area(this.#cell) - area(quiet))
    const bins = new Bins(this.#cell, Bins.countFor(list.count, inBox))
    sortIntoBins(this.#memory.indexSegment(number), bins, list, this.#binsOf(list.count))
    this.#hasMade = true
    back.set('indexTable', number)
    back.set('indexBins', bins.count)
    back.set('indexChanges', 0)
    back.setFloat('indexTick', tick)
    back.quiet.set([quiet.minX, quiet.minY, quiet.maxX, quiet.maxY])
    return true
  }

  /** Looks at every row for entities that are not in the quiet area. */
  #findAll({ position, state }: Side, quiet: Box, rows: number): void {
    const found = this.#found
    found.clear()
    this.#beyond.clear()
    findOutside(position, 0, rows, { box: quiet, outer: everywhere }, found, this.#beyond)
    for (let place = 0; place < found.count; place++)
      if (state[found.rows[place]] !== rowState.free)
        this.#places.push(found.rows[place], found.x[place], found.y[place])
  }

  /**
   * Adds the rows that a bulk write left outside, except rows that changed one by one: these are
   * checked again.
   */
  #merge(
    { position, state, rows: rowCount }: Side,
    quiet: Box,
    outside: PlaceList,
    changed: RowList,
  ): void {
    changed.sortUnique()
    const { minX, minY, maxX, maxY } = quiet
    const list = this.#places
    list.reserve(outside.count + changed.count)
    let place = 0
    for (let next = 0; next <= changed.count; next++) {
      const row = next < changed.count ? changed.rows[next] : rowCount
      place = appendUsed(list, outside, place, row, state)
      if (place < outside.count && outside.rows[place] === row) place++
      if (row >= rowCount || state[row] === rowState.free) continue
      const x = position[row * 3]
      const y = position[row * 3 + 1]
      if (!(x > minX && x < maxX && y > minY && y < maxY)) list.push(row, x, y)
    }
  }

  #binsOf(count: number): Uint32Array {
    if (this.#binOf.length < count) this.#binOf = new Uint32Array(count * 2)
    return this.#binOf
  }
}

/**
 * Adds rows of `from`, from place `start` on, to `list`, which has room: those that are below `end`
 * and hold an entity. Returns the place of the first row that is not below `end`.
 */
function appendUsed(
  list: PlaceList,
  from: PlaceList,
  start: number,
  end: number,
  state: Uint8Array,
): number {
  const { rows: fromRows, x: fromX, y: fromY, count: fromCount } = from
  const { rows, x, y } = list
  let { count } = list
  let place = start
  for (; place < fromCount && fromRows[place] < end; place++) {
    const row = fromRows[place]
    rows[count] = row
    x[count] = fromX[place]
    y[count] = fromY[place]
    // The next row overwrites a free one, so no branch can be mispredicted.
    count += state[row] === rowState.free ? 0 : 1
  }
  list.count = count
  return place
}

/** Counting sort: entries ascend by bin, and by row within a bin. */
function sortIntoBins(
  table: IndexView,
  bins: Bins,
  { rows, x, y, count }: PlaceList,
  binOf: Uint32Array,
): void {
  const { start } = table
  const binCount = bins.count * bins.count
  start.fill(0, 0, binCount + 1)
  for (let place = 0; place < count; place++) {
    const bin = bins.binOf(x[place], y[place])
    binOf[place] = bin
    start[bin]++
  }
  for (let bin = 0, sum = 0; bin <= binCount; bin++) {
    sum += start[bin]
    start[bin] = sum
  }
  // From the last one down: each start moves from the end of its bin to the beginning.
  for (let place = count - 1; place >= 0; place--) {
    const entry = --start[binOf[place]]
    table.row[entry] = rows[place]
    table.x[entry] = x[place]
    table.y[entry] = y[place]
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
