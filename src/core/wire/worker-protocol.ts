// What control and a simulation's worker say to each other, as plain JSON data.
// Owns the shapes of the plan, the commands, the status and the metrics; never how they travel (that is io/bus).

import type { ObjectsConfig } from '../../base/objects-config.ts'
import type { AppPhase, ClockPhase } from '../fabric/memory/meters.ts'
import type { HeddleTags } from '../lifecycle/heddle-tags.ts'
import type { SimulationLimits } from '../limits.ts'
import type { StartError } from '../schema/start-error.ts'
import type { Durations } from '../tick/durations.ts'

export type SimulationStatus =
  | 'STARTING'
  | 'STARTED'
  | 'STOPPING'
  | 'STOPPED'
  | 'FAILED'
  | 'DELETING'
  | 'DELETED'
  | 'SNAPSHOT_IN_PROGRESS'
type ClockStatus = 'STARTING' | 'STARTED' | 'STOPPING' | 'STOPPED'
export type AppStatus = 'STARTING' | 'STARTED' | 'STOPPING' | 'STOPPED' | 'ERROR'
export type Lifecycle = 'BySpatialSubdivision' | 'PerWorker' | 'ByRequest'

export interface ObjectLocation {
  bucket: string
  key: string
}

/** What a worker is started with: `plan.json` in its run folder, mode 0600. It holds no secret. */
export interface WorkerPlan {
  executionId: string
  simulationName: string
  simulationArn: string
  accountId: string
  region: string
  createdAtMs: number
  maximumDurationMs: number
  /** Exactly one of the two. */
  schemaLocation?: ObjectLocation
  snapshotLocation?: ObjectLocation
  tags: HeddleTags
  /** Where it goes on for a worker that was lost: the status to begin with, with the clock and the custom apps to bring back. */
  last?: WorkerStatus
  objects: ObjectsConfig
  /** Folder of this execution: plan.json, status.json, packages. */
  runFolder: string
  /** Parent of every simulation's log folder. */
  logsFolder: string
  /** Parent of every simulation's shared memory, on a tmpfs: the worker makes `<fabricFolder>/<executionId>`. */
  fabricFolder: string
  /** Heddle's own: no package and no program comes from them, other than those that the worker has unpacked. */
  closedFolders: readonly string[]
  /** How long an app may take for one tick, in ms; 0 waits for ever. */
  appTimeoutMs: number
  limits: SimulationLimits
}

export interface PortMapping {
  declared: number
  actual: number
}

export interface AppState {
  domain: string
  name: string
  lifecycle: Lifecycle
  status: AppStatus
  targetStatus: 'STARTED' | 'STOPPED'
  description?: string
  launchCommands?: string[]
  /** The ports that it has, over all of its processes: clients are told while it is STARTED, with the address that control says. */
  endpoint?: { ports: PortMapping[] }
  /** Why it is in ERROR. */
  failure?: string
}

/** All that control needs to know of a running simulation; sent whole at each change, and kept in `status.json`. */
export interface WorkerStatus {
  executionId: string
  /** Grows with every change; the newest wins. */
  revision: number
  workerPid: number
  status: SimulationStatus
  /** What ended its start, or ended it later; while it is held: why. */
  startErrors: StartError[]
  clock: { status: ClockStatus; targetStatus: 'STARTED' | 'STOPPED' }
  tick: number
  domains: { name: string; lifecycle: Lifecycle }[]
  /** Name of the log group from the schema; absent where the schema names none. */
  logGroup?: string
  apps: AppState[]
  snapshot?: { location: ObjectLocation; tick: number }
  /** The last snapshot's outcome, once there is one. */
  lastSnapshot?: { location: ObjectLocation; tick: number; bytes: number; error?: string }
  /** Where domains' packages are by now, where it isn't as the schema says. */
  packages?: Record<string, string>
  /** How often it was started again because its worker was lost: the newest few, oldest first. */
  restarts?: Restart[]
}

export interface Restart {
  /** When the loss was found. */
  atMs: number
  reason: string
  /** The newest tick that is known to have been committed. */
  lostAtTick: number
  /** Once it is STARTED again: from which snapshot, where there was one. */
  back?: { tick: number; from?: ObjectLocation }
}

/** How a simulation does: what was counted since its start, and what it holds now. */
export interface WorkerMetrics {
  executionId: string
  simulation: string
  clockStatus: ClockStatus
  /** Newest committed tick. */
  tick: number
  /** Ticks a second that the clock aims at; 0 is unlimited. */
  tickRate: number
  missedTicks: number
  clockPhases: Record<ClockPhase, Durations>
  /** Of the worker's process itself. */
  workerMemoryBytes: number
  /** Of the shared memory. */
  fabricBytes: number
  /** The most shared memory that may be claimed. */
  fabricBytesMax: number
  /** By partition, those that wait for an app included. */
  partitions: PartitionMetrics[]
}

export interface PartitionMetrics {
  domain: string
  /** The app's name. */
  app: string
  /** Absent where the partition waits for its app. */
  status?: AppStatus
  restarts: number
  /** Of its process, the shared memory excepted; 0 while there is none. */
  memoryBytes: number
  entities: number
  handedOut: number
  takenIn: number
  rejected: number
  phases: Record<AppPhase, Durations>
}

export type WorkerCommand =
  | { command: 'status' }
  | { command: 'metrics' }
  | { command: 'startClock' }
  | { command: 'stopClock' }
  | { command: 'startApp'; domain: string; name: string; description?: string; launchCommands?: string[] }
  | { command: 'stopApp'; domain: string; name: string }
  | { command: 'deleteApp'; domain: string; name: string }
  /** Of an app in ERROR; `package` is a location as schemas have it, for all apps of the domain from now on. */
  | { command: 'restartApp'; domain: string; name: string; package?: string }
  | { command: 'createSnapshot'; location: ObjectLocation }
  | { command: 'stop' }

/** An expected refusal; `error` is a name from the API's registry of errors. */
export interface Refusal {
  error:
    | 'ConflictException'
    | 'ResourceNotFoundException'
    | 'ValidationException'
    | 'ServiceQuotaExceededException'
    | 'AccessDeniedException'
  message: string
}

/**
 * Every command is answered with the status after it, or with a refusal that changed nothing; `metrics` with metrics, as long as the simulation has apps and is
 * not ending, and with the status otherwise.
 */
export type WorkerAnswer = { status: WorkerStatus } | { refusal: Refusal } | { metrics: WorkerMetrics }

/** What a worker publishes on its bus to everybody connected, at each change. */
export type WorkerEvent = WorkerStatus
