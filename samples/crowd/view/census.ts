// What the view app knows of the crowd: where everybody was seen last, and in which cell.
// Owns the columns and the count of people who changed cells; never talks to the fabric.

import type { Frame } from './frame.ts'

interface Area {
  minX: number
  maxX: number
  minY: number
  maxY: number
}

export class Census {
  readonly world: Area
  readonly columns: number
  readonly rows: number
  handoffs = 0
  readonly #xEdges: number[]
  readonly #yEdges: number[]
  readonly #slots = new Map<number, number>()
  readonly #cells: Uint32Array
  #ids = new Float64Array(1024)
  #places = new Uint16Array(2048)
  #cellOf = new Uint16Array(1024)

  /** The grid's cells in any order. */
  constructor(cells: readonly Area[]) {
    const rising = (edges: number[]) => [...new Set(edges)].sort((one, other) => one - other)
    this.#xEdges = rising(cells.map(({ minX }) => minX))
    this.#yEdges = rising(cells.map(({ minY }) => minY))
    this.columns = this.#xEdges.length
    this.rows = this.#yEdges.length
    this.#cells = new Uint32Array(this.columns * this.rows)
    this.world = {
      minX: this.#xEdges[0],
      maxX: Math.max(...cells.map(({ maxX }) => maxX)),
      minY: this.#yEdges[0],
      maxY: Math.max(...cells.map(({ maxY }) => maxY)),
    }
  }

  get people(): number {
    return this.#slots.size
  }

  seen(id: number, x: number, y: number): void {
    const cell = last(this.#yEdges, y) * this.columns + last(this.#xEdges, x)
    let slot = this.#slots.get(id)
    if (slot === undefined) {
      slot = this.#slots.size
      if (slot === this.#ids.length) this.#grow()
      this.#slots.set(id, slot)
      this.#ids[slot] = id
      this.#cells[cell]++
    } else if (this.#cellOf[slot] !== cell) {
      this.#cells[this.#cellOf[slot]]--
      this.#cells[cell]++
      this.handoffs++
    }
    this.#cellOf[slot] = cell
    const { minX, maxX, minY, maxY } = this.world
    this.#places[slot * 2] = Math.round(((x - minX) / (maxX - minX)) * 65535)
    this.#places[slot * 2 + 1] = Math.round(((y - minY) / (maxY - minY)) * 65535)
  }

  gone(id: number): void {
    const slot = this.#slots.get(id)
    if (slot === undefined) return
    this.#slots.delete(id)
    this.#cells[this.#cellOf[slot]]--
    const end = this.#slots.size
    if (slot === end) return
    this.#ids[slot] = this.#ids[end]
    this.#cellOf[slot] = this.#cellOf[end]
    this.#places.copyWithin(slot * 2, end * 2, end * 2 + 2)
    this.#slots.set(this.#ids[slot], slot)
  }

  /** Good until the next change: its columns are this census's own. */
  frame(tick: number): Frame {
    return {
      tick,
      columns: this.columns,
      rows: this.rows,
      handoffs: this.handoffs,
      world: this.world,
      ids: this.#ids.subarray(0, this.people),
      cells: this.#cells,
      places: this.#places.subarray(0, this.people * 2),
    }
  }

  #grow(): void {
    const [ids, places, cellOf] = [this.#ids, this.#places, this.#cellOf]
    this.#ids = new Float64Array(ids.length * 2)
    this.#places = new Uint16Array(places.length * 2)
    this.#cellOf = new Uint16Array(cellOf.length * 2)
    this.#ids.set(ids)
    this.#places.set(places)
    this.#cellOf.set(cellOf)
  }
}

/** The last edge that is not above the value. */
function last(edges: readonly number[], value: number): number {
  let place = edges.length - 1
  while (place > 0 && value < edges[place]) place--
  return place
}
