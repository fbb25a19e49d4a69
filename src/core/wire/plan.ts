// What a worker is started with: the decisions of control, and what its host adds.
// Owns the shapes; never decides what stands in a plan.

import { z } from 'zod'
import { objectLocationShape } from '../../base/object-location.ts'
import { objectsConfigShape } from '../../base/objects-config.ts'
import { heddleTagsShape } from '../lifecycle/heddle-tags.ts'
import { simulationLimitsShape } from '../limits.ts'
import { workerStatusShape } from './worker-protocol.ts'

/** Control's part: the same on every host. It holds no secret. */
const simulationPlanShape = z.object({
  executionId: z.string().min(1),
  simulationName: z.string().min(1),
  simulationArn: z.string(),
  accountId: z.string(),
  region: z.string(),
  createdAtMs: z.number(),
  maximumDurationMs: z.number(),
  /** Exactly one of the two is set. */
  schemaLocation: objectLocationShape.optional(),
  snapshotLocation: objectLocationShape.optional(),
  tags: heddleTagsShape,
  /**
   * Set if the worker replaces a lost one: the status to begin with, including the clock and the
   * custom apps to bring back.
   */
  last: workerStatusShape.optional(),
  objects: objectsConfigShape,
  /** The longest tick of an app, in ms; 0 means no limit. */
  appTimeoutMs: z.number(),
  limits: simulationLimitsShape,
})
export type SimulationPlan = z.infer<typeof simulationPlanShape>

/** The host's part: where files and memory are on that host. */
const workerPlaceShape = z.object({
  /** The folder of this execution: plan.json, status.json, packages. */
  runFolder: z.string().startsWith('/'),
  /** The parent of every simulation's log folder. */
  logsFolder: z.string().startsWith('/'),
  /**
   * The parent of every simulation's shared memory, on a tmpfs. The worker creates
   * `<fabricFolder>/<executionId>`, and serves on a socket in it.
   */
  fabricFolder: z.string().startsWith('/'),
  /**
   * Heddle's own folders. Packages and programs must not come from them, except those that the
   * worker has unpacked. Absent in plans of older versions.
   */
  closedFolders: z.array(z.string()).readonly().default([]),
})

/** Both parts: `plan.json` in the run folder. */
export const workerPlanShape = z.object({
  ...simulationPlanShape.shape,
  ...workerPlaceShape.shape,
})
export type WorkerPlan = z.infer<typeof workerPlanShape>
