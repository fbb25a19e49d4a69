// What a worker is started with: what control has decided of a simulation, and what the host that
// runs it adds. Owns the shapes; never decides what stands in a plan.

import { z } from 'zod'
import { objectLocationShape } from '../../base/object-location.ts'
import { objectsConfigShape } from '../../base/objects-config.ts'
import { heddleTagsShape } from '../lifecycle/heddle-tags.ts'
import { simulationLimitsShape } from '../limits.ts'
import { workerStatusShape } from './worker-protocol.ts'

/** Control's part: the same on whichever host the worker runs. It holds no secret. */
export const simulationPlanShape = z.object({
  executionId: z.string().min(1),
  simulationName: z.string().min(1),
  simulationArn: z.string(),
  accountId: z.string(),
  region: z.string(),
  createdAtMs: z.number(),
  maximumDurationMs: z.number(),
  /** Exactly one of the two. */
  schemaLocation: objectLocationShape.optional(),
  snapshotLocation: objectLocationShape.optional(),
  tags: heddleTagsShape,
  /**
   * Where it goes on for a worker that was lost: the status to begin with, with the clock and the
   * custom apps to bring back.
   */
  last: workerStatusShape.optional(),
  objects: objectsConfigShape,
  /** How long an app may take for one tick, in ms; 0 waits for ever. */
  appTimeoutMs: z.number(),
  limits: simulationLimitsShape,
})
export type SimulationPlan = z.infer<typeof simulationPlanShape>

/** A host's part: where its files and its memory are on that host. */
export const workerPlaceShape = z.object({
  /** Folder of this execution: plan.json, status.json, packages. */
  runFolder: z.string().startsWith('/'),
  /** Parent of every simulation's log folder. */
  logsFolder: z.string().startsWith('/'),
  /**
   * Parent of every simulation's shared memory, on a tmpfs: the worker makes
   * `<fabricFolder>/<executionId>`, and serves on a socket in it.
   */
  fabricFolder: z.string().startsWith('/'),
  /**
   * Heddle's own: no package and no program comes from them, other than those that the worker has
   * unpacked. Plans of older versions don't say.
   */
  closedFolders: z.array(z.string()).readonly().default([]),
})
export type WorkerPlace = z.infer<typeof workerPlaceShape>

/** Both: `plan.json` in the run folder. */
export const workerPlanShape = z.object({
  ...simulationPlanShape.shape,
  ...workerPlaceShape.shape,
})
export type WorkerPlan = z.infer<typeof workerPlanShape>
