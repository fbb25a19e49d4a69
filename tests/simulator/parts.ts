// The parts of the product that the simulator drives, so that a test can replace one by a broken
// one.
// Owns the list; the real parts are the default.

import type { Fabric } from '../../src/core/fabric/memory/fabric.ts'
import { readMessages } from '../../src/core/fabric/memory/messages.ts'
import { PartitionOwner } from '../../src/core/fabric/owner/partition-owner.ts'
import { findInBox } from '../../src/core/fabric/reader/box-query.ts'
import { Subscription } from '../../src/core/fabric/reader/subscriptions.ts'
import { ClockWork } from '../../src/core/fabric/worker/clock-work.ts'
import { stateOfSide } from '../../src/core/fabric/worker/side-columns.ts'
import { ClockMachine } from '../../src/core/tick/clock-machine.ts'
import { type HistorySegments, PooledSegments } from './pooled-segments.ts'

/** What apps of the simulator use of an owner. */
export type OwnerPart = Pick<
  PartitionOwner,
  | 'index'
  | 'memory'
  | 'tick'
  | 'back'
  | 'front'
  | 'rows'
  | 'population'
  | 'position'
  | 'ownership'
  | 'interests'
  | 'begin'
  | 'finish'
  | 'create'
  | 'delete'
  | 'setPosition'
  | 'moved'
  | 'beginPiece'
  | 'endPiece'
  | 'endSweep'
  | 'setDestination'
  | 'storeField'
  | 'shapedField'
  | 'storedField'
  | 'removeField'
  | 'keepWholeIndex'
  | 'send'
>
export type SubscriptionPart = Pick<Subscription, 'domain' | 'box' | 'look' | 'seen'>

export interface Parts {
  Owner: new (...options: ConstructorParameters<typeof PartitionOwner>) => OwnerPart
  Subscription: new (...options: ConstructorParameters<typeof Subscription>) => SubscriptionPart
  Segments: new (options: { headroomBytes: number }) => HistorySegments
  Machine: new (...options: ConstructorParameters<typeof ClockMachine>) => ClockMachine
  Work: new (...options: ConstructorParameters<typeof ClockWork>) => ClockWork
  readMessages: typeof readMessages
  stateOfSide: typeof stateOfSide
  findInBox: typeof findInBox
  /**
   * Lets the owner die at a write of a number into its header in that tick. Call what it returns
   * afterwards.
   */
  dieAtWrite(owner: OwnerPart, tick: number, write: number): () => void
  /** Told of each committed tick. */
  committed?(fabric: Fabric, tick: number): void
}

export const realParts: Parts = {
  Owner: PartitionOwner,
  Subscription,
  Segments: PooledSegments,
  Machine: ClockMachine,
  Work: ClockWork,
  readMessages,
  stateOfSide,
  findInBox,
  dieAtWrite,
}

/** Thrown where a process is to die inside of a call into the fabric. */
export class Death extends Error {}

function dieAtWrite({ memory }: OwnerPart, tick: number, write: number): () => void {
  const side = memory.side(tick)
  let writes = 0
  const { set } = side
  side.set = (...numbers) => {
    if (++writes === write) throw new Death()
    set.apply(side, numbers)
  }
  return () => {
    side.set = set
  }
}
