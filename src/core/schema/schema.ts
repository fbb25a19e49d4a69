// The content of a simulation schema as plain frozen data in the project's own terms. Owns the
// shapes; `parse-schema.ts` reads files.

import type { PackageLocation } from '../../base/package-location.ts'
import type { Bounds } from './grid.ts'

export interface SimulationSchema {
  /** `1.12` to `1.17`. */
  readonly sdkVersion: string
  /**
   * Name of the log group for the simulation's streams. If absent, the streams are deleted with the
   * simulation.
   */
  readonly logDestination?: string
  readonly clock: { readonly tickRate: TickRate }
  readonly workers: readonly WorkerGroup[]
  readonly strategies: readonly PartitioningStrategy[]
  /** In the order of the file. */
  readonly domains: readonly Domain[]
  readonly placementConstraints: readonly PlacementConstraint[]
}

/** Ticks per second. */
export type TickRate = number | 'unlimited'

export interface WorkerGroup {
  readonly name: string
  readonly type: string
  /** Number of workers. */
  readonly desired: number
}

export interface Size {
  readonly x: number
  readonly y: number
}

export interface PartitioningStrategy {
  readonly name: string
  /** Float32 numbers. */
  readonly bounds: Readonly<Bounds>
  /** Number of groups on each axis; the cells of a group share a worker. */
  readonly placementGroups?: Size
}

export type Domain = SpatialDomain | ServiceDomain | CustomDomain

interface DomainBase {
  readonly name: string
  readonly package: PackageLocation
  /** The program and its arguments; at least the program. */
  readonly launchCommand: readonly string[]
  /** Compute resource units that one app takes of its worker. */
  readonly resourceUnits: number
  /** Ports that an app binds to; always empty for spatial domains. */
  readonly ingressPorts: readonly number[]
  /**
   * How long an app may take for a tick, in ms; 0 waits for ever. Absent if the schema does not
   * say.
   */
  readonly appTimeoutMs?: number
  /** A container image: the domain's own, or the schema's default. */
  readonly image?: string
}

/** One app for each cell of a grid. */
export interface SpatialDomain extends DomainBase {
  readonly lifecycle: 'BySpatialSubdivision'
  /** Name of the partitioning strategy. */
  readonly strategy: string
  /** Cells on each axis. */
  readonly grid: Size
}

/** The same number of apps on every worker. */
export interface ServiceDomain extends DomainBase {
  readonly lifecycle: 'PerWorker'
  readonly countPerWorker: number
}

/** Apps that callers start and stop. */
export interface CustomDomain extends DomainBase {
  readonly lifecycle: 'ByRequest'
}

export interface PlacementConstraint {
  /** Names of spatial domains whose cells share workers, cell by cell. */
  readonly placedTogether: readonly string[]
  /** Names of the worker groups that may have the domains' apps. */
  readonly onWorkers: readonly string[]
}
