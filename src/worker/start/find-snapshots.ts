// Finds the snapshots of an execution in the buckets, if its list of them was lost.
// Owns where to look and what a key tells. Never reads a snapshot: only its header tells the
// execution.

import { snapshotKeyPrefix, snapshotKeyTimeMs } from '../../core/lifecycle/snapshot-key.ts'
import type { WorkerPlan } from '../../core/wire/plan.ts'
import { type Objects, ObjectsError } from '../../io/objects/objects.ts'
import type { MadeSnapshot } from '../snapshots/made-snapshots.ts'

/** How much earlier than the simulation's creation a key's time may be: keys have whole seconds. */
const EARLY_MS_MAX = 1000

/**
 * Returns the snapshots, newest first, from the place in the tags and those that the last worker
 * reported.
 */
export async function findSnapshots(
  plan: WorkerPlan,
  objects: Objects,
  signal?: AbortSignal,
): Promise<MadeSnapshot[]> {
  const { simulationName, createdAtMs } = plan
  const found: (MadeSnapshot & { atMs: number })[] = []
  for (const { bucket, prefix, isAutomatic } of placesOf(plan)) {
    for (const key of await keysIn(
      objects,
      bucket,
      snapshotKeyPrefix(prefix, simulationName),
      signal,
    )) {
      const atMs = snapshotKeyTimeMs(prefix, simulationName, key)
      if (atMs !== undefined && atMs >= createdAtMs - EARLY_MS_MAX)
        found.push({ bucket, key, isAutomatic, atMs })
    }
  }
  return found
    .sort((a, b) => b.atMs - a.atMs)
    .map(({ bucket, key, isAutomatic }) => ({ bucket, key, isAutomatic }))
}

interface SnapshotPlace {
  bucket: string
  prefix: string
  isAutomatic: boolean
}

function placesOf({ tags, last, simulationName }: WorkerPlan): SnapshotPlace[] {
  const automatic = tags.snapshots && {
    bucket: tags.snapshots.bucket,
    prefix: tags.snapshots.prefix,
    isAutomatic: true,
  }
  const told = [
    last?.lastSnapshot?.location,
    last?.snapshot?.location,
    ...(last?.restarts ?? []).map(({ back }) => back?.from),
  ]
  const places = [...(automatic ? [automatic] : [])]
  for (const location of told) {
    const end = location?.key.lastIndexOf(snapshotKeyPrefix('', simulationName)) ?? -1
    if (location === undefined || end < 0) continue
    const { bucket } = location
    const prefix = location.key.slice(0, end)
    const isKnown = places.some(
      (place) => place.bucket === bucket && folder(place.prefix) === folder(prefix),
    )
    if (!isKnown) places.push({ bucket, prefix, isAutomatic: false })
  }
  return places
}

function folder(prefix: string): string {
  return snapshotKeyPrefix(prefix, '')
}

/** Returns no keys if the bucket does not exist. */
async function keysIn(
  objects: Objects,
  bucket: string,
  prefix: string,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  try {
    return await objects.keys(bucket, prefix, signal)
  } catch (error) {
    if (error instanceof ObjectsError && error.fault === 'NoSuchBucket') return []
    throw error
  }
}
