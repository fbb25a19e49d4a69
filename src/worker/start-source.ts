// What a simulation starts from: a schema, or a snapshot with the schema in it or another one beside it, read from the object store and checked;
// one whose worker was lost goes on from a snapshot of its own.
// Owns the reading and the faults that come of it; never starts anything.

import { createWriteStream } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { s3Uri } from '../base/s3-uri.ts'
import { parseSchema } from '../core/schema/parse-schema.ts'
import type { SimulationSchema } from '../core/schema/schema.ts'
import { RESTORING_FOLDER } from '../core/wire/places.ts'
import type { ObjectLocation, WorkerPlan } from '../core/wire/worker-protocol.ts'
import { type Objects, ObjectsError, type ObjectsFault } from '../io/objects/objects.ts'
import type { MadeSnapshots } from './made-snapshots.ts'
import { readSnapshot, refusalText, type Snapshot, SnapshotError } from './snapshot-file.ts'
import { StartFailure, startFailure } from './start-failure.ts'

export interface StartSource {
  schema: SimulationSchema
  schemaText: string
  snapshot?: Snapshot
  /** Where that is, if this execution itself has made it. */
  ownSnapshot?: ObjectLocation
}

export interface StartSourceOptions {
  made: MadeSnapshots
  signal: AbortSignal
  /** Why a snapshot of its own is not the one that it goes on from. */
  passedOver(reason: string): void
}

const schemaBytesMax = 1024 ** 2
/** How long the object store may take to answer where the machine, and it too, was started again. */
const answerLimitMs = 300_000
const answerRetryMs = 1000

/** Throws StartFailure where something is missing or wrong, and the signal's reason where it ends the reading. */
export async function readStartSource(
  plan: WorkerPlan,
  objects: Objects,
  options: StartSourceOptions,
): Promise<StartSource> {
  if (!plan.last) return readFirstSource(plan, objects, options.signal)
  const first = () => readFirstSource(plan, objects, options.signal)
  return (await readOwnSnapshot(plan, objects, options)) ?? (await patiently(first, options.signal))
}

/** Again and again while the object store doesn't answer. */
async function patiently<Result>(read: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
  const giveUpAtMs = performance.now() + answerLimitMs
  for (;;) {
    try {
      return await read()
    } catch (cause) {
      if (faultOf(cause) !== 'Unavailable' || performance.now() > giveUpAtMs) throw cause
    }
    await sleep(answerRetryMs, undefined, { signal })
  }
}

/** The newest one that is whole; undefined where there is none. Throws StartFailure where there are some, and each is refused: they may be worth a look. */
async function readOwnSnapshot(
  plan: WorkerPlan,
  objects: Objects,
  { made, signal, passedOver }: StartSourceOptions,
): Promise<StartSource | undefined> {
  const refused: StartFailure[] = []
  for (const location of made.newestFirst) {
    try {
      const read = () => readSnapshotObject(location, plan.runFolder, objects, signal)
      const snapshot = await patiently(read, signal)
      if (snapshot.header.executionId === plan.executionId)
        return { ...parsed(snapshot.header.schemaText, plan), snapshot, ownSnapshot: location }
      await snapshot.close()
      throw startFailure('SnapshotInvalid', `the snapshot ${s3Uri(location)} is one of another simulation`)
    } catch (cause) {
      const fault = faultOf(cause)
      if (!(cause instanceof StartFailure) || fault === 'Unavailable') throw cause
      if (fault === 'NoSuchKey') {
        made.forget(location)
        passedOver(`the snapshot ${s3Uri(location)} is not there: it was not finished, or has been deleted`)
      } else {
        refused.push(cause)
        passedOver(cause.message)
      }
    }
  }
  if (refused.length > 0) throw new StartFailure(refused.flatMap(({ errors }) => errors))
  return undefined
}

/** Of the object store, where it is the reason. */
function faultOf(failure: unknown): ObjectsFault | undefined {
  const reason = failure instanceof StartFailure ? failure.cause : failure
  return reason instanceof ObjectsError ? reason.fault : undefined
}

/** As StartSimulation has said. */
async function readFirstSource(plan: WorkerPlan, objects: Objects, signal: AbortSignal): Promise<StartSource> {
  if (plan.snapshotLocation) {
    const { schema } = plan.tags
    // The schema first: a snapshot may be large.
    const other = schema && parsed(await readSchemaObject(schema, objects), plan)
    const snapshot = await readSnapshotObject(plan.snapshotLocation, plan.runFolder, objects, signal)
    return { ...(other ?? parsed(snapshot.header.schemaText, plan)), snapshot }
  }
  return parsed(await readSchemaObject(plan.schemaLocation!, objects), plan)
}

function parsed(schemaText: string, plan: WorkerPlan): { schema: SimulationSchema; schemaText: string } {
  const result = parseSchema(schemaText, { limits: plan.limits.schema })
  if ('errors' in result) throw new StartFailure(result.errors)
  return { schema: result.schema, schemaText }
}

async function readSchemaObject(location: ObjectLocation, objects: Objects): Promise<string> {
  try {
    const { info, body } = await objects.get(location.bucket, location.key)
    if (info.bytes > schemaBytesMax) {
      body.destroy()
      throw startFailure(
        'SchemaFormatInvalid',
        `${s3Uri(location)} has ${info.bytes} bytes; a schema has at most ${schemaBytesMax}`,
      )
    }
    return await text(body)
  } catch (cause) {
    throw cause instanceof ObjectsError
      ? startFailure('SchemaNotFound', `the schema ${s3Uri(location)} can not be read: ${cause.message}`, cause)
      : cause
  }
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
    const { body } = await objects.get(location.bucket, location.key)
    await pipeline(body, createWriteStream(file), { signal })
    return await readSnapshot(file, { signal, keepsStates: true })
  } catch (cause) {
    if (cause instanceof ObjectsError)
      throw startFailure('SnapshotNotFound', `the snapshot ${s3Uri(location)} can not be read: ${cause.message}`, cause)
    if (cause instanceof SnapshotError)
      throw startFailure('SnapshotInvalid', refusalText(s3Uri(location), cause), cause)
    throw cause
  } finally {
    // The open file goes on to be read; its bytes go when it is closed, or whoever has it open ends.
    await rm(folder, { recursive: true, force: true })
  }
}
