// Whether a schema has a place for everything in a snapshot. A start checks this before it
// restores.
// Owns the walk through the file; never restores anything.

import { describeWorld } from '../../core/fabric/memory/describe-world.ts'
import { refusePlace } from '../../core/fabric/memory/refuse-place.ts'
import { World } from '../../core/fabric/memory/world.ts'
import type { SimulationSchema } from '../../core/schema/schema.ts'
import type { Snapshot } from './snapshot-file.ts'

/** Returns why a start would refuse the snapshot, if it would. Holds one partition in memory. */
export async function refusePlaces(
  schema: SimulationSchema,
  snapshot: Snapshot,
): Promise<string | undefined> {
  const { simulationName, executionId } = snapshot.header
  const world = new World(describeWorld({ schema, simulationName, executionId }))
  for (const partition of snapshot.partitions) {
    const refusal = refusePlace(world, await partition.load())
    if (refusal !== undefined) return refusal
  }
  return undefined
}
