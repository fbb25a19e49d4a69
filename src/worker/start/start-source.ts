// Reads what a simulation starts from: a schema, or a snapshot with its own or another schema.
// After the loss of a worker it is one of the execution's own snapshots.
// Owns the reading and its faults; never starts anything.

import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { ObjectLocation } from '../../base/object-location.ts'
import { s3Uri } from '../../base/s3-uri.ts'
import { parseSchema } from '../../core/schema/parse-schema.ts'
import type { SimulationSchema } from '../../core/schema/schema.ts'
import { RESTORING_FOLDER } from '../../core/wire/places.ts'
import type { WorkerPlan } from '../../core/wire/plan.ts'
import { type Objects, ObjectsError } from '../../io/objects/objects.ts'
import { readObject } from '../../io/objects/read-object.ts'
import {
  readSnapshot,
  refusalText,
  type Snapshot,
  SnapshotError,
} from '../../joints/snapshot/snapshot-file.ts'
import type { MadeSnapshots } from '../snapshots/made-snapshots.ts'
import { findSnapshots } from './find-snapshots.ts'
import { keepSource, keptSource } from './kept-source.ts'
import { faultOf, Patience } from './patience.ts'
import { StartFailure, startFailure } from './start-failure.ts'

interface StartSource {
  schema: SimulationSchema
  schemaText: string
  /** Folders of the host in which its packages may lie. */
  packageFolders: readonly string[]
  snapshot?: Snapshot
  /** The snapshot's place, if this execution made it. */
  ownSnapshot?: ObjectLocation
}

interface StartSourceOptions {
  made: MadeSnapshots
  signal: AbortSignal
  /** Called with the reason if one of its own snapshots is not used. */
  passedOver(reason: string): void
}

const SCHEMA_BYTES_MAX = 1024 ** 2

/** Throws StartFailure if something is missing or wrong, or the signal's reason if aborted. */
export async function readStartSource(
  plan: WorkerPlan,
  objects: Objects,
  options: StartSourceOptions,
): Promise<StartSource> {
  const first = () => readFirstSource(plan, objects, options.signal)
  if (!plan.last) return first()
  const patience = new Patience(options.signal)
  return (await readOwnSnapshot(plan, objects, patience, options)) ?? (await patience.with(first))
}

/**
 * Reads the newest of its own snapshots that is whole; undefined if there is none. Throws
 * StartFailure if all were refused: they may still be worth saving.
 */
async function readOwnSnapshot(
  plan: WorkerPlan,
  objects: Objects,
  patience: Patience,
  { made, signal, passedOver }: StartSourceOptions,
): Promise<StartSource | undefined> {
  const refused: StartFailure[] = []
  if (made.fault !== undefined)
    passedOver(`${made.fault}; its snapshots are looked for in their buckets`)
  const candidates = made.isUnknown
    ? await patience.with(() => findSnapshots(plan, objects, signal))
    : made.newestFirst
  for (const candidate of candidates) {
    const location = { bucket: candidate.bucket, key: candidate.key }
    try {
      const read = () => readSnapshotObject(location, plan.runFolder, objects, signal)
      const snapshot = await patience.with(read)
      if (snapshot.header.executionId === plan.executionId) {
        if (made.isUnknown) made.add(candidate)
        return { ...parsed(snapshot.header.schemaText, plan), snapshot, ownSnapshot: location }
      }
      await snapshot.close()
      // A simulation with the same name made it, and no list claims it.
      if (made.isUnknown) continue
      throw startFailure(
        'SnapshotInvalid',
        `the snapshot ${s3Uri(location)} is one of another simulation`,
      )
    } catch (cause) {
      const fault = faultOf(cause)
      if (!(cause instanceof StartFailure) || fault === 'Unavailable') throw cause
      if (fault === 'NoSuchKey') {
        made.forget(location)
        passedOver(
          `the snapshot ${s3Uri(location)} is not there: it was not finished, or has been deleted`,
        )
      } else {
        refused.push(cause)
        passedOver(cause.message)
      }
    }
  }
  if (refused.length > 0) throw new StartFailure(refused.flatMap(({ errors }) => errors))
  return undefined
}

/** Reads the source that StartSimulation named, as it was then. */
async function readFirstSource(
  plan: WorkerPlan,
  objects: Objects,
  signal: AbortSignal,
): Promise<StartSource> {
  const { runFolder, snapshotLocation, tags } = plan
  const kept = keptSource(runFolder)
  // Read the schema first: a snapshot may be large.
  const location = snapshotLocation === undefined ? plan.schemaLocation! : tags.schema
  const text = kept?.schemaText ?? (location && (await readSchemaObject(location, objects, signal)))
  const own = text === undefined ? undefined : parsed(text, plan)
  if (snapshotLocation === undefined) {
    if (!kept) keepSource(runFolder, { schemaText: own!.schemaText })
    return own!
  }
  const snapshot = await readSnapshotObject(snapshotLocation, runFolder, objects, signal)
  try {
    const { executionId, tick, stateHash } = snapshot.header
    const snapshotId = `${executionId} ${tick} ${stateHash}`
    if (kept && kept.snapshotId !== snapshotId)
      throw startFailure(
        'SnapshotInvalid',
        `the snapshot ${s3Uri(snapshotLocation)} ` +
          'is another one than the simulation was started from',
      )
    const source = own ?? parsed(snapshot.header.schemaText, plan)
    if (!kept) keepSource(runFolder, { schemaText: source.schemaText, snapshotId })
    return { ...source, snapshot }
  } catch (cause) {
    await snapshot.close()
    throw cause
  }
}

function parsed(schemaText: string, plan: WorkerPlan): StartSource {
  const packageFolders = packageFoldersFor(schemaText, plan)
  const result = parseSchema(schemaText, { limits: { ...plan.limits.schema, packageFolders } })
  if ('errors' in result) throw new StartFailure(result.errors)
  return { schema: result.schema, schemaText, packageFolders }
}

/**
 * The operator allows host packages for one exact schema, by its hash, so that nobody can replace
 * it.
 */
function packageFoldersFor(schemaText: string, { limits, tags }: WorkerPlan): readonly string[] {
  const sha256 = createHash('sha256').update(schemaText).digest('hex')
  return tags.hostPackages === sha256 ? ['/'] : limits.schema.packageFolders
}

async function readSchemaObject(
  location: ObjectLocation,
  objects: Objects,
  signal: AbortSignal,
): Promise<string> {
  try {
    return await readObject(objects, location, (_, body) => schemaText(location, body), { signal })
  } catch (cause) {
    throw cause instanceof ObjectsError
      ? startFailure(
          'SchemaNotFound',
          `the schema ${s3Uri(location)} can not be read: ${cause.message}`,
          cause,
        )
      : cause
  }
}

/** Counts the bytes itself: the announced size may be wrong. */
async function schemaText(
  location: ObjectLocation,
  body: AsyncIterable<Uint8Array>,
): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.length
    if (bytes > SCHEMA_BYTES_MAX)
      throw startFailure(
        'SchemaFormatInvalid',
        `${s3Uri(location)} has more than the ${SCHEMA_BYTES_MAX} bytes of a schema`,
      )
    chunks.push(chunk)
  }
  return new TextDecoder().decode(Buffer.concat(chunks))
}

async function readSnapshotObject(
  location: ObjectLocation,
  runFolder: string,
  objects: Objects,
  signal: AbortSignal,
): Promise<Snapshot> {
  const folder = join(runFolder, RESTORING_FOLDER)
  const file = join(folder, 'start.zip')
  try {
    await mkdir(folder, { recursive: true })
    await readObject(
      objects,
      location,
      (_, body) => pipeline(body, createWriteStream(file), { signal }),
      { signal },
    )
    return await readSnapshot(file, { signal, keepsStates: true })
  } catch (cause) {
    if (cause instanceof ObjectsError) {
      const type = cause.fault === 'Damaged' ? 'SnapshotInvalid' : 'SnapshotNotFound'
      throw startFailure(
        type,
        `the snapshot ${s3Uri(location)} can not be read: ${cause.message}`,
        cause,
      )
    }
    if (cause instanceof SnapshotError)
      throw startFailure('SnapshotInvalid', refusalText(s3Uri(location), cause), cause)
    throw cause
  } finally {
    // The open file stays readable. Its space is freed when it is closed or the process ends.
    await rm(folder, { recursive: true, force: true })
  }
}
