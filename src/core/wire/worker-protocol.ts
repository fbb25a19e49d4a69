// What control and a simulation's worker say to each other, as plain JSON data.
// Owns the shapes of the status, the metrics, the commands and the answers, and the types that
// follow from them; never how they travel (that is io/bus). The plan is plan.ts.

import { z } from 'zod'
import { objectLocationShape } from '../../base/object-location.ts'
import { mapShape } from '../../base/parse.ts'
import { portMappingShape } from '../../base/port-mapping.ts'
import { appPhases, clockPhases } from '../fabric/memory/meters.ts'
import { lifecycleShape } from '../schema/lifecycle.ts'
import { startErrorShape } from '../schema/start-error.ts'
import type { Durations } from '../tick/durations.ts'

/** What a caller has asked for. */
export const targetStatusShape = z.enum(['STARTED', 'STOPPED'])

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
   * The ports that it has, over all of its processes: clients are told while it is STARTED, with
   * the address that control says.
   */
  endpoint: z.object({ ports: z.array(portMappingShape) }).optional(),
  /** Why it is in ERROR. */
  failure: z.string().optional(),
})
export type AppState = z.infer<typeof appStateShape>

const restartShape = z.object({
  /** When the loss was found. */
  atMs: z.number(),
  reason: z.string(),
  /** The newest tick that is known to have been committed. */
  lostAtTick: z.number(),
  /** Once it is STARTED again: from which snapshot, where there was one. */
  back: z.object({ tick: z.number(), from: objectLocationShape.optional() }).optional(),
})
export type Restart = z.infer<typeof restartShape>

/**
 * All that control needs to know of a running simulation; sent whole at each change, and kept in
 * `status.json`.
 */
export const workerStatusShape = z.object({
  executionId: z.string(),
  /** Grows with every change; the newest wins. */
  revision: z.number(),
  workerPid: z.number(),
  status: simulationStatusShape,
  /** What ended its start, or ended it later; while it is held: why. */
  startErrors: z.array(startErrorShape),
  clock: z.object({ status: clockStatusShape, targetStatus: targetStatusShape }),
  tick: z.number(),
  domains: z.array(z.object({ name: z.string(), lifecycle: lifecycleShape })),
  /** Name of the log group from the schema; absent where the schema names none. */
  logGroup: z.string().optional(),
  apps: z.array(appStateShape),
  snapshot: z.object({ location: objectLocationShape, tick: z.number() }).optional(),
  /** The last snapshot's outcome, once there is one. */
  lastSnapshot: z
    .object({
      location: objectLocationShape,
      tick: z.number(),
      bytes: z.number(),
      error: z.string().optional(),
    })
    .optional(),
  /** Where domains' packages are by now, where it isn't as the schema says. */
  packages: mapShape(z.string()).optional(),
  /** How often it was started again because its worker was lost: the newest few, oldest first. */
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
  /** Absent where the partition waits for its app. */
  status: appStatusShape.optional(),
  restarts: z.number(),
  /** What its process takes, the shared memory excepted; 0 while there is none. */
  memoryBytes: z.number(),
  entities: z.number(),
  handedOut: z.number(),
  takenIn: z.number(),
  rejected: z.number(),
  phases: z.record(z.enum(appPhases), durationsShape),
})
export type PartitionMetrics = z.infer<typeof partitionMetricsShape>

/** How a simulation does: what was counted since its start, and what it holds now. */
const workerMetricsShape = z.object({
  executionId: z.string(),
  simulation: z.string(),
  clockStatus: clockStatusShape,
  /** Newest committed tick. */
  tick: z.number(),
  /** Ticks a second that the clock aims at; 0 is unlimited. */
  tickRate: z.number(),
  missedTicks: z.number(),
  clockPhases: z.record(z.enum(clockPhases), durationsShape),
  /** Of the worker's process itself. */
  workerMemoryBytes: z.number(),
  /** Of the shared memory. */
  fabricBytes: z.number(),
  /** The most shared memory that may be claimed. */
  fabricBytesMax: z.number(),
  /** By partition, those that wait for an app included. */
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
   * Starts an app in ERROR again; `package` is a location as schemas have it, for all apps of the
   * domain from now on.
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
 * Every command is answered with the status after it, or with a refusal that changed nothing;
 * `metrics` with metrics, as long as the simulation has apps and is not ending, and with the status
 * otherwise.
 */
export const workerAnswerShape = z.union([
  z.object({ status: workerStatusShape }),
  z.object({ refusal: refusalShape }),
  z.object({ metrics: workerMetricsShape }),
])
export type WorkerAnswer = z.infer<typeof workerAnswerShape>

/** What a worker publishes on its bus to everybody connected, at each change. */
export type WorkerEvent = WorkerStatus
