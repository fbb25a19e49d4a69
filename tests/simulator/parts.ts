// The parts of the fabric that the simulator drives, so that a test can put a broken one in a part's place.
// Owns the list; the real ones are the default.

import { arbitrate } from '../../src/core/fabric/barrier.ts'
import { readMessages } from '../../src/core/fabric/messages.ts'
import { PartitionOwner } from '../../src/core/fabric/partition-owner.ts'
import { copyState } from '../../src/core/fabric/state.ts'
import { Subscription } from '../../src/core/fabric/subscriptions.ts'
import { type HistorySegments, PooledSegments } from './pooled-segments.ts'

export interface Parts {
  Owner: new (...options: ConstructorParameters<typeof PartitionOwner>) => PartitionOwner
  Subscription: new (...options: ConstructorParameters<typeof Subscription>) => Subscription
  Segments: new (options: { headroomBytes: number }) => HistorySegments
  arbitrate: typeof arbitrate
  readMessages: typeof readMessages
  copyState: typeof copyState
}

export const realParts: Parts = {
  Owner: PartitionOwner,
  Subscription,
  Segments: PooledSegments,
  arbitrate,
  readMessages,
  copyState,
}
