// What a simulation starts from: a schema, or a snapshot with the schema in it or another one beside it, read from the object store and checked.
// Owns the reading and the faults that come of it; never starts anything.

import { createWriteStream } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { parseSchema } from '../core/schema/parse-schema.ts'
import type { SimulationSchema } from '../core/schema/schema.ts'
import { RESTORING_FOLDER } from '../core/wire/places.ts'
import type { ObjectLocation, WorkerPlan } from '../core/wire/worker-protocol.ts'
import { type Objects, ObjectsError } from '../io/objects/objects.ts'
import { readSnapshot, refusalText, type Snapshot, SnapshotError } from './snapshot-file.ts'
import { StartFailure, startFailure } from './start-failure.ts'

export interface StartSource {
  schema: SimulationSchema
  schemaText: string
  snapshot?: Snapshot
}

const schemaBytesMax = 1024 ** 2

/** Throws StartFailure where something is missing or wrong, and the signal's reason where it ends the reading. */
export async function readStartSource(plan: WorkerPlan, objects: Objects, signal: AbortSignal): Promise<StartSource> {
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
        `${uri(location)} has ${info.bytes} bytes; a schema has at most ${schemaBytesMax}`,
      )
    }
    return await text(body)
  } catch (cause) {
    throw cause instanceof ObjectsError
      ? startFailure('SchemaNotFound', `the schema ${uri(location)} can not be read: ${cause.message}`, cause)
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
    return await readSnapshot(file, { signal })
  } catch (cause) {
    if (cause instanceof ObjectsError)
      throw startFailure('SnapshotNotFound', `the snapshot ${uri(location)} can not be read: ${cause.message}`, cause)
    if (cause instanceof SnapshotError) throw startFailure('SnapshotInvalid', refusalText(uri(location), cause), cause)
    throw cause
  } finally {
    // The open file goes on to be read; its bytes go when it is closed, or whoever has it open ends.
    await rm(folder, { recursive: true, force: true })
  }
}

function uri({ bucket, key }: ObjectLocation): string {
  return `s3://${bucket}/${key}`
}
