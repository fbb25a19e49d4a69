// Why a saved partition cannot be loaded into a world: the schema may have changed since, and must
// have a place for all entities.
// Owns that rule; never restores anything.

import type { PartitionState } from '../../entities/partition-state.ts'
import type { World } from './world.ts'

/** Returns the reason; undefined if each of the entities has a place. */
export function refusePlace(world: World, partition: PartitionState): string | undefined {
  const { domain, lifecycle, name, count, ids, positions } = partition
  if (count === 0) return undefined
  const index = world.domainIndex(domain)
  if (index < 0)
    return `the snapshot has entities in domain '${domain}', which the schema does not have`
  if (world.lifecycleOf(domain) === 'ByRequest' && lifecycle !== 'ByRequest')
    return (
      `the snapshot has ${count} entities of app '${name}', which nobody would take over: ` +
      `domain '${domain}' is a custom domain in the schema, and was none`
    )
  if (!world.grids[index]) return undefined
  for (let row = 0; row < count; row++) {
    const [x, y] = positions.subarray(row * 3, row * 3 + 2)
    if (world.partitionAt(index, x, y) < 0)
      return (
        `the snapshot has entity ${ids[row]} at (${x}, ${y}), ` +
        `outside the bounds of domain '${domain}'`
      )
  }
  return undefined
}
