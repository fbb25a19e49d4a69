// A list of entities and where they are, that keeps its memory from tick to tick.
// Owns its growth; never knows whose entities they are.

export class PlaceList {
  /** One an entity, as x and y; only the first `count` are in the list. */
  rows: Uint32Array = new Uint32Array(64)
  x: Float32Array = new Float32Array(64)
  y: Float32Array = new Float32Array(64)
  count = 0

  clear(): void {
    this.count = 0
  }

  push(row: number, x: number, y: number): void {
    const end = this.count
    if (end === this.rows.length) this.#grow()
    this.rows[end] = row
    this.x[end] = x
    this.y[end] = y
    this.count = end + 1
  }

  /** Makes room for `count` entities in all: until then, the arrays stay the same. */
  reserve(count: number): void {
    while (count > this.rows.length) this.#grow()
  }

  /** Adds the first `count` of each. */
  append(rows: Uint32Array, x: Float32Array, y: Float32Array, count: number): void {
    this.reserve(this.count + count)
    this.rows.set(rows.subarray(0, count), this.count)
    this.x.set(x.subarray(0, count), this.count)
    this.y.set(y.subarray(0, count), this.count)
    this.count += count
  }

  /** A view on the rows, good until the list changes. */
  view(): Uint32Array {
    return this.rows.subarray(0, this.count)
  }

  #grow(): void {
    const { rows, x, y } = this
    this.rows = new Uint32Array(rows.length * 2)
    this.x = new Float32Array(rows.length * 2)
    this.y = new Float32Array(rows.length * 2)
    this.rows.set(rows)
    this.x.set(x)
    this.y.set(y)
  }
}
