// What supervising workers needs, as one plain object, and its time limits. Owns the shapes; does
// nothing itself.

import type { Logger } from 'pino'
import type { Store } from '../../io/store/store.ts'
import type { WorkerHost } from '../../joints/worker-host/worker-host.ts'
import type { LaunchSettings } from './simulation-plan.ts'

export interface Supervision {
  store: Store
  host: WorkerHost
  log: Logger
  /** For simulations that are started from now on; absent if none can be started any more. */
  launching?: LaunchSettings
  /** How long a new worker may take until it answers. */
  startLimitMs: number
  /** How long a worker may take to stop before it is killed. */
  stopLimitMs: number
  /** How long a worker may live after its last word. */
  exitLimitMs: number
  /** How often a worker is pinged, and how long it may take to answer. */
  askEachMs: number
  answerLimitMs: number
  /** A worker without an answer for longer is lost; 0 waits for ever. */
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
