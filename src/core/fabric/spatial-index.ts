// The owner's side of the spatial index over its partition: which rows lie in which bin, kept up as entities move.
// Owns the lists on the back side. Only entities outside of the quiet area, which nobody reads, are in it; what changed in the tick before is repeated on the
// other side, so a tick costs what moved from bin to bin, not what is there.

import { Bins } from './bins.ts'
import { area, type Box, emptyBox } from './box.ts'
import { findInBins } from './box-query.ts'
import { type IndexView, type PartitionMemory, rowState, type Side } from './partition-memory.ts'
import { RowList } from './row-list.ts'

export class SpatialIndex {
  readonly #memory: PartitionMemory
  readonly #bins: Bins
  /** Rows whose bin changed in this tick, and in the one before. */
  #relinked = new RowList()
  #relinkedBefore = new RowList()
  #side!: Side
  #view: IndexView | undefined
  #quiet: Box = emptyBox
  /** The other side lacks what was changed before this one was filled in the middle of a tick. */
  #refill = false

  constructor(memory: PartitionMemory, cell: Box) {
    this.#memory = memory
    this.#bins = new Bins(cell)
  }

  /** Whether the back side has an index. */
  get isKept(): boolean {
    return this.#view !== undefined
  }

  /** The area whose entities are not in the index. */
  get quiet(): Box {
    return this.#quiet
  }

  /**
   * Opens the index on the back side, whose other columns are taken over already, for a quiet area; undefined: there is to be none.
   * `follows` says that the back side is this owner's own work of two ticks ago.
   * True where it has to be filled anew with `fill`.
   */
  begin(sideIndex: number, quiet: Box | undefined, follows: boolean): boolean {
    const relinked = this.#relinkedBefore
    this.#relinkedBefore = this.#relinked
    this.#relinked = relinked
    relinked.clear()
    const back = this.#memory.sides[sideIndex]
    const front = this.#memory.sides[1 - sideIndex]
    this.#side = back
    if (!quiet || !this.#memory.ensureIndex()) {
      this.drop()
      return false
    }
    this.#view = this.#memory.spatialIndex(sideIndex)
    this.#quiet = quiet
    const refill = this.#refill
    this.#refill = false
    if (refill || !follows || !isKeptFor(back, quiet) || !isKeptFor(front, quiet)) return true
    const { bin } = this.#memory.spatialIndex(1 - sideIndex)
    const { rows, count } = this.#relinkedBefore
    for (let place = 0; place < count; place++) this.#link(rows[place], bin[rows[place]])
    return false
  }

  /** In the middle of a tick: from now on all entities are to be in the index. True where it has to be filled anew. */
  beginWhole(sideIndex: number): boolean {
    if (this.#view && area(this.#quiet) === 0) return false
    if (!this.#memory.ensureIndex()) {
      this.drop()
      return false
    }
    this.#view = this.#memory.spatialIndex(sideIndex)
    this.#quiet = emptyBox
    this.#refill = true
    return true
  }

  /** Adds the rows of the entities in a box to `found`, in no particular order, as far as the index reaches. */
  find(box: Box, found: RowList): void {
    findInBins(this.#view!, this.#bins, this.#side.position, box, found)
  }

  /** No index on this side: readers look at every row. */
  drop(): void {
    this.#view = undefined
    this.#side.set('indexed', 0)
  }

  /** Makes room for rows that the partition has grown by. */
  grow(): void {
    if (this.#view && !this.#memory.ensureIndex()) this.drop()
  }

  /** Puts all entities into their bins anew. */
  fill(rows: number): void {
    const view = this.#view
    if (!view) return
    const side = this.#side
    view.first.fill(0)
    view.bin.fill(0, 0, this.#memory.indexedRowsMax) // rows that are not in use now, too: they may be again
    const { position, state } = side
    for (let row = 0; row < rows; row++)
      if (state[row] !== rowState.free) this.place(row, position[row * 3], position[row * 3 + 1])
    this.#relinked.clear() // the other side is filled anew as well
    side.quiet.set([this.#quiet.minX, this.#quiet.minY, this.#quiet.maxX, this.#quiet.maxY])
    side.set('indexed', 1)
  }

  /** An entity is there now. */
  place(row: number, x: number, y: number): void {
    const view = this.#view
    if (!view) return
    const { minX, minY, maxX, maxY } = this.#quiet
    const bin = x > minX && x < maxX && y > minY && y < maxY ? 0 : this.#bins.binOf(x, y) + 1
    if (view.bin[row] === bin) return
    this.#link(row, bin)
    this.#relinked.push(row)
  }

  remove(row: number): void {
    const view = this.#view
    if (!view || view.bin[row] === 0) return
    this.#link(row, 0)
    this.#relinked.push(row)
  }

  /** After many were moved without `place`: takes out those that are in the quiet area now. The others were placed. */
  takeOutQuiet(): void {
    const view = this.#view
    const { minX, minY, maxX, maxY } = this.#quiet
    if (!view || minX >= maxX || minY >= maxY) return
    const { position } = this.#side
    for (let bin = 0; bin < view.first.length; bin++) {
      for (let link = view.first[bin]; link !== 0; ) {
        const row = link - 1
        link = view.next[row]
        const x = position[row * 3]
        const y = position[row * 3 + 1]
        if (x > minX && x < maxX && y > minY && y < maxY) this.remove(row)
      }
    }
  }

  #link(row: number, bin: number): void {
    const { first, bin: bins, next, previous } = this.#view!
    const before = bins[row]
    if (before === bin) return
    if (before !== 0) {
      const after = next[row]
      const ahead = previous[row]
      if (ahead === 0) first[before - 1] = after
      else next[ahead - 1] = after
      if (after !== 0) previous[after - 1] = ahead
    }
    bins[row] = bin
    if (bin === 0) return
    const head = first[bin - 1]
    next[row] = head
    previous[row] = 0
    if (head !== 0) previous[head - 1] = row + 1
    first[bin - 1] = row + 1
  }
}

function isKeptFor(side: Side, quiet: Box): boolean {
  const [minX, minY, maxX, maxY] = side.quiet
  return (
    side.get('indexed') === 1 &&
    minX === quiet.minX &&
    minY === quiet.minY &&
    maxX === quiet.maxX &&
    maxY === quiet.maxY
  )
}
