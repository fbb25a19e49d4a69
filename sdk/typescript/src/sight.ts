// What follows from the tick and the subscriptions alone: which entities an app can see. Owns the
// shape only.

import type { PartitionOwner } from '../../../src/core/fabric/owner/partition-owner.ts'
import type { Subscription as Box } from '../../../src/core/fabric/reader/subscriptions.ts'
import type { Host } from './host.ts'
import type { Subscription } from './model.ts'

export interface Sight {
  readonly host: Host
  readonly owner: PartitionOwner
  readonly subscriptions: Map<number, { box: Box; handle: Subscription }>
  /** Grows when a subscription is made, moved or deleted. */
  subscriptionsVersion: number
}
