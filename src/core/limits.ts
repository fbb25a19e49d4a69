// Heddle's own default limits, and the limits of the service.
// Owns the numbers as data; never reads a configuration file.

import { z } from 'zod'
import { AWS_LIMITS, HEDDLE_LIMITS, schemaLimitsShape } from './schema/schema-limits.ts'

/** Bytes and counts of one simulation's fabric. */
const fabricLimitsShape = z.object({
  entitiesPerPartition: z.number(),
  /** Data fields that one entity can have at once. */
  fieldsPerEntity: z.number(),
  fieldBytesMax: z.number(),
  messagesPerTick: z.number(),
  messageBytesMax: z.number(),
  /** All messages of one app in one tick together. */
  messageHeapBytes: z.number(),
  /** Custom apps that one simulation can have at once. */
  customApps: z.number(),
  /**
   * Shared memory that all partitions of one simulation may claim together; a share of the
   * machine's where absent.
   */
  memoryBytesMax: z.number().optional(),
  /** Entities that one partition may get in a tick; as many as it has room for where absent. */
  transfersPerTick: z.number().optional(),
})
export type FabricLimits = z.infer<typeof fabricLimitsShape>

/** What holds for one simulation; a worker gets them in its plan. */
export const simulationLimitsShape = z.object({
  schema: schemaLimitsShape,
  fabric: fabricLimitsShape,
  /** Compute resource units of a worker. */
  unitsPerWorker: z.number(),
})
export type SimulationLimits = z.infer<typeof simulationLimitsShape>

/** All that an operator may limit. */
export interface Limits {
  /** Simulations whose target status is STARTED, including failed ones until they are deleted. */
  simulations: number
  maximumDurationMs: number
  simulation: SimulationLimits
}

const DAY_MS = 86_400_000

const defaultFabricLimits: Readonly<FabricLimits> = Object.freeze({
  entitiesPerPartition: 1_048_576,
  fieldsPerEntity: 63,
  fieldBytesMax: 65_536,
  messagesPerTick: 65_536,
  messageBytesMax: 65_536,
  messageHeapBytes: 64 * 1024 ** 2,
  customApps: 256,
})

export const defaultSimulationLimits: SimulationLimits = Object.freeze({
  schema: HEDDLE_LIMITS,
  fabric: defaultFabricLimits,
  unitsPerWorker: 17,
})

export const defaultLimits: Limits = Object.freeze({
  simulations: 100,
  maximumDurationMs: 14 * DAY_MS,
  simulation: defaultSimulationLimits,
})

/** The quotas that a new account of the service had. */
export const awsLimits: Limits = Object.freeze({
  simulations: 2,
  maximumDurationMs: 14 * DAY_MS,
  simulation: Object.freeze({
    schema: Object.freeze({ ...AWS_LIMITS, workersMax: 2 }),
    fabric: Object.freeze({
      ...defaultFabricLimits,
      entitiesPerPartition: 8_192,
      fieldsPerEntity: 7,
      fieldBytesMax: 1_024,
      messagesPerTick: 128,
      messageBytesMax: 256,
      transfersPerTick: 500,
    }),
    unitsPerWorker: 17,
  }),
})

/** What happens to apps that fail. */
export const failureLimits = {
  /** Restarts of an app within the time, and for one tick; its next failure is final. */
  restartsMax: 3,
  withinMs: 60_000,
  /** Before the first restart, the second, the third. */
  pausesMs: [250, 1_000, 4_000],
  /** How long a process may take to attach to its partition. */
  attachTimeoutMs: 60_000,
  /** How long an app may take to exit once it was told to shut down. */
  shutdownGraceMs: 5_000,
} as const

/** Restarts of a simulation within the time after losses of its worker; the next loss is final. */
export const lossLimits = { restartsMax: 3, withinMs: 600_000 } as const
