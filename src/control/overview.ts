// What is true of the simulations of a data folder now, whether control runs or not, and the way to their workers.
// Owns the choice among the sources: the worker itself, its last word on disk, the store; changes nothing itself.

import { existsSync } from 'node:fs'
import { concludeLostWorker } from '../core/lifecycle/lost-worker.ts'
import { isFinal, type KnownSimulation, shownStatus } from '../core/lifecycle/simulation.ts'
import { workerSocketPath } from '../core/wire/places.ts'
import type { WorkerPlan } from '../core/wire/plan.ts'
import type {
  WorkerAnswer,
  WorkerCommand,
  WorkerEvent,
  WorkerMetrics,
  WorkerStatus,
} from '../core/wire/worker-protocol.ts'
import { BusError } from '../io/bus/bus.ts'
import { connectBus } from '../io/bus/unix-bus.ts'
import type { SimulationRecord } from '../io/store/store.ts'
import { openStoreToRead } from '../io/store/store-copy.ts'
import { type DataFolder, runFolder } from './data-folder.ts'
import { storedStatus } from './known-status.ts'
import { lastTick } from './supervision/last-tick.ts'
import { readPlan, readStatus } from './supervision/run-files.ts'
import { findFabricFolder, findWorkerProcess } from './supervision/worker-process.ts'

export interface Overview {
  record: SimulationRecord
  status: string
  workerStatus?: WorkerStatus
  /** What is wrong with its files. */
  faults: string[]
}

const ANSWER_LIMIT_MS = 2_000

export async function readRecords(data: DataFolder): Promise<SimulationRecord[]> {
  if (!existsSync(data.store)) return []
  const store = openStoreToRead(data.store)
  try {
    return await store.listSimulations()
  } finally {
    await store.close()
  }
}

export async function overviewOf(data: DataFolder, record: SimulationRecord, workerProgram: string): Promise<Overview> {
  const { name, targetStatus } = record
  const { status: stored, faults: stale } = storedStatus(record)
  const folder = runFolder(data, record.executionId)
  const isOver = stored !== undefined && isFinal(stored.status)
  const { content: plan, fault } = isOver ? {} : readPlan(folder, record.executionId)
  const { content: left, fault: statusFault } = isOver ? {} : readStatus(folder, record.executionId)
  const workerStatus = isOver ? stored : await liveStatus(placesOf(plan, record.executionId), left, stored)
  let known: KnownSimulation = { name, targetStatus, ...(workerStatus !== undefined && { workerStatus }) }
  const final = workerStatus !== undefined && isFinal(workerStatus.status)
  if (!final && record.launched && findWorkerProcess(workerProgram, folder) === undefined) {
    const { status } = concludeLostWorker(record.executionId, known, {
      reason: 'its worker is gone',
      atMs: Date.now(),
      tick: plan === undefined ? 0 : lastTick(plan, record.executionId, workerStatus),
      isRestartWanted: plan?.tags.restartOnLoss ?? false,
    })
    known = { ...known, workerStatus: status }
  }
  const faults = [...stale, fault, statusFault].filter((each) => each !== undefined)
  return { record, status: shownStatus(known), ...(known.workerStatus && { workerStatus: known.workerStatus }), faults }
}

/** What it takes to reach a worker. */
interface WorkerPlaces {
  executionId: string
  fabricFolder: string
}

function placesOf(plan: WorkerPlan | undefined, executionId: string): WorkerPlaces | undefined {
  const fabricFolder = plan?.fabricFolder ?? findFabricFolder(executionId)
  return fabricFolder === undefined ? undefined : { executionId, fabricFolder }
}

async function liveStatus(
  places: WorkerPlaces | undefined,
  left: WorkerStatus | undefined,
  stored: WorkerStatus | undefined,
): Promise<WorkerStatus | undefined> {
  const answer = places && (await askWorker(places, { command: 'status' }))
  if (answer && 'status' in answer) return answer.status
  // What control has concluded of a lost worker is newer than what that one left.
  return left !== undefined && left.revision >= (stored?.revision ?? 0) ? left : stored
}

/** One that the store knows, or doesn't. */
type Execution = Pick<SimulationRecord, 'executionId'>

/** How a simulation does. Undefined where it has no apps yet, or none any more, and where its worker does not answer. */
export async function metricsOf(data: DataFolder, execution: Execution): Promise<WorkerMetrics | undefined> {
  const answer = await commandWorker(data, execution, { command: 'metrics' })
  return answer && 'metrics' in answer ? answer.metrics : undefined
}

/** Gives a command to a simulation's worker, past control. Undefined where none answers in time. */
export async function commandWorker(
  data: DataFolder,
  { executionId }: Execution,
  command: WorkerCommand,
  limitMs = ANSWER_LIMIT_MS,
): Promise<WorkerAnswer | undefined> {
  const { content: plan } = readPlan(runFolder(data, executionId), executionId)
  const places = placesOf(plan, executionId)
  return places && askWorker(places, command, limitMs)
}

async function askWorker(
  places: WorkerPlaces,
  command: WorkerCommand,
  limitMs = ANSWER_LIMIT_MS,
): Promise<WorkerAnswer | undefined> {
  try {
    const path = workerSocketPath(places.fabricFolder, places.executionId)
    const client = await connectBus<WorkerCommand, WorkerAnswer, WorkerEvent>(path)
    try {
      return await client.request(command, limitMs)
    } finally {
      await client.close()
    }
  } catch (error) {
    if (error instanceof BusError) return undefined
    throw error
  }
}
