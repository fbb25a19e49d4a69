// What every program that opens a fabric knows of its world: the domains, which partition a
// position belongs to, and how many entities may move.
// Owns plain data that never changes while the simulation runs. Changing data (partitions, ticks)
// is in the control segment.

import { type Bounds, createGrid, type Grid } from '../../schema/grid.ts'
import type { Lifecycle } from '../../schema/lifecycle.ts'

export interface DomainDescription {
  name: string
  lifecycle: Lifecycle
  /** Spatial domains only. The partition of cell c has index `firstPartition + c`. */
  area?: { bounds: Bounds; columns: number; rows: number; firstPartition: number }
}

/** Written once as `world.json` beside the segments. */
export interface WorldDescription {
  simulationName: string
  executionId: string
  domains: DomainDescription[]
  /** Entities that one partition may get in a tick; limited only by its room if absent. */
  transfersPerTick?: number
}

export class World {
  readonly description: WorldDescription
  /** By domain index; undefined for domains without an area. */
  readonly grids: readonly (Grid | undefined)[]

  constructor(description: WorldDescription) {
    this.description = description
    this.grids = description.domains.map(
      ({ area }) => area && createGrid(area.bounds, area.columns, area.rows),
    )
  }

  /**
   * The partition of a spatial domain that owns a position; -1 outside its bounds, for NaN, and for
   * a domain without an area.
   */
  partitionAt(domain: number, x: number, y: number): number {
    const grid = this.grids[domain]
    if (!grid) return -1
    const cell = grid.cellOf(x, y)
    return cell < 0 ? -1 : this.description.domains[domain].area!.firstPartition + cell
  }

  /** Whether any spatial domain reaches to a position. */
  holds(x: number, y: number): boolean {
    return this.grids.some((grid) => grid !== undefined && grid.cellOf(x, y) >= 0)
  }

  /** Index of a domain by its name; -1 if there is none. */
  domainIndex(name: string): number {
    return this.description.domains.findIndex((domain) => domain.name === name)
  }

  /** The lifecycle of a domain by its name; undefined if there is none. */
  lifecycleOf(name: string): Lifecycle | undefined {
    return this.description.domains.find((domain) => domain.name === name)?.lifecycle
  }
}
