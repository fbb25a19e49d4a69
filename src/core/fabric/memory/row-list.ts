// A list of numbers, mostly of rows, that keeps its memory from tick to tick: filling it again
// allocates nothing.
// Owns its growth; never knows what the numbers are.

export class RowList {
  /** Only the first `count` are in the list. */
  rows: Uint32Array = new Uint32Array(64)
  count = 0

  clear(): void {
    this.count = 0
  }

  push(row: number): void {
    if (this.count === this.rows.length) this.reserve(this.count + 1)
    this.rows[this.count++] = row
  }

  /** Makes room for `count` rows in all: until then, `rows` stays the same array. */
  reserve(count: number): void {
    if (count <= this.rows.length) return
    const grown = new Uint32Array(Math.max(count, this.rows.length * 2))
    grown.set(this.rows.subarray(0, this.count))
    this.rows = grown
  }

  /** A view on the list, good until it changes. */
  view(): Uint32Array {
    return this.rows.subarray(0, this.count)
  }

  /** Sorts the list in ascending order and drops duplicates. */
  sortUnique(): void {
    const { rows, count } = this
    let ascending = true
    for (let place = 1; ascending && place < count; place++)
      ascending = rows[place - 1] < rows[place]
    if (ascending) return
    let most = 0
    for (let place = 0; place < count; place++) if (rows[place] > most) most = rows[place]
    if (count * SPARSE_ROWS > most) this.#collectMarked(most)
    else this.#sort()
  }

  #sort(): void {
    const { rows, count } = this
    rows.subarray(0, count).sort()
    let kept = 1
    for (let place = 1; place < count; place++)
      if (rows[place] !== rows[place - 1]) rows[kept++] = rows[place]
    this.count = kept
  }

  /** For lists with a large share of all rows: marking and collecting takes less than sorting. */
  #collectMarked(most: number): void {
    const { rows, count } = this
    if (marks.length <= most) marks = new Uint8Array((most + 1) * 2)
    for (let place = 0; place < count; place++) marks[rows[place]] = 1
    let kept = 0
    for (let row = marks.indexOf(1); row >= 0 && row <= most; row = marks.indexOf(1, row + 1)) {
      rows[kept++] = row
      marks[row] = 0
    }
    this.count = kept
  }
}

/** Lists with more than one in so many rows are sorted by marking. */
const SPARSE_ROWS = 32
/** By row; all 0 between two uses. */
let marks = new Uint8Array(0)

/** The same numbers in an array of at least `length`, and zeros behind them. */
export function grown(numbers: Uint32Array, length: number): Uint32Array {
  const larger = new Uint32Array(Math.max(length, numbers.length * 2))
  larger.set(numbers)
  return larger
}
