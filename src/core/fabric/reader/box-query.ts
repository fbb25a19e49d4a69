// Finds a partition's committed entities in a box: through its index if the index covers the box,
// otherwise by looking at every row.
// Owns the choice between the two; changes nothing, and finds only rows in use, whatever an index
// says. If the partition's owner keeps an index for the box, the cost grows with what is in the
// box.

import { Bins } from '../memory/bins.ts'
import { area, type Box, contains, covers, overlaps, touches } from '../memory/box.ts'
import { rowState } from '../memory/columns.ts'
import { cellOf, type Fabric } from '../memory/fabric.ts'
import { readsWholeCell } from '../memory/interests.ts'
import { tableNumber } from '../memory/layout.ts'
import type { PartitionMemory } from '../memory/partition-memory.ts'
import type { PlaceList } from '../memory/place-list.ts'
import type { Side } from '../memory/side.ts'

/** Adds the entities in the box to `found`, in no particular order; leaving ones included. */
export function findInBox(
  fabric: Fabric,
  memory: PartitionMemory,
  tick: number,
  box: Box,
  found: PlaceList,
): void {
  const side = memory.side(tick)
  if (side.get('population') === 0) return
  const cell = cellOf(fabric, memory)
  const inCell = cell && side.get('strays') === 0
  if (inCell && !touches(cell, box)) findLeaving(fabric, side, box, found)
  else if (inCell && covers(box, cell)) {
    findStaying(side, found)
    findLeaving(fabric, side, box, found)
  } else if (cell && isIndexed(side, box, cell)) findInIndex(memory, tick, cell, box, found)
  else findInRows(side, box, found)
}

/** Looks into the bins that the box touches, and at the changes since the bins were filled. */
function findInIndex(
  memory: PartitionMemory,
  tick: number,
  cell: Box,
  box: Box,
  found: PlaceList,
): void {
  const side = memory.side(tick)
  const { start, row, x, y } = memory.indexSegment(side.get('indexTable'))
  const bins = new Bins(cell, side.get('indexBins'))
  const table = tableNumber(side.float('indexTick'))
  const changes = side.get('indexChanges')
  const { changedRow, changedSince } = memory.indexSegment(tick % 2)
  const { minX, minY, maxX, maxY } = box
  const firstColumn = bins.columnOf(minX)
  const lastColumn = bins.columnOf(maxX)
  const lastRow = bins.rowOf(maxY)
  const { position, state, rows } = side
  // Bins are contiguous: no entry is looked at twice.
  let end = 0
  for (let binRow = bins.rowOf(minY); binRow <= lastRow; binRow++) {
    let entry = Math.max(start[binRow * bins.count + firstColumn], end)
    end = Math.max(end, Math.min(start[binRow * bins.count + lastColumn + 1], row.length))
    for (; entry < end; entry++) {
      const atX = x[entry]
      const atY = y[entry]
      if (!(atX >= minX && atX <= maxX && atY >= minY && atY <= maxY)) continue
      const at = row[entry]
      if (at < rows && (changes === 0 || changedSince[at] !== table)) found.push(at, atX, atY)
    }
  }
  for (let place = 0; place < changes; place++) {
    const changed = changedRow[place]
    if (changed >= rows || state[changed] === rowState.free) continue
    const atX = position[changed * 3]
    const atY = position[changed * 3 + 1]
    if (contains(box, atX, atY)) found.push(changed, atX, atY)
  }
}

/** Adds all entities that are not leaving, without comparing positions. */
function findStaying({ position, state, rows }: Side, found: PlaceList): void {
  found.reserve(found.count + rows)
  const { rows: foundRows, x: foundX, y: foundY } = found
  let { count } = found
  for (let row = 0, place = 0; row < rows; row++, place += 3) {
    foundRows[count] = row
    foundX[count] = position[place]
    foundY[count] = position[place + 1]
    // The next row overwrites this place if the row does not count, so no branch can be
    // mispredicted.
    count += state[row] === rowState.here ? 1 : 0
  }
  found.count = count
}

/** Looks at every row. */
function findInRows({ position, state, rows }: Side, box: Box, found: PlaceList): void {
  const { minX, minY, maxX, maxY } = box
  found.reserve(found.count + rows)
  const { rows: foundRows, x: foundX, y: foundY } = found
  let { count } = found
  for (let row = 0, place = 0; row < rows; row++, place += 3) {
    const x = position[place]
    const y = position[place + 1]
    if (!(x >= minX && x <= maxX && y >= minY && y <= maxY) || state[row] === rowState.free)
      continue
    foundRows[count] = row
    foundX[count] = x
    foundY[count++] = y
  }
  found.count = count
}

/**
 * Adds the entities that are leaving, or want to: only these lie outside of their owner's cell, in
 * their target's.
 */
function findLeaving(fabric: Fabric, side: Side, box: Box, found: PlaceList): void {
  const { position, leavingRow, rows } = side
  let left = rows
  for (let group = 0; group < side.get('handoffGroups'); group++) {
    const target = side.handoffTarget[group]
    if (!fabric.control.partitionInUse(target)) continue
    const cell = cellOf(fabric, fabric.partition(target))
    if (cell && !touches(cell, box)) continue
    const start = side.handoffStart[group]
    const end = Math.min(start + Math.min(side.handoffCount[group], left), leavingRow.length)
    for (let place = start; place < end; place++) {
      left--
      const row = leavingRow[place]
      if (row >= rows) continue
      const x = position[row * 3]
      const y = position[row * 3 + 1]
      if (contains(box, x, y)) found.push(row, x, y)
    }
  }
}

function isIndexed(side: Side, box: Box, cell: Box): boolean {
  if (side.get('indexed') === 0 || readsWholeCell(box, cell)) return false
  const [minX, minY, maxX, maxY] = side.quiet
  const quiet = { minX, minY, maxX, maxY }
  return area(quiet) === 0 || !overlaps(quiet, box)
}
