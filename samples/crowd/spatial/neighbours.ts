// Who stands near whom: all points sorted into square cells as wide as people look, built anew each tick.
// Owns the sorting; the caller walks the rows of cells around a point. Memory grows to the largest tick and stays.

export class NeighbourGrid {
  readonly reach: number
  /** All points, cell by cell. */
  x: Float32Array = new Float32Array(0)
  y: Float32Array = new Float32Array(0)
  /** Where each point of these came from: its place in the order of `add`. */
  origin: Int32Array = new Int32Array(0)
  /** The points of cell c are `starts[c]` up to `starts[c + 1]`. */
  starts: Int32Array = new Int32Array(0)
  columns = 0
  rows = 0
  #cells = new Int32Array(0)
  #minX = 0
  #minY = 0

  /** `reach`: the width of a cell, in m; neighbours within it are in the 3×3 cells around. */
  constructor(reach: number) {
    this.reach = reach
  }

  columnOf(x: number): number {
    return Math.floor((x - this.#minX) / this.reach)
  }

  rowOf(y: number): number {
    return Math.floor((y - this.#minY) / this.reach)
  }

  /** Sorts the points of all groups; a point's origin counts through the groups in their order. */
  build(groups: readonly { count: number; x: Float32Array; y: Float32Array }[]): void {
    const total = groups.reduce((sum, group) => sum + group.count, 0)
    this.#measure(groups)
    const cells = this.columns * this.rows
    if (this.starts.length < cells + 1) this.starts = new Int32Array(cells + 1)
    if (this.x.length < total) {
      this.x = new Float32Array(total * 2)
      this.y = new Float32Array(total * 2)
      this.origin = new Int32Array(total * 2)
      this.#cells = new Int32Array(total * 2)
    }
    const { starts } = this
    starts.fill(0, 0, cells + 1)
    let origin = 0
    for (const { count, x, y } of groups) {
      for (let point = 0; point < count; point++) {
        const cell = this.rowOf(y[point]) * this.columns + this.columnOf(x[point])
        this.#cells[origin++] = cell
        starts[cell]++
      }
    }
    for (let cell = 0, sum = 0; cell <= cells; cell++) {
      sum += starts[cell]
      starts[cell] = sum
    }
    // From the last point down: each start moves from the end of its cell to the beginning.
    for (let group = groups.length - 1; group >= 0; group--) {
      const { count, x, y } = groups[group]
      for (let point = count - 1; point >= 0; point--) {
        const place = --starts[this.#cells[--origin]]
        this.x[place] = x[point]
        this.y[place] = y[point]
        this.origin[place] = origin
      }
    }
  }

  #measure(groups: readonly { count: number; x: Float32Array; y: Float32Array }[]): void {
    let [minX, maxX, minY, maxY] = [Infinity, -Infinity, Infinity, -Infinity]
    for (const { count, x, y } of groups) {
      for (let point = 0; point < count; point++) {
        if (x[point] < minX) minX = x[point]
        if (x[point] > maxX) maxX = x[point]
        if (y[point] < minY) minY = y[point]
        if (y[point] > maxY) maxY = y[point]
      }
    }
    this.#minX = minX
    this.#minY = minY
    this.columns = maxX >= minX ? this.columnOf(maxX) + 1 : 0
    this.rows = maxY >= minY ? this.rowOf(maxY) + 1 : 0
  }
}
