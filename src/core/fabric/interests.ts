// Which boxes apps read of others' partitions: published with each tick, so that the owners know what to keep an index of.
// Owns the published boxes and what follows from them for one cell; never reads an entity.

import { area, type Box, emptyBox, intersection, overlaps, touches, union } from './box.ts'
import type { Fabric } from './fabric.ts'
import { interestMax } from './layout.ts'
import type { Side } from './partition-memory.ts'

export interface Interest {
  domain: number
  box: Box
}

/** A box that covers more of a cell than this is answered by looking at every row: an index would not help. */
const wholeCellShare = 0.25
/** Boxes are taken for so much wider, in shares of the cell, that one that wanders a little does not make the index be built anew. */
const paddingShare = 1 / 256

export function publishInterests(side: Side, interests: Iterable<Interest>): void {
  let count = 0
  for (const { domain, box } of interests) {
    const place = Math.min(count, interestMax - 1)
    const published = count < interestMax ? box : union(box, boxAt(side, place))
    // Beyond the last place boxes of several domains may meet: it then holds for all domains.
    side.interestDomain[place] = count < interestMax || side.interestDomain[place] === domain ? domain : anyDomain
    side.interestBox.set([published.minX, published.minY, published.maxX, published.maxY], place * 4)
    count++
  }
  side.set('interests', Math.min(count, interestMax))
}

const anyDomain = 0xffff_ffff

export function boxAt({ interestBox }: Side, place: number): Box {
  const [minX, minY, maxX, maxY] = interestBox.subarray(place * 4, place * 4 + 4)
  return { minX, minY, maxX, maxY }
}

/** Whether a reader of the box looks at every row of the cell's partition anyway. */
export function readsWholeCell(box: Box, cell: Box): boolean {
  return area(intersection(box, cell)) > area(cell) * wholeCellShare
}

/**
 * The part of a partition's cell that no other app reads, as of the committed `tick`; of a cell that nobody reads in part, undefined. `current` is kept where it
 * still serves.
 */
export function quietArea(fabric: Fabric, partition: number, cell: Box, tick: number, current?: Box): Box | undefined {
  const domain = fabric.control.partitionWord(partition, 'domain')
  const padX = (cell.maxX - cell.minX) * paddingShare
  const padY = (cell.maxY - cell.minY) * paddingShare
  let quiet = cell
  let isRead = false
  let currentServes = current !== undefined
  for (const reader of fabric.partitions()) {
    if (reader === partition) continue
    const side = fabric.partition(reader).side(tick)
    const count = side.get('interests')
    for (let place = 0; place < count; place++) {
      if (side.interestDomain[place] !== domain && side.interestDomain[place] !== anyDomain) continue
      const box = boxAt(side, place)
      if (!touches(box, cell) || readsWholeCell(box, cell)) continue
      isRead = true
      currentServes &&= !overlaps(current!, box)
      quiet = largestWithout(quiet, {
        minX: box.minX - padX,
        minY: box.minY - padY,
        maxX: box.maxX + padX,
        maxY: box.maxY + padY,
      })
    }
  }
  if (!isRead) return undefined
  return currentServes && area(current!) * 2 >= area(quiet) ? current : quiet
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
  const largest = candidates.reduce((one, candidate) => (area(candidate) > area(one) ? candidate : one))
  return area(largest) > 0 ? largest : emptyBox
}
