// Which of many positions are not inside of a box: the one question that is asked of every moving entity in every tick.
// Owns the scan; a position on an edge, or that is no number, counts as outside.

import type { Box } from './box.ts'
import type { RowList } from './row-list.ts'

/** Adds the rows from `from` up to `to` whose x and y don't lie between the box's edges, in ascending order. */
export function findOutside(position: Float32Array, from: number, to: number, box: Box, found: RowList): void {
  const { minX, minY, maxX, maxY } = box
  found.reserve(found.count + to - from)
  const { rows } = found
  let { count } = found
  for (let row = from, place = from * 3; row < to; row++, place += 3) {
    const x = position[place]
    const y = position[place + 1]
    if (x > minX && x < maxX && y > minY && y < maxY) continue
    rows[count++] = row
  }
  found.count = count
}
