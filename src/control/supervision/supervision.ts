// What it takes to watch over workers, as one plain object, and the limits of time that hold for
// them. Owns the shapes; never does anything.

import type { Logger } from 'pino'
import type { Store } from '../../io/store/store.ts'
import type { WorkerHost } from '../../joints/worker-host/worker-host.ts'
import type { LaunchSettings } from './simulation-plan.ts'

export interface Supervision {
  store: Store
  host: WorkerHost
  log: Logger
  /** For the simulations that are started from now on; absent where none is started any more. */
  launching?: LaunchSettings
  /** How long a new worker may take until it answers. */
  startLimitMs: number
  /** How long a worker may take to stop before it is ended. */
  stopLimitMs: number
  /** How long a worker may live after its last word. */
  exitLimitMs: number
  /** How often a worker is asked whether it is there, and how long it may take to say so. */
  askEachMs: number
  answerLimitMs: number
  /** A worker that answers nothing for longer is lost; 0 waits for ever. */
  workerTimeoutMs: number
}

export const SUPERVISION_LIMITS = {
  startLimitMs: 60_000,
  stopLimitMs: 60_000,
  exitLimitMs: 10_000,
  askEachMs: 2_000,
  answerLimitMs: 10_000,
  workerTimeoutMs: 300_000,
}
