// What is true of the simulations of a data folder now, whether control runs or not.
// Owns the choice among the sources: the worker itself, its last word on disk, the store; changes nothing.

import { existsSync } from 'node:fs'
import { concludeLostWorker, isFinal, type KnownSimulation, shownStatus } from '../core/lifecycle/simulation.ts'
import { workerSocketPath } from '../core/wire/places.ts'
import type {
  WorkerAnswer,
  WorkerCommand,
  WorkerEvent,
  WorkerMetrics,
  WorkerPlan,
  WorkerStatus,
} from '../core/wire/worker-protocol.ts'
import { BusError } from '../io/bus/bus.ts'
import { connectBus } from '../io/bus/unix-bus.ts'
import { openSqliteStore } from '../io/store/sqlite-store.ts'
import type { SimulationRecord } from '../io/store/store.ts'
import { type DataFolder, runFolder } from './data-folder.ts'
import { readPlanFile, readStatusFile } from './supervision/status-file.ts'
import { findWorkerProcess } from './supervision/worker-process.ts'

export interface Overview {
  record: SimulationRecord
  status: string
  workerStatus?: WorkerStatus
}

const ANSWER_LIMIT_MS = 2_000

export async function readRecords(data: DataFolder): Promise<SimulationRecord[]> {
  if (!existsSync(data.store)) return []
  const store = openSqliteStore(data.store)
  try {
    return await store.listSimulations()
  } finally {
    await store.close()
  }
}

export async function overviewOf(data: DataFolder, record: SimulationRecord, workerProgram: string): Promise<Overview> {
  const { name, targetStatus } = record
  const stored = record.workerStatus as WorkerStatus | undefined
  const workerStatus = stored !== undefined && isFinal(stored.status) ? stored : await liveStatus(data, record, stored)
  let known: KnownSimulation = { name, targetStatus, ...(workerStatus !== undefined && { workerStatus }) }
  const final = workerStatus !== undefined && isFinal(workerStatus.status)
  if (
    !final &&
    record.launched &&
    findWorkerProcess(workerProgram, runFolder(data, record.executionId)) === undefined
  ) {
    known = { ...known, workerStatus: concludeLostWorker(record.executionId, known, 'its worker is gone') }
  }
  return { record, status: shownStatus(known), ...(known.workerStatus && { workerStatus: known.workerStatus }) }
}

async function liveStatus(
  data: DataFolder,
  record: SimulationRecord,
  stored: WorkerStatus | undefined,
): Promise<WorkerStatus | undefined> {
  const folder = runFolder(data, record.executionId)
  const plan = await readPlanFile(folder.plan)
  const answer = plan && (await askWorker(plan, { command: 'status' }))
  const told = answer && 'status' in answer ? answer.status : undefined
  return told ?? (await readStatusFile(folder.status)) ?? stored
}

/** How a simulation does. Undefined where it has no apps yet, or none any more, and where its worker does not answer. */
export async function metricsOf(
  data: DataFolder,
  { executionId }: SimulationRecord,
): Promise<WorkerMetrics | undefined> {
  const plan = await readPlanFile(runFolder(data, executionId).plan)
  const answer = plan && (await askWorker(plan, { command: 'metrics' }))
  return answer && 'metrics' in answer ? answer.metrics : undefined
}

async function askWorker(plan: WorkerPlan, command: WorkerCommand): Promise<WorkerAnswer | undefined> {
  try {
    const path = workerSocketPath(plan.fabricFolder, plan.executionId)
    const client = await connectBus<WorkerCommand, WorkerAnswer, WorkerEvent>(path)
    try {
      return await client.request(command, ANSWER_LIMIT_MS)
    } finally {
      await client.close()
    }
  } catch (error) {
    if (error instanceof BusError) return undefined
    throw error
  }
}
