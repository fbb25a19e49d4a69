// The limits of schemas: Heddle's own, and those of the original service. Owns the numbers as data;
// the parser applies them.

import { z } from 'zod'

export const schemaLimitsShape = z.object({
  domainsMax: z.number(),
  strategiesMax: z.number(),
  workerGroupsMax: z.number(),
  /** Most workers of all groups together. */
  workersMax: z.number(),
  /** The allowed worker types; any name if absent. */
  workerTypes: z.array(z.string()).readonly().optional(),
  /**
   * The allowed tick rates in Hz besides `unlimited`; any whole number from 1 to `tickRateMax` if
   * absent.
   */
  tickRates: z.array(z.number()).readonly().optional(),
  tickRateMax: z.number(),
  /** Most cells, and most placement groups, on one axis. */
  gridAxisMax: z.number(),
  /** Most compute resource units of one app. */
  resourceUnitsMax: z.number(),
  /** Most apps of a service domain on each worker. */
  appsPerWorkerMax: z.number(),
  /**
   * Absolute paths of host folders that may contain packages. If there are none, packages must be
   * objects in buckets. Plans of older versions don't say.
   */
  packageFolders: z.array(z.string()).readonly().default([]),
})
export type SchemaLimits = Readonly<z.infer<typeof schemaLimitsShape>>

export const HEDDLE_LIMITS: SchemaLimits = Object.freeze({
  domainsMax: 64,
  strategiesMax: 64,
  workerGroupsMax: 64,
  workersMax: 1000,
  tickRateMax: 1000,
  gridAxisMax: 256,
  resourceUnitsMax: 17,
  appsPerWorkerMax: 2,
  packageFolders: [],
})

/**
 * The original service's limits, for users who want to know whether their simulation would have run
 * there.
 */
export const AWS_LIMITS: SchemaLimits = Object.freeze({
  domainsMax: 5,
  strategiesMax: 1,
  workerGroupsMax: 1,
  workersMax: 10,
  workerTypes: ['sim.c5.24xlarge'],
  tickRates: [10, 15, 30],
  tickRateMax: 30,
  gridAxisMax: 20,
  resourceUnitsMax: 4,
  appsPerWorkerMax: 2,
  packageFolders: [],
})

/** One day: the longest timeout of a domain, and of the operator's. */
export const APP_TIMEOUT_SECONDS_MAX = 86_400
