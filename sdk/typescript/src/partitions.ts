// What an app can know of partitions. Owns nothing; reads the fabric's description.

import type { ApplicationState } from './application-state.ts'
import type { Host } from './host.ts'
import type { Partition, Position } from './model.ts'

export function describePartition(host: Host, index: number): Partition {
  const { control, world } = host.fabric
  const domainIndex = control.partitionWord(index, 'domain')
  const domain = world.description.domains[domainIndex]
  const grid = world.grids[domainIndex]
  const domainTypes = {
    BySpatialSubdivision: 'Spatial',
    PerWorker: 'Service',
    ByRequest: 'Custom',
  } as const
  return {
    id: index,
    domain: domain.name,
    domainType: domainTypes[domain.lifecycle],
    appName: control.partitionName(index),
    ...(grid && { bounds: grid.boundsOf(control.partitionWord(index, 'cell')) }),
  }
}

/**
 * Where entities are made that are given no position: the middle of the partition's cell, or 0, 0,
 * 0 where it has no area.
 */
export function middleOf({ cell }: ApplicationState): Position {
  return cell ? [cell.minX / 2 + cell.maxX / 2, cell.minY / 2 + cell.maxY / 2, 0] : [0, 0, 0]
}
