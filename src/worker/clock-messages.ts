// What the worker's main thread and its clock thread say to each other.

import type { SideColumns } from '../core/fabric/side-columns.ts'
import type { WorldDescription } from '../core/fabric/world.ts'

export interface ClockThreadData {
  fabricFolder: string
  world: WorldDescription
  tickRate: number
  /** How long a tick may take before it is said who is late: the shortest time that any domain's apps may take, Infinity where all may take any. */
  appTimeoutMs: number
  /** Write the state's hash after each committed tick that is a multiple of this; 0 never. */
  hashInterval: number
  /** One whole number: the commands that were sent so far. Looking for a command that is not there costs more than all else that the clock does in a tick. */
  commandCount: SharedArrayBuffer
}

export type ClockCommand =
  | { kind: 'start' }
  | { kind: 'stop' }
  /** This partition's app has attached: it computes from the next tick on. */
  | { kind: 'join'; partition: number }
  /** This partition has no app any more: its entities stay as they are. */
  | { kind: 'leave'; partition: number }
  | { kind: 'addPartition'; request: number; domain: number; name: string }
  /** Asks the partition's app to shut down, between two ticks. */
  | { kind: 'shutDownApp'; partition: number }
  /** Takes the partition and its entities out of the world, as soon as those on their way have arrived. */
  | { kind: 'removePartition'; partition: number }
  /** Into the room, or beside it where it is too small; at once, or at the first tick after `after` that is a multiple. */
  | { kind: 'copyState'; request: number; room: SharedArrayBuffer; only?: CopiedTicks }
  /** Ends the clock after the tick that is being computed (at once with `force`), and tells all apps to shut down. */
  | { kind: 'finish'; force: boolean }

export type ClockReport =
  | { kind: 'started' }
  | { kind: 'stopped' }
  | { kind: 'partitionAdded'; request: number; partition: number; error?: string }
  | { kind: 'stateCopied'; request: number; copy: WorldCopy }
  | { kind: 'stateHash'; tick: number; entities: number; handoffs: number; stateHash: string }
  /** These have not committed the tick yet, which has taken `forMs` so far. Said again and again. */
  | { kind: 'late'; tick: number; forMs: number; partitions: number[] }
  | { kind: 'finished' }

export interface CopiedTicks {
  multipleOf: number
  after: number
}

/** The whole world as committed at one tick. */
export interface WorldCopy {
  tick: number
  nextIdLane: number
  /** In memory that all threads share. */
  sides: SideColumns[]
}
