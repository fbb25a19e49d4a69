// Maps rows of the table to records of the interface, and back.
// Owns that mapping, and how a damaged row is read; never runs SQL.

import { z } from 'zod'
import type { ObjectLocation } from '../../base/object-location.ts'
import { mapShape, parseJson, parseValue } from '../../base/parse.ts'
import { type IdempotencyToken, type SimulationRecord, StoreError } from './store.ts'

const text = z.string()
const textOrNull = z.string().nullable()

/** SQLite itself enforces these types (STRICT). */
const rowShape = z.object({
  execution_id: text,
  name: text,
  arn: text,
  created_at_ms: z.number(),
  role_arn: text,
  description: textOrNull,
  maximum_duration: text,
  schema_bucket: textOrNull,
  schema_key: textOrNull,
  snapshot_bucket: textOrNull,
  snapshot_key: textOrNull,
  tags: text,
  target_status: text,
  launched: z.number(),
  worker_status: textOrNull,
  failure: textOrNull,
  unanswered_since_ms: z.number().nullable(),
})
type SimulationRow = z.infer<typeof rowShape>

export const tagsShape = mapShape(z.string())
const targetStatusShape = z.enum(['STARTED', 'STOPPED'])

export function rowOf(record: SimulationRecord): SimulationRow {
  const { workerStatus } = record
  return {
    execution_id: record.executionId,
    name: record.name,
    arn: record.arn,
    created_at_ms: record.createdAtMs,
    role_arn: record.roleArn,
    description: record.description ?? null,
    maximum_duration: record.maximumDuration,
    schema_bucket: record.schemaLocation?.bucket ?? null,
    schema_key: record.schemaLocation?.key ?? null,
    snapshot_bucket: record.snapshotLocation?.bucket ?? null,
    snapshot_key: record.snapshotLocation?.key ?? null,
    tags: JSON.stringify(record.tags),
    target_status: record.targetStatus,
    launched: record.launched ? 1 : 0,
    worker_status: workerStatus === undefined ? null : JSON.stringify(workerStatus),
    failure: record.failure ?? null,
    unanswered_since_ms: record.unansweredSinceMs ?? null,
  }
}

/** Damage within a column affects that simulation alone; its `faults` name it. */
export function recordOf(found: unknown): SimulationRecord {
  const { content: row, fault } = parseValue(rowShape, found)
  if (fault !== undefined)
    throw new StoreError('Unreadable', `a row of the store is damaged: ${fault}`)
  const tags = parseJson(tagsShape, row.tags)
  const target = parseValue(targetStatusShape, row.target_status)
  const status = parseJson(z.looseObject({}).nullable(), row.worker_status ?? 'null')
  const faults = Object.entries({ tags, target_status: target, worker_status: status })
    .filter(([, { fault }]) => fault !== undefined)
    .map(([column, { fault }]) => `${column} of ${row.name} in the store is damaged: ${fault}`)
  const schemaLocation = locationOf(row.schema_bucket, row.schema_key)
  const snapshotLocation = locationOf(row.snapshot_bucket, row.snapshot_key)
  return {
    name: row.name,
    executionId: row.execution_id,
    arn: row.arn,
    createdAtMs: row.created_at_ms,
    roleArn: row.role_arn,
    maximumDuration: row.maximum_duration,
    tags: tags.content ?? {},
    targetStatus: target.content ?? 'STARTED',
    launched: row.launched !== 0,
    ...(row.description !== null && { description: row.description }),
    ...(schemaLocation !== undefined && { schemaLocation }),
    ...(snapshotLocation !== undefined && { snapshotLocation }),
    ...(status.content && { workerStatus: status.content }),
    ...(row.failure !== null && { failure: row.failure }),
    ...(row.unanswered_since_ms !== null && { unansweredSinceMs: row.unanswered_since_ms }),
    ...(faults.length > 0 && { faults }),
  }
}

/** The answer that is stored with a token: what has been JSON and an object before. */
export function answerOf(column: unknown, { operation, token }: IdempotencyToken): object {
  const { content, fault } = parseJson(z.looseObject({}), String(column))
  if (fault !== undefined)
    throw new StoreError(
      'Unreadable',
      `the answer of ${operation} with ClientToken ${token} in the store is damaged: ${fault}`,
    )
  return content
}

function locationOf(bucket: string | null, key: string | null): ObjectLocation | undefined {
  return bucket === null || key === null ? undefined : { bucket, key }
}
