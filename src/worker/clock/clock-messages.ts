// What the worker's main thread gives its clock thread at the start.
// Owns that shape only: ClockCommand and ClockReport are core's.

import type { WorldDescription } from '../../core/fabric/memory/world.ts'

export interface ClockThreadData {
  fabricFolder: string
  world: WorldDescription
  tickRate: number
  /**
   * The time before late apps of a tick are reported: the shortest timeout of any domain, or
   * Infinity if none has one.
   */
  appTimeoutMs: number
  /**
   * Reports the state's hash after each committed tick that is a multiple of this; 0 means never.
   */
  hashInterval: number
  /**
   * One integer, the number of commands sent so far. Checking the message port in each tick would
   * cost more than the rest of the clock's work.
   */
  commandCount: SharedArrayBuffer
}
