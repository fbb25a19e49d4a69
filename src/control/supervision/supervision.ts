// What it takes to watch over workers, as one plain object, and the limits of time that hold for them.
// Owns the shapes; never does anything.

import type { Logger } from 'pino'
import type { ObjectsConfig } from '../../base/objects-config.ts'
import type { SnapshotSettings } from '../../core/lifecycle/snapshot-settings.ts'
import type { SimulationLimits } from '../../core/limits.ts'
import type { Store } from '../../io/store/store.ts'
import type { DataFolder } from '../data-folder.ts'

/** The processes of an execution, worker and apps alike, as the operating system knows them. */
export interface Processes {
  /** Ends them all, and waits until they are gone. */
  kill(executionId: string): Promise<void>
}

export interface Supervision {
  store: Store
  data: DataFolder
  log: Logger
  processes: Processes
  /** The file of the worker program. */
  workerProgram: string
  region: string
  accountId: string
  objects: ObjectsConfig
  fabricFolder: string
  appTimeoutMs: number
  /** For the simulations that are started from now on. */
  simulationLimits: SimulationLimits
  /** The same, where their tags say nothing else. */
  snapshots: SnapshotSettings
  /** How long a new worker may take until it answers. */
  startLimitMs: number
  /** How long a worker may take to stop before it is ended. */
  stopLimitMs: number
  /** How long a worker may live after its last word. */
  exitLimitMs: number
}

export const SUPERVISION_LIMITS = { startLimitMs: 60_000, stopLimitMs: 60_000, exitLimitMs: 10_000 }
