// Where an entity is whose handle does not say it any more: it has moved to another row or
// partition, or the handle is as old as the world.
// Owns the search through all rows; never throws, and never decides what an app may do with what is
// found.

import { rowState } from '../../../src/core/fabric/memory/columns.ts'
import type { PartitionMemory } from '../../../src/core/fabric/memory/partition-memory.ts'
import type { Side } from '../../../src/core/fabric/memory/side.ts'
import type { ApplicationState } from './application-state.ts'
import type { LocatedEntity } from './model.ts'

export interface FoundEntity {
  memory: PartitionMemory
  side: Side
  row: number
}

/** The row of an entity that this app owns as it stands; -1 where it owns none of that id. */
export function findOwned({ owner }: ApplicationState, id: number): number {
  const { rows, back } = owner
  const ids = back.id.subarray(0, rows)
  for (let row = ids.indexOf(id); row >= 0; row = ids.indexOf(id, row + 1))
    if (back.state[row] !== rowState.free) return row
  return -1
}

/**
 * An entity that is not this app's, as of the committed `tick`; there, one that left this app with
 * it is still to be seen in the app's own partition, and nowhere else. The handle then says where
 * it is.
 */
export function findElsewhere(
  { host: { fabric, partition: own } }: ApplicationState,
  tick: number,
  located: LocatedEntity,
): FoundEntity | undefined {
  const at = (partition: number, row: number) => {
    if (!fabric.control.partitionInUse(partition)) return undefined
    const memory = fabric.partition(partition)
    const side = memory.side(tick)
    if (row >= side.rows || side.id[row] !== located.id) return undefined
    const state = side.state[row]
    return state === rowState.leaving || (state === rowState.here && partition !== own)
      ? { memory, side, row }
      : undefined
  }
  const expected = at(located.partition, located.row)
  if (expected) return expected
  for (const partition of fabric.partitions()) {
    const side = fabric.partition(partition).side(tick)
    const ids = side.id.subarray(0, side.rows)
    for (let row = ids.indexOf(located.id); row >= 0; row = ids.indexOf(located.id, row + 1)) {
      const found = at(partition, row)
      if (!found) continue
      located.partition = partition
      located.row = row
      return found
    }
  }
  return undefined
}

/** Whether a subscription of this app covers the place of an entity that was found elsewhere. */
export function isSubscribed(
  { host, subscriptions }: ApplicationState,
  { memory, side, row }: FoundEntity,
): boolean {
  const domain = host.fabric.control.partitionWord(memory.index, 'domain')
  for (const { box } of subscriptions.values()) {
    if (box.domain === domain && box.contains(side.position[row * 3], side.position[row * 3 + 1]))
      return true
  }
  return false
}
