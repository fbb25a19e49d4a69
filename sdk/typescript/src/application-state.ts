// What an application and its transactions share, one tick after another.

import type { PartitionOwner } from '../../../src/core/fabric/partition-owner.ts'
import type { Subscription as Box } from '../../../src/core/fabric/subscriptions.ts'
import type { HeddleError } from './errors.ts'
import type { Host } from './host.ts'
import type { RuntimeMetrics } from './metrics.ts'
import type { Subscription } from './model.ts'
import type { NearbyFinder } from './nearby.ts'
import type { Neighbourhood } from './neighbourhood.ts'
import type { Others } from './others.ts'
import type { OwnershipLog } from './ownership-log.ts'
import type { PhaseTimer } from './phase-timer.ts'

export interface ApplicationState {
  readonly host: Host
  readonly owner: PartitionOwner
  readonly subscriptions: Map<number, { box: Box; handle: Subscription }>
  readonly ownership: OwnershipLog
  metrics: RuntimeMetrics
  readonly phases: PhaseTimer
  nextSubscriptionId: number
  /** Grows when a subscription is made, moved or deleted. */
  subscriptionsVersion: number
  readonly others: Others
  readonly nearby: NearbyFinder
  readonly neighbourhood: Neighbourhood
  failed<Failure extends HeddleError>(error: Failure): Failure
  committed(): void
}
