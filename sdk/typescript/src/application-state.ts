// What an application and its transactions share, one tick after another.

import type { Box } from '../../../src/core/fabric/memory/box.ts'
import type { HeddleError } from './errors.ts'
import type { RuntimeMetrics } from './metrics.ts'
import type { NearbyFinder } from './nearby.ts'
import type { NeighbourValues } from './neighbour-values.ts'
import type { Neighbourhood } from './neighbourhood.ts'
import type { Others } from './others.ts'
import type { OwnershipLog } from './ownership-log.ts'
import type { PhaseTimer } from './phase-timer.ts'
import type { Sight } from './sight.ts'

export interface ApplicationState extends Sight {
  /** The cell of this app's partition, if it has one. */
  readonly cell: Box | undefined
  readonly ownership: OwnershipLog
  metrics: RuntimeMetrics
  readonly phases: PhaseTimer
  nextSubscriptionId: number
  readonly others: Others
  readonly nearby: NearbyFinder
  readonly neighbourhood: Neighbourhood
  readonly neighbourValues: NeighbourValues
  failed<Failure extends HeddleError>(error: Failure): Failure
  committed(): void
}
