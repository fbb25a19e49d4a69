// The boxes that apps read of others' partitions: published with each tick, so that the owners know
// what to index.
// Owns the published boxes and what follows from them for one cell; never reads an entity.

import { area, type Box, emptyBox, intersection, overlaps, touches, union } from './box.ts'
import type { Fabric } from './fabric.ts'
import type { Side } from './side.ts'
import { INTEREST_MAX } from './sizes.ts'

export interface Interest {
  domain: number
  box: Box
}

/**
 * A box that covers more of a cell than this is answered by looking at every row: an index would
 * not help.
 */
const WHOLE_CELL_SHARE = 0.25
/**
 * Boxes that wander are widened by this share of the cell, so that not every move rebuilds the
 * index.
 */
const PADDING_SHARE = 1 / 256
/** A box wanders if it served for no longer than this number of ticks. */
const WANDERING_TICKS = 64

/** Publishes the boxes. Returns true if they differ from those of the tick before. */
export function publishInterests(side: Side, before: Side, interests: Iterable<Interest>): boolean {
  let count = 0
  for (const { domain, box } of interests) {
    const place = Math.min(count, INTEREST_MAX - 1)
    const published = count < INTEREST_MAX ? box : union(box, boxAt(side, place))
    // The last place can hold boxes of several domains: it then holds for all domains.
    side.interestDomain[place] =
      count < INTEREST_MAX || side.interestDomain[place] === domain ? domain : ANY_DOMAIN
    writeBox(side, place, published)
    count++
  }
  const published = Math.min(count, INTEREST_MAX)
  side.set('interests', published)
  if (before.get('interests') !== published) return true
  for (let place = 0; place < published; place++) {
    if (side.interestDomain[place] !== before.interestDomain[place]) return true
    for (let edge = place * 4; edge < place * 4 + 4; edge++)
      if (side.interestBox[edge] !== before.interestBox[edge]) return true
  }
  return false
}

const ANY_DOMAIN = 0xffff_ffff

/** Avoids an intermediate list, since this runs in every tick. */
function writeBox({ interestBox }: Side, place: number, { minX, minY, maxX, maxY }: Box): void {
  interestBox[place * 4] = minX
  interestBox[place * 4 + 1] = minY
  interestBox[place * 4 + 2] = maxX
  interestBox[place * 4 + 3] = maxY
}

function boxAt({ interestBox }: Side, place: number): Box {
  const [minX, minY, maxX, maxY] = interestBox.subarray(place * 4, place * 4 + 4)
  return { minX, minY, maxX, maxY }
}

/** Whether a reader of the box looks at every row of the cell's partition anyway. */
export function readsWholeCell(box: Box, cell: Box): boolean {
  return area(intersection(box, cell)) > area(cell) * WHOLE_CELL_SHARE
}

/**
 * Which boxes others read of one partition's cell. Most boxes rarely move, so their consequences
 * are computed only after a change.
 */
export class Readers {
  readonly #fabric: Fabric
  readonly #partition: number
  readonly #domain: number
  readonly #cell: Box | undefined
  /** The tick as of which `#boxes` is known. */
  #knownAt = -1
  #boxes: Box[] = []
  /** The tick in which the quiet part was worked out last. */
  #workedOutAt = Number.NEGATIVE_INFINITY
  /** The area of the cell that a box covers on average. */
  boxArea = 0

  constructor(fabric: Fabric, partition: number, cell: Box | undefined) {
    this.#fabric = fabric
    this.#partition = partition
    this.#domain = fabric.control.partitionWord(partition, 'domain')
    this.#cell = cell
  }

  /**
   * The part of the cell that no other app reads, as of the committed `tick`; undefined if no app
   * reads a part of the cell. Returns `current` while it still serves.
   */
  quiet(tick: number, current: Box | undefined): Box | undefined {
    const cell = this.#cell
    if (!cell) return undefined
    if (this.#knownAt < 0 || this.#fabric.control.interestsTick > this.#knownAt) {
      this.#boxes = this.#find(tick, cell)
      this.boxArea =
        this.#boxes.reduce((sum, box) => sum + area(intersection(box, cell)), 0) /
        this.#boxes.length
    } else if (current && current !== emptyBox && this.#boxes.length > 0) return current
    if (this.#boxes.length === 0) return undefined
    const currentServes = current && this.#boxes.every((box) => !overlaps(current, box))
    const padding = currentServes || tick - this.#workedOutAt > WANDERING_TICKS ? 0 : PADDING_SHARE
    const padX = (cell.maxX - cell.minX) * padding
    const padY = (cell.maxY - cell.minY) * padding
    const quiet = this.#boxes.reduce((rest, { minX, minY, maxX, maxY }) => {
      const padded = { minX: minX - padX, minY: minY - padY, maxX: maxX + padX, maxY: maxY + padY }
      return largestWithout(rest, padded)
    }, cell)
    if (currentServes && area(current) * 2 >= area(quiet)) return current
    this.#workedOutAt = tick
    return quiet
  }

  /** The boxes that other apps read of a part of the cell. */
  #find(tick: number, cell: Box): Box[] {
    this.#knownAt = tick
    const boxes: Box[] = []
    for (const reader of this.#fabric.partitions()) {
      if (reader === this.#partition) continue
      const side = this.#fabric.partition(reader).side(tick)
      for (let place = 0; place < side.get('interests'); place++) {
        if (
          side.interestDomain[place] !== this.#domain &&
          side.interestDomain[place] !== ANY_DOMAIN
        )
          continue
        const box = boxAt(side, place)
        if (touches(box, cell) && !readsWholeCell(box, cell)) boxes.push(box)
      }
    }
    return boxes
  }
}

/** The largest part of a box that lies on one side of another. */
function largestWithout(box: Box, other: Box): Box {
  if (!overlaps(box, other)) return box
  const candidates: Box[] = [
    { ...box, maxX: Math.min(box.maxX, other.minX) },
    { ...box, minX: Math.max(box.minX, other.maxX) },
    { ...box, maxY: Math.min(box.maxY, other.minY) },
    { ...box, minY: Math.max(box.minY, other.maxY) },
  ]
  const largest = candidates.reduce((one, candidate) =>
    area(candidate) > area(one) ? candidate : one,
  )
  return area(largest) > 0 ? largest : emptyBox
}
