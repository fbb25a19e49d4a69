// What the view app knows about the crowd: each person's position and cell.
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
  people = 0
  readonly #xEdges: number[]
  readonly #yEdges: number[]
  readonly #cells: Uint32Array
  #ids = new Float64Array(1024)
  #places = new Uint16Array(2048)
  /** Each person's cell by id, in this census and in the one before. */
  #cellOf = new Map<number, number>()
  #cellBefore = new Map<number, number>()

  /** Takes the grid's cells in any order. */
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

  /** Begins a new census; add every person again. */
  begin(): void {
    this.people = 0
    this.#cells.fill(0)
    const before = this.#cellBefore
    this.#cellBefore = this.#cellOf
    this.#cellOf = before
    before.clear()
  }

  seen(id: number, x: number, y: number): void {
    const cell = last(this.#yEdges, y) * this.columns + last(this.#xEdges, x)
    const cellBefore = this.#cellBefore.get(id)
    if (cellBefore !== undefined && cellBefore !== cell) this.handoffs++
    this.#cellOf.set(id, cell)
    this.#cells[cell]++
    const place = this.people++
    if (place === this.#ids.length) this.#grow()
    this.#ids[place] = id
    const { minX, maxX, minY, maxY } = this.world
    this.#places[place * 2] = Math.round(((x - minX) / (maxX - minX)) * 65535)
    this.#places[place * 2 + 1] = Math.round(((y - minY) / (maxY - minY)) * 65535)
  }

  /** Valid until the next census begins, which reuses its columns. */
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
    const [ids, places] = [this.#ids, this.#places]
    this.#ids = new Float64Array(ids.length * 2)
    this.#places = new Uint16Array(places.length * 2)
    this.#ids.set(ids)
    this.#places.set(places)
  }
}

/** Returns the last edge that is not above the value. */
function last(edges: readonly number[], value: number): number {
  let place = edges.length - 1
  while (place > 0 && value < edges[place]) place--
  return place
}
