// Saves the world of a simulation that is about to fail: with its snapshots, or else in the run
// folder.
// Owns the choice of the place and the time limit for each. The caller writes the snapshot.

import { join } from 'node:path'
import type { SnapshotOutcome } from '../../core/lifecycle/life.ts'
import { SAVED_WORLD_FILE } from '../../core/wire/places.ts'
import type { WorkerPlan } from '../../core/wire/plan.ts'
import { freePlace, placeText, type SnapshotPlace } from './snapshot-place.ts'

/** The time limit for one place. */
const LIMIT_MS = 300_000

interface SaveOptions {
  write(place: SnapshotPlace): Promise<SnapshotOutcome>
  /** Cancels the write in progress, which then fails. */
  cancel(): void
  /** A place failed; the next one is tried. */
  failed(message: string): void
}

/** Returns the place; undefined if all failed. */
export async function saveWorld(
  plan: WorkerPlan,
  options: SaveOptions,
): Promise<string | undefined> {
  const { simulationName, objects, tags, runFolder } = plan
  const inObjects = () => tags.snapshots && freePlace(objects, tags.snapshots, simulationName)
  const inRunFolder = async (): Promise<SnapshotPlace> => ({
    file: join(runFolder, SAVED_WORLD_FILE),
  })
  for (const find of [inObjects, inRunFolder]) {
    const limit = setTimeout(() => options.cancel(), LIMIT_MS)
    try {
      const place = await find()
      if (place === undefined) continue
      const outcome = await options.write(place)
      if (!('error' in outcome)) return placeText(place)
      throw new Error(`${placeText(place)}: ${outcome.error}`)
    } catch (cause) {
      options.failed(`the world could not be saved: ${(cause as Error).message}`)
    } finally {
      clearTimeout(limit)
    }
  }
  return undefined
}
