// What apps and the clock are told of a world, made from its schema.
// Owns the order of partitions; never knows which apps run in them.

import type { SimulationSchema } from '../../schema/schema.ts'
import type { DomainDescription, WorldDescription } from './world.ts'

/**
 * Spatial domains come first, cell by cell, so that a cell's partition index follows from the
 * position alone.
 */
export function describeWorld({
  schema,
  simulationName,
  executionId,
}: {
  schema: SimulationSchema
  simulationName: string
  executionId: string
}): WorldDescription {
  let firstPartition = 0
  const domains = schema.domains.map((domain): DomainDescription => {
    if (domain.lifecycle !== 'BySpatialSubdivision')
      return { name: domain.name, lifecycle: domain.lifecycle }
    const { bounds } = schema.strategies.find((strategy) => strategy.name === domain.strategy)!
    const area = {
      bounds: { ...bounds },
      columns: domain.grid.x,
      rows: domain.grid.y,
      firstPartition,
    }
    firstPartition += area.columns * area.rows
    return { name: domain.name, lifecycle: domain.lifecycle, area }
  })
  return { simulationName, executionId, domains }
}
