// What the worker's main thread gives its clock thread at the start. Commands and reports are those of core: ClockCommand and ClockReport.

import type { WorldDescription } from '../../core/fabric/memory/world.ts'

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
