// What a snapshot holds: the state of each partition and of the whole simulation at one tick.
// Owns the shapes in memory; never how they look in a file (columns.ts, manifest.ts), nor the
// layout of the fabric.

import type { Lifecycle } from '../schema/lifecycle.ts'
import type { AppStatus } from '../wire/worker-protocol.ts'
import type { DeclaredShape } from './shape.ts'

/**
 * One data field of all entities of a partition, as the fabric keeps it: rows of a fixed stride,
 * each with its used length.
 */
export interface FieldColumn {
  /** The field's number, from 1. */
  index: number
  /** Bytes in use of each row; -1 if the entity has no such field. */
  lengths: Int32Array
  /** The type that the app gave the field's value, one a row; 0 if the entity has no such field. */
  typeIds: Uint32Array
  /** Bytes from one row to the next. */
  stride: number
  /** rows × stride. The bytes beyond the length of a row are not part of the state. */
  data: Uint8Array
  /**
   * The shape that the owner declared for values with this type id. Other values, and those that do
   * not suit it, are plain bytes.
   */
  shape?: DeclaredShape
}

/**
 * All entities of one partition. Arrays are compact: one row an entity, no holes, each `count` rows
 * long.
 */
export interface PartitionState {
  domain: string
  lifecycle: Lifecycle
  /** The name of the app that owns the partition. */
  name: string
  /** The place in the grid; only for spatial partitions. */
  cell?: { x: number; y: number }
  /** Ids made by the owner come from this lane; the counter is the next free one in it. */
  idLane: number
  idCounter: number
  count: number
  ids: Float64Array
  types: Uint32Array
  /** 3 × count: x, y, z of the first entity, then of the second, and so on. */
  positions: Float32Array
  /** Only the fields in use, in rising order of `index`. */
  fields: FieldColumn[]
}

/** The area in a schema's `aabb_bounds`; z is unbounded. */
interface WorldBounds {
  x: [min: number, max: number]
  y: [min: number, max: number]
}

/** The grid of a spatial domain when the snapshot was taken. A start may use another one. */
interface SnapshotGrid {
  domain: string
  columns: number
  rows: number
  bounds: WorldBounds
}

interface SnapshotApp {
  domain: string
  name: string
  lifecycle: Lifecycle
  status: AppStatus
}

/** The state of the whole simulation at the snapshot's tick. */
export interface SnapshotHeader {
  simulationName: string
  executionId: string
  tick: number
  takenAtMs: number
  /** The first lane of ids that no partition ever had. A restored world assigns lanes from here. */
  nextIdLane: number
  grids: SnapshotGrid[]
  apps: SnapshotApp[]
  /** The hash of the entities of all partitions (`state-hash.ts`): 16 hex digits. */
  stateHash: string
  /** The simulation's schema, byte for byte as it was uploaded. */
  schemaText: string
  heddleVersion: string
}
