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
  /** Settings that apply if the tags set nothing else. */
  snapshots: SnapshotSettings
}

/** `begun` is what an earlier worker of the execution was started with, if known. */
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

/** The settings of the first start apply, even if the tags have changed since. */
export function tagsOf(
  record: SimulationRecord,
  begun: SimulationPlan | undefined,
  snapshots?: SnapshotSettings,
): HeddleTags {
  if (begun !== undefined) return begun.tags
  // Tags were checked at the start; later ones are unchecked.
  const parsed = parseHeddleTags(record.tags, snapshots)
  return 'refusal' in parsed ? noHeddleTags : parsed
}

/** The first start's value if the store no longer has it, or else the longest possible. */
function durationMsOf(record: SimulationRecord, begun: SimulationPlan | undefined): number {
  const duration = parseMaximumDuration(record.maximumDuration, Number.POSITIVE_INFINITY)
  if (!('refusal' in duration)) return duration.durationMs
  return begun?.maximumDurationMs ?? defaultLimits.maximumDurationMs
}

/**
 * Plans of an older Heddle do not name package folders: then the operator's current list applies. A
 * simulation that was started without folders has no packages there.
 */
function limitsOf(begun: SimulationPlan | undefined, today: SimulationLimits): SimulationLimits {
  if (begun === undefined) return today
  const { limits } = begun
  const isSaid = limits.schema.packageFolders.length > 0
  const { packageFolders } = isSaid ? limits.schema : today.schema
  return { ...limits, schema: { ...limits.schema, packageFolders } }
}
