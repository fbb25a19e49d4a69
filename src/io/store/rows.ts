// Between a row of the table and a record of the interface.
// Owns that mapping alone; never runs SQL.

import type { SimulationRecord, StoredLocation } from './store.ts'

export interface SimulationRow {
  execution_id: string
  name: string
  arn: string
  created_at_ms: number
  role_arn: string
  description: string | null
  maximum_duration: string
  schema_bucket: string | null
  schema_key: string | null
  snapshot_bucket: string | null
  snapshot_key: string | null
  tags: string
  target_status: string
  launched: number
  worker_status: string | null
  failure: string | null
}

export function rowOf(record: SimulationRecord): SimulationRow {
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
    worker_status: record.workerStatus === undefined ? null : JSON.stringify(record.workerStatus),
    failure: record.failure ?? null,
  }
}

export function recordOf(row: SimulationRow): SimulationRecord {
  const schemaLocation = locationOf(row.schema_bucket, row.schema_key)
  const snapshotLocation = locationOf(row.snapshot_bucket, row.snapshot_key)
  return {
    name: row.name,
    executionId: row.execution_id,
    arn: row.arn,
    createdAtMs: row.created_at_ms,
    roleArn: row.role_arn,
    maximumDuration: row.maximum_duration,
    tags: JSON.parse(row.tags),
    targetStatus: row.target_status === 'STOPPED' ? 'STOPPED' : 'STARTED',
    launched: row.launched !== 0,
    ...(row.description !== null && { description: row.description }),
    ...(schemaLocation !== undefined && { schemaLocation }),
    ...(snapshotLocation !== undefined && { snapshotLocation }),
    ...(row.worker_status !== null && { workerStatus: JSON.parse(row.worker_status) as unknown }),
    ...(row.failure !== null && { failure: row.failure }),
  }
}

function locationOf(bucket: string | null, key: string | null): StoredLocation | undefined {
  return bucket === null || key === null ? undefined : { bucket, key }
}
