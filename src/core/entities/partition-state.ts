// What a snapshot holds: the state of each partition at one tick, and what is true of the whole
// simulation at it.
// Owns the shapes in memory; never how they look in a file (columns.ts, manifest.ts), and never the
// fabric's own layout.

import type { Lifecycle } from '../schema/lifecycle.ts'
import type { AppStatus } from '../wire/worker-protocol.ts'
import type { DeclaredShape } from './shape.ts'

/**
 * One data field of all entities of a partition, as the fabric keeps it: a fixed stride, and what
 * of it is used.
 */
export interface FieldColumn {
  /** The field's number, from 1. */
  index: number
  /** Bytes in use of each row; -1 where the entity has no such field. */
  lengths: Int32Array
  /**
   * The type that the app gave the field's value, one a row; 0 where the entity has no such field.
   */
  typeIds: Uint32Array
  /** Bytes from one row to the next. */
  stride: number
  /** rows × stride; what lies behind a row's length is not part of the state. */
  data: Uint8Array
  /**
   * What the owner declared of values with its type id; others, and those that don't suit it, are
   * just bytes.
   */
  shape?: DeclaredShape
}

/**
 * All entities of one partition. Arrays are compact: one row an entity, no holes, all of them
 * `count` rows long.
 */
export interface PartitionState {
  domain: string
  lifecycle: Lifecycle
  /** The name of the app that owns the partition. */
  name: string
  /** Only of a spatial partition: its place in the grid. */
  cell?: { x: number; y: number }
  /** Ids made by the owner come from this lane; the counter is the next one that is free in it. */
  idLane: number
  idCounter: number
  count: number
  ids: Float64Array
  types: Uint32Array
  /** 3 × count: x, y, z of the first entity, then of the second, and so on. */
  positions: Float32Array
  /** In rising order of `index`; only the fields in use. */
  fields: FieldColumn[]
}

/** The area that a schema's `aabb_bounds` names; z is free. */
interface WorldBounds {
  x: [min: number, max: number]
  y: [min: number, max: number]
}

/**
 * The grid that a spatial domain was cut into when the snapshot was taken. A start may use another
 * one.
 */
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

/** What is true of the whole simulation at the snapshot's tick. */
export interface SnapshotHeader {
  simulationName: string
  executionId: string
  tick: number
  takenAtMs: number
  /**
   * The first lane of ids that no partition ever had: a restored world hands out lanes from here.
   */
  nextIdLane: number
  grids: SnapshotGrid[]
  apps: SnapshotApp[]
  /** Of the entities of all partitions, as `state-hash.ts` makes it: 16 hex digits. */
  stateHash: string
  /** The simulation's schema, byte for byte as it was uploaded. */
  schemaText: string
  heddleVersion: string
}
