// What an app can know of partitions. Owns nothing; reads the fabric's description.

import type { ApplicationState } from './application-state.ts'
import type { Host } from './host.ts'
import type { Partition, Position } from './model.ts'

export function describePartition(host: Host, index: number): Partition {
  const { control, world } = host.fabric
  const domainIndex = control.partitionWord(index, 'domain')
  const domain = world.description.domains[domainIndex]
  const grid = world.grids[domainIndex]
  const domainTypes = { BySpatialSubdivision: 'Spatial', PerWorker: 'Service', ByRequest: 'Custom' } as const
  return {
    id: index,
    domain: domain.name,
    domainType: domainTypes[domain.lifecycle],
    appName: control.partitionName(index),
    ...(grid && { bounds: grid.boundsOf(control.partitionWord(index, 'cell')) }),
  }
}

/** Where entities are made that are given no position: the middle of the partition's cell, or 0, 0, 0 where it has no area. */
export function middleOf({ owner, host }: ApplicationState): Position {
  const grid = host.fabric.world.grids[owner.domain]
  if (!grid) return [0, 0, 0]
  const { minX, maxX, minY, maxY } = grid.boundsOf(host.fabric.control.partitionWord(owner.index, 'cell'))
  return [minX / 2 + maxX / 2, minY / 2 + maxY / 2, 0]
}
