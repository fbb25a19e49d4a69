// The messages between control and a simulation's worker, as plain JSON data.
// Owns the shapes of status, metrics, commands and answers, and the types that follow from them;
// never how they travel (io/bus). The plan is in plan.ts.

import { z } from 'zod'
import { objectLocationShape } from '../../base/object-location.ts'
import { mapShape } from '../../base/parse.ts'
import { portMappingShape } from '../../base/port-mapping.ts'
import { appPhases, clockPhases } from '../fabric/memory/meters.ts'
import { lifecycleShape } from '../schema/lifecycle.ts'
import { startErrorShape } from '../schema/start-error.ts'
import type { Durations } from '../tick/durations.ts'

/** The status that a caller has asked for. */
const targetStatusShape = z.enum(['STARTED', 'STOPPED'])

const simulationStatusShape = z.enum([
  'STARTING',
  'STARTED',
  'STOPPING',
  'STOPPED',
  'FAILED',
  'DELETING',
  'DELETED',
  'SNAPSHOT_IN_PROGRESS',
])
export type SimulationStatus = z.infer<typeof simulationStatusShape>

const clockStatusShape = z.enum(['STARTING', 'STARTED', 'STOPPING', 'STOPPED'])

export const appStatusShape = z.enum(['STARTING', 'STARTED', 'STOPPING', 'STOPPED', 'ERROR'])
export type AppStatus = z.infer<typeof appStatusShape>

const appStateShape = z.object({
  domain: z.string(),
  name: z.string(),
  lifecycle: lifecycleShape,
  status: appStatusShape,
  targetStatus: targetStatusShape,
  description: z.string().optional(),
  launchCommands: z.array(z.string()).optional(),
  /**
   * The app's ports, kept across its processes. Clients see them while the app is STARTED, with the
   * address that control gives.
   */
  endpoint: z.object({ ports: z.array(portMappingShape) }).optional(),
  /** For an app that a person starts by hand: the script that starts it. */
  byHand: z.string().optional(),
  /** Why the app is in ERROR. */
  failure: z.string().optional(),
})
export type AppState = z.infer<typeof appStateShape>

const restartShape = z.object({
  /** When the loss was found. */
  atMs: z.number(),
  reason: z.string(),
  /** The newest tick that is known to have been committed. */
  lostAtTick: z.number(),
  /** Set once it is STARTED again: the snapshot it came back from, if there was one. */
  back: z.object({ tick: z.number(), from: objectLocationShape.optional() }).optional(),
})
export type Restart = z.infer<typeof restartShape>

/**
 * All that control needs to know of a running simulation. The worker sends it whole at each change,
 * and keeps it in `status.json`.
 */
export const workerStatusShape = z.object({
  executionId: z.string(),
  /** Grows with every change; the newest wins. */
  revision: z.number(),
  workerPid: z.number(),
  status: simulationStatusShape,
  /** Why the start failed, why the simulation ended, or why it is held. */
  startErrors: z.array(startErrorShape),
  clock: z.object({ status: clockStatusShape, targetStatus: targetStatusShape }),
  tick: z.number(),
  domains: z.array(z.object({ name: z.string(), lifecycle: lifecycleShape })),
  /** The log group of the schema; absent if it names none. */
  logGroup: z.string().optional(),
  apps: z.array(appStateShape),
  snapshot: z.object({ location: objectLocationShape, tick: z.number() }).optional(),
  /** The outcome of the last snapshot. */
  lastSnapshot: z
    .object({
      location: objectLocationShape,
      tick: z.number(),
      bytes: z.number(),
      error: z.string().optional(),
    })
    .optional(),
  /** Current package locations of domains, if they differ from the schema. */
  packages: mapShape(z.string()).optional(),
  /** The newest restarts after a loss of the worker, oldest first. */
  restarts: z.array(restartShape).optional(),
})
export type WorkerStatus = z.infer<typeof workerStatusShape>

const durationsShape = z.object({
  counts: z.array(z.number()).readonly(),
  sumMs: z.number(),
}) satisfies z.ZodType<Durations>

const partitionMetricsShape = z.object({
  domain: z.string(),
  /** The app's name. */
  app: z.string(),
  /** Absent while the partition waits for its app. */
  status: appStatusShape.optional(),
  restarts: z.number(),
  /** Memory of the process without the shared memory; 0 if there is no process. */
  memoryBytes: z.number(),
  entities: z.number(),
  handedOut: z.number(),
  takenIn: z.number(),
  rejected: z.number(),
  phases: z.record(z.enum(appPhases), durationsShape),
})
export type PartitionMetrics = z.infer<typeof partitionMetricsShape>

/** Figures of a simulation: counts since its start, and what it holds now. */
const workerMetricsShape = z.object({
  executionId: z.string(),
  simulation: z.string(),
  clockStatus: clockStatusShape,
  /** The newest committed tick. */
  tick: z.number(),
  /** The target rate in ticks a second; 0 is unlimited. */
  tickRate: z.number(),
  missedTicks: z.number(),
  clockPhases: z.record(z.enum(clockPhases), durationsShape),
  /** Memory of the worker's own process. */
  workerMemoryBytes: z.number(),
  /** Bytes of shared memory in use. */
  fabricBytes: z.number(),
  /** The most shared memory that may be claimed. */
  fabricBytesMax: z.number(),
  /** By partition, including those that wait for an app. */
  partitions: z.array(partitionMetricsShape),
})
export type WorkerMetrics = z.infer<typeof workerMetricsShape>

const named = { domain: z.string(), name: z.string() }

export const workerCommandShape = z.discriminatedUnion('command', [
  z.object({ command: z.literal('status') }),
  z.object({ command: z.literal('metrics') }),
  z.object({ command: z.literal('startClock') }),
  z.object({ command: z.literal('stopClock') }),
  z.object({
    command: z.literal('startApp'),
    ...named,
    description: z.string().optional(),
    launchCommands: z.array(z.string()).optional(),
  }),
  z.object({ command: z.literal('stopApp'), ...named }),
  z.object({ command: z.literal('deleteApp'), ...named }),
  /**
   * Restarts an app that is in ERROR. `package` is a location as in schemas; from now on it applies
   * to all apps of the domain.
   */
  z.object({ command: z.literal('restartApp'), ...named, package: z.string().optional() }),
  z.object({ command: z.literal('createSnapshot'), location: objectLocationShape }),
  z.object({ command: z.literal('stop') }),
])
export type WorkerCommand = z.infer<typeof workerCommandShape>

/** An expected refusal; `error` is a name from the API's registry of errors. */
const refusalShape = z.object({
  error: z.enum([
    'ConflictException',
    'ResourceNotFoundException',
    'ValidationException',
    'ServiceQuotaExceededException',
    'AccessDeniedException',
  ]),
  message: z.string(),
})
export type Refusal = z.infer<typeof refusalShape>

/**
 * The worker answers every command with the status after it, or with a refusal that changed
 * nothing. It answers `metrics` with metrics while the simulation has apps and is not ending, and
 * otherwise with the status.
 */
export const workerAnswerShape = z.union([
  z.object({ status: workerStatusShape }),
  z.object({ refusal: refusalShape }),
  z.object({ metrics: workerMetricsShape }),
])
export type WorkerAnswer = z.infer<typeof workerAnswerShape>

/** What a worker publishes to all its connections at each change. */
export type WorkerEvent = WorkerStatus
