// Who is near whom: all entities that an app can see, its own and those that its subscriptions
// cover, sorted by place.
// Owns the sorting and the lists. A picture of the moment it was made: what is moved afterwards
// stays in it where it was. Memory grows to the largest tick and stays.

import type { ColumnsOf, Field, Shape } from './field.ts'

/** Points of entities, one after another. */
export interface Points {
  count: number
  /** x, y, z a point. */
  positions: Float32Array
  ids: Float64Array
  types: Uint32Array
}

const CELLS_PER_POINT_MAX = 4
const CELLS_MIN = 64

/**
 * Entries are numbered: first this app's rows (entry n is row n; rows that hold no entity are in no
 * list), then the entities of others. Entities that left this app with the last tick are among
 * those, and those that came are not there twice.
 */
export class Neighbourhood {
  /** Within this distance entries are neighbours, in the plane of x and y. */
  radius = 0
  /** Entries below this are this app's rows. */
  ownRows = 0
  /** One a entry. */
  count = 0
  ids: Float64Array = new Float64Array(0)
  types: Uint32Array = new Uint32Array(0)
  /** x, y, z an entry. */
  positions: Float32Array = new Float32Array(0)
  /**
   * The neighbours of row r are `list[starts[r]]` up to `list[starts[r + 1]]`, itself not among
   * them. Only of own rows.
   */
  starts: Uint32Array = new Uint32Array(1)
  list: Uint32Array = new Uint32Array(0)
  /**
   * The values of a field, an entry each: the own ones as they stand at this call, those of others
   * as of the tick before; all zero where an entity lacks the field. A copy, overwritten by the
   * next call.
   */
  field: <Of extends Shape>(field: Field<Of>) => ColumnsOf<Of> = () => {
    throw new Error('this picture was taken of plain points')
  }
  #cellStarts = new Uint32Array(1)
  #sorted = new Uint32Array(0)
  #sortedX = new Float32Array(0)
  #sortedY = new Float32Array(0)
  #cellOf = new Uint32Array(0)
  #columns = 1
  #rows = 1
  #minX = 0
  #minY = 0
  #perUnit = 0

  /** @internal Takes the picture. `states` says which of the own rows hold an entity. */
  build(radius: number, own: Points, states: Uint8Array, others: Points): void {
    this.radius = radius
    this.ownRows = own.count
    this.count = own.count + others.count
    this.#reserve(this.count)
    const { positions, ids, types } = this
    positions.set(own.positions.subarray(0, own.count * 3))
    positions.set(others.positions.subarray(0, others.count * 3), own.count * 3)
    ids.set(own.ids.subarray(0, own.count))
    ids.set(others.ids.subarray(0, others.count), own.count)
    types.set(own.types.subarray(0, own.count))
    types.set(others.types.subarray(0, others.count), own.count)
    this.#sort(states)
  }

  /**
   * Adds the entries within a distance of a place to `found`, in no particular order; returns how
   * many there are.
   */
  at(x: number, y: number, radius: number, found: number[]): number {
    const before = found.length
    const lastColumn = this.#columnOf(x + radius)
    const lastRow = this.#rowOf(y + radius)
    for (let row = this.#rowOf(y - radius); row <= lastRow; row++) {
      const start = this.#cellStarts[row * this.#columns + this.#columnOf(x - radius)]
      const end = this.#cellStarts[row * this.#columns + lastColumn + 1]
      for (let place = start; place < end; place++) {
        const dx = this.#sortedX[place] - x
        const dy = this.#sortedY[place] - y
        if (dx * dx + dy * dy <= radius * radius) found.push(this.#sorted[place])
      }
    }
    return found.length - before
  }

  /** Fills `starts` and `list` with the neighbours of every own row. */
  listAll(states: Uint8Array): void {
    const { ownRows, radius } = this
    if (this.starts.length < ownRows + 1) this.starts = new Uint32Array((ownRows + 1) * 2)
    const sortedX = this.#sortedX
    const sortedY = this.#sortedY
    const sorted = this.#sorted
    const cellStarts = this.#cellStarts
    const columns = this.#columns
    const square = radius * radius
    let { list } = this
    let end = 0
    for (let own = 0; own < ownRows; own++) {
      this.starts[own] = end
      if (states[own] === 0) continue
      const x = this.positions[own * 3]
      const y = this.positions[own * 3 + 1]
      const firstColumn = this.#columnOf(x - radius)
      const lastColumn = this.#columnOf(x + radius)
      const lastRow = this.#rowOf(y + radius)
      for (let row = this.#rowOf(y - radius); row <= lastRow; row++) {
        const placeEnd = cellStarts[row * columns + lastColumn + 1]
        let place = cellStarts[row * columns + firstColumn]
        if (list.length < end + placeEnd - place)
          list = this.#grownList(end, end + placeEnd - place)
        // Written whether it is near or not: without a branch that can't be foretold this is a
        // quarter faster.
        for (; place < placeEnd; place++) {
          const dx = sortedX[place] - x
          const dy = sortedY[place] - y
          list[end] = sorted[place]
          end += +(dx * dx + dy * dy <= square) & +(sorted[place] !== own)
        }
      }
    }
    this.starts[ownRows] = end
  }

  #sort(states: Uint8Array): void {
    const { positions, count, ownRows, radius } = this
    let [minX, minY, maxX, maxY] = [Infinity, Infinity, -Infinity, -Infinity]
    let present = 0
    for (let entry = 0; entry < count; entry++) {
      if (entry < ownRows && states[entry] === 0) continue
      const x = positions[entry * 3]
      const y = positions[entry * 3 + 1]
      present++
      // No app can store an infinite place, but one that errs can write it: it counts to the edge.
      if (x < minX && x !== -Infinity) minX = x
      if (x > maxX && x !== Infinity) maxX = x
      if (y < minY && y !== -Infinity) minY = y
      if (y > maxY && y !== Infinity) maxY = y
    }
    this.#minX = maxX >= minX ? minX : 0
    this.#minY = maxY >= minY ? minY : 0
    const width = maxX >= minX ? maxX - minX : 0
    const height = maxY >= minY ? maxY - minY : 0
    // As wide as the radius; wider where there would be many more cells than points.
    const cellsMax = Math.max(CELLS_MIN, present * CELLS_PER_POINT_MAX)
    let side = Math.max(radius, Math.max(width, height) / 65_536, Number.MIN_VALUE)
    while ((Math.floor(width / side) + 1) * (Math.floor(height / side) + 1) > cellsMax) side *= 2
    this.#perUnit = 1 / side
    this.#columns = Math.floor(width / side) + 1
    this.#rows = Math.floor(height / side) + 1
    const cells = this.#columns * this.#rows
    if (this.#cellStarts.length < cells + 1) this.#cellStarts = new Uint32Array((cells + 1) * 2)
    const cellStarts = this.#cellStarts
    cellStarts.fill(0, 0, cells + 1)
    for (let entry = 0; entry < count; entry++) {
      if (entry < ownRows && states[entry] === 0) continue
      const cell =
        this.#rowOf(positions[entry * 3 + 1]) * this.#columns + this.#columnOf(positions[entry * 3])
      this.#cellOf[entry] = cell
      cellStarts[cell]++
    }
    for (let cell = 0, sum = 0; cell <= cells; cell++) {
      sum += cellStarts[cell]
      cellStarts[cell] = sum
    }
    // From the last entry down: each start moves from the end of its cell to the beginning, and
    // entries ascend within a cell.
    for (let entry = count - 1; entry >= 0; entry--) {
      if (entry < ownRows && states[entry] === 0) continue
      const place = --cellStarts[this.#cellOf[entry]]
      this.#sorted[place] = entry
      this.#sortedX[place] = positions[entry * 3]
      this.#sortedY[place] = positions[entry * 3 + 1]
    }
  }

  #columnOf(x: number): number {
    const column = Math.floor((x - this.#minX) * this.#perUnit)
    return column > 0 ? Math.min(column, this.#columns - 1) : 0
  }

  #rowOf(y: number): number {
    const row = Math.floor((y - this.#minY) * this.#perUnit)
    return row > 0 ? Math.min(row, this.#rows - 1) : 0
  }

  #reserve(count: number): void {
    if (this.ids.length >= count) return
    const room = count + (count >>> 1)
    this.ids = new Float64Array(room)
    this.types = new Uint32Array(room)
    this.positions = new Float32Array(room * 3)
    this.#sorted = new Uint32Array(room)
    this.#sortedX = new Float32Array(room)
    this.#sortedY = new Float32Array(room)
    this.#cellOf = new Uint32Array(room)
  }

  #grownList(used: number, needed: number): Uint32Array {
    const grown = new Uint32Array(Math.max(needed, this.list.length * 2, 1024))
    grown.set(this.list.subarray(0, used))
    this.list = grown
    return grown
  }
}
