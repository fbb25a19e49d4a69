// The plan of a simulation's worker: what the store has of the simulation, what it was started with
// before, and what control is told today.
// Owns which of them wins; never writes a plan anywhere (a host does).

import type { ObjectsConfig } from '../../base/objects-config.ts'
import { parseMaximumDuration } from '../../core/lifecycle/duration.ts'
import { type HeddleTags, noHeddleTags, parseHeddleTags } from '../../core/lifecycle/heddle-tags.ts'
import type { SnapshotSettings } from '../../core/lifecycle/snapshot-settings.ts'
import { defaultLimits, type SimulationLimits } from '../../core/limits.ts'
import type { SimulationPlan } from '../../core/wire/plan.ts'
import type { SimulationRecord } from '../../io/store/store.ts'

export interface LaunchSettings {
  region: string
  accountId: string
  objects: ObjectsConfig
  appTimeoutMs: number
  readonly simulationLimits: SimulationLimits
  /** What holds where tags say nothing else. */
  snapshots: SnapshotSettings
}

/** `begun` is what a worker of that execution was started with before, where that is known. */
export function planFor(
  record: SimulationRecord,
  begun: SimulationPlan | undefined,
  { region, accountId, objects, appTimeoutMs, simulationLimits, snapshots }: LaunchSettings,
): SimulationPlan {
  return {
    executionId: record.executionId,
    simulationName: record.name,
    simulationArn: record.arn,
    accountId,
    region,
    createdAtMs: record.createdAtMs,
    maximumDurationMs: durationMsOf(record, begun),
    ...(record.schemaLocation !== undefined && { schemaLocation: record.schemaLocation }),
    ...(record.snapshotLocation !== undefined && { snapshotLocation: record.snapshotLocation }),
    tags: tagsOf(record, begun, snapshots),
    objects,
    appTimeoutMs,
    limits: limitsOf(begun, simulationLimits),
  }
}

/** What it was started with holds, whatever it was tagged with since. */
export function tagsOf(
  record: SimulationRecord,
  begun: SimulationPlan | undefined,
  snapshots?: SnapshotSettings,
): HeddleTags {
  if (begun !== undefined) return begun.tags
  // They were checked at the start; whoever tagged the simulation since may have written anything.
  const parsed = parseHeddleTags(record.tags, snapshots)
  return 'refusal' in parsed ? noHeddleTags : parsed
}

/** One that the store no longer tells is what it was started with, or else as long as may be. */
function durationMsOf(record: SimulationRecord, begun: SimulationPlan | undefined): number {
  const duration = parseMaximumDuration(record.maximumDuration, Number.POSITIVE_INFINITY)
  if (!('refusal' in duration)) return duration.durationMs
  return begun?.maximumDurationMs ?? defaultLimits.maximumDurationMs
}

/**
 * A plan of an older Heddle says nothing of folders with packages: what the operator lists today
 * holds. Whoever was started without any has no package there.
 */
function limitsOf(begun: SimulationPlan | undefined, today: SimulationLimits): SimulationLimits {
  if (begun === undefined) return today
  const { limits } = begun
  const isSaid = limits.schema.packageFolders.length > 0
  const { packageFolders } = isSaid ? limits.schema : today.schema
  return { ...limits, schema: { ...limits.schema, packageFolders } }
}
