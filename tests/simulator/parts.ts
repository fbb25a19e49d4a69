// The parts of the product that the simulator drives, so that a test can put a broken one in a part's place.
// Owns the list; the real ones are the default.

import { readMessages } from '../../src/core/fabric/memory/messages.ts'
import { PartitionOwner } from '../../src/core/fabric/owner/partition-owner.ts'
import { Subscription } from '../../src/core/fabric/reader/subscriptions.ts'
import { ClockWork } from '../../src/core/fabric/worker/clock-work.ts'
import { stateOfSide } from '../../src/core/fabric/worker/side-columns.ts'
import { ClockMachine } from '../../src/core/tick/clock-machine.ts'
import { type HistorySegments, PooledSegments } from './pooled-segments.ts'

export interface Parts {
  Owner: new (...options: ConstructorParameters<typeof PartitionOwner>) => PartitionOwner
  Subscription: new (...options: ConstructorParameters<typeof Subscription>) => Subscription
  Segments: new (options: { headroomBytes: number }) => HistorySegments
  Machine: new (...options: ConstructorParameters<typeof ClockMachine>) => ClockMachine
  Work: new (...options: ConstructorParameters<typeof ClockWork>) => ClockWork
  readMessages: typeof readMessages
  stateOfSide: typeof stateOfSide
}

export const realParts: Parts = {
  Owner: PartitionOwner,
  Subscription,
  Segments: PooledSegments,
  Machine: ClockMachine,
  Work: ClockWork,
  readMessages,
  stateOfSide,
}
