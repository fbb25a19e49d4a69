// The groups of entities that ask to leave a partition, as the barrier and the targets read them.
// Owns their order: by target, and within a target by row. Never decides who leaves.

import { rowState, type Side } from './partition-memory.ts'

/** Marks the rows as leaving and writes them by target. `targets` has the target of each. Rows are in ascending order. */
export function writeLeavers(side: Side, rows: Uint32Array, targets: Int32Array): void {
  const counts = new Map<number, number>()
  for (let place = 0; place < rows.length; place++) counts.set(targets[place], (counts.get(targets[place]) ?? 0) + 1)
  const order = [...counts.keys()].sort((a, b) => a - b)
  const ends = new Map<number, number>()
  let start = 0
  order.forEach((target, group) => {
    const count = counts.get(target)!
    side.handoffTarget[group] = target
    side.handoffStart[group] = start
    side.handoffCount[group] = count
    side.handoffGranted[group] = 0
    ends.set(target, start)
    start += count
  })
  for (let place = 0; place < rows.length; place++) {
    const end = ends.get(targets[place])!
    side.leavingRow[end] = rows[place]
    side.state[rows[place]] = rowState.leaving
    ends.set(targets[place], end + 1)
  }
  side.set('handoffGroups', order.length)
}
