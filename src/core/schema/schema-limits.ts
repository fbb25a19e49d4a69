// How much a schema may ask for: the project's own limits, and those of the service that the format comes from.
// Owns the numbers as data; the parser holds schemas against them.

import { z } from 'zod'

export const schemaLimitsShape = z.object({
  domainsMax: z.number(),
  strategiesMax: z.number(),
  workerGroupsMax: z.number(),
  /** Workers that all groups together may ask for. */
  workersMax: z.number(),
  /** The worker types there are; any name where absent. */
  workerTypes: z.array(z.string()).readonly().optional(),
  /**
   * The tick rates there are, in Hz, besides `unlimited`; any whole number from 1 to `tickRateMax`
   * where absent.
   */
  tickRates: z.array(z.number()).readonly().optional(),
  tickRateMax: z.number(),
  /** Cells, and placement groups, on one axis. */
  gridAxisMax: z.number(),
  /** Compute resource units of one app. */
  resourceUnitsMax: z.number(),
  /** Apps of a service domain on each worker. */
  appsPerWorkerMax: z.number(),
  /**
   * Folders of the host, absolute, in which packages may lie; where there are none, packages are
   * objects in buckets only.
   */
  packageFolders: z.array(z.string()).readonly(),
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

/** What the service allowed at most, for people who want to know whether their simulation would have run there. */
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

/** Of a domain's timeout, and of the operator's: a day. */
export const APP_TIMEOUT_SECONDS_MAX = 86_400
