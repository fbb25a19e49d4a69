// The current state of the simulations of a data folder, whether control runs or not, and the way
// to their workers.
// Owns the choice among the sources: the worker, what it left on its host, the store. Changes
// nothing.

import { existsSync } from 'node:fs'
import { concludeLostWorker } from '../core/lifecycle/lost-worker.ts'
import { isFinal, type KnownSimulation, shownStatus } from '../core/lifecycle/simulation.ts'
import type {
  WorkerAnswer,
  WorkerCommand,
  WorkerMetrics,
  WorkerStatus,
} from '../core/wire/worker-protocol.ts'
import { BusError } from '../io/bus/bus.ts'
import type { SimulationRecord } from '../io/store/store.ts'
import { openStoreToRead } from '../io/store/store-copy.ts'
import type { Traces, WorkerHost } from '../joints/worker-host/worker-host.ts'
import type { DataFolder } from './data-folder.ts'
import { storedStatus } from './known-status.ts'
import { tagsOf } from './supervision/simulation-plan.ts'

export interface Overview {
  record: SimulationRecord
  status: string
  workerStatus?: WorkerStatus
  /** Tells users that the worker is alive but does not answer, and since when. */
  unanswered?: string
  /** Which of its files or rows are damaged, and how. */
  faults: readonly string[]
}

/** A simulation that the store knows, or one that it does not. */
type Execution = Pick<SimulationRecord, 'executionId'>

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

export async function overviewOf(host: WorkerHost, record: SimulationRecord): Promise<Overview> {
  const { status: stored, faults } = storedStatus(record)
  if (stored !== undefined && isFinal(stored.status))
    return { record, status: stored.status, workerStatus: stored, faults }
  const answer = await commandWorker(host, record, { command: 'status' })
  const traces = await host.look(record.executionId)
  const told = answer !== undefined && 'status' in answer ? answer.status : undefined
  const known = knownOf(record, traces, told ?? newest(traces.status, stored))
  const unanswered = told === undefined ? unansweredText(record, traces, known) : undefined
  const workerStatus = known.workerStatus && {
    ...known.workerStatus,
    // The memory of a worker that hangs is newer.
    tick: Math.max(known.workerStatus.tick, unanswered === undefined ? 0 : traces.tick),
  }
  return {
    record,
    status: shownStatus(known),
    ...(workerStatus && { workerStatus }),
    ...(unanswered !== undefined && { unanswered }),
    faults: [...faults, ...traces.faults],
  }
}

/** A worker does not hang before it serves, or after its last word. */
function unansweredText(
  { unansweredSinceMs: sinceMs }: SimulationRecord,
  { worker }: Traces,
  { workerStatus }: KnownSimulation,
): string | undefined {
  if (worker === undefined || workerStatus === undefined) return undefined
  if (isFinal(workerStatus.status)) return undefined
  if (sinceMs !== undefined)
    return `its worker (${worker}) has not answered since ${new Date(sinceMs).toISOString()}`
  if (workerStatus.status === 'STARTING') return undefined
  return `its worker (${worker}) does not answer now`
}

/** What control has concluded about a lost worker is newer than what the worker left. */
function newest(left?: WorkerStatus, stored?: WorkerStatus): WorkerStatus | undefined {
  return left !== undefined && left.revision >= (stored?.revision ?? 0) ? left : stored
}

/** A worker that ended without a last word is lost, even if control has not noticed yet. */
function knownOf(
  record: SimulationRecord,
  { worker, plan, tick }: Traces,
  workerStatus: WorkerStatus | undefined,
): KnownSimulation {
  const { executionId, name, targetStatus } = record
  const known = { name, targetStatus, ...(workerStatus !== undefined && { workerStatus }) }
  const isOver = workerStatus !== undefined && isFinal(workerStatus.status)
  if (isOver || !record.launched || worker !== undefined) return known
  const { status } = concludeLostWorker(executionId, known, {
    reason: 'its worker is gone',
    atMs: Date.now(),
    tick,
    isRestartWanted: tagsOf(record, plan).restartOnLoss,
  })
  return { ...known, workerStatus: status }
}

/**
 * Returns figures of the simulation. Returns undefined if it has no apps (yet or any more), or if
 * its worker does not answer.
 */
export async function metricsOf(
  host: WorkerHost,
  execution: Execution,
): Promise<WorkerMetrics | undefined> {
  const answer = await commandWorker(host, execution, { command: 'metrics' })
  return answer && 'metrics' in answer ? answer.metrics : undefined
}

/**
 * Sends a command to a simulation's worker, past control. Returns undefined if none answers in
 * time.
 */
export async function commandWorker(
  host: WorkerHost,
  { executionId }: Execution,
  command: WorkerCommand,
  limitMs = ANSWER_LIMIT_MS,
): Promise<WorkerAnswer | undefined> {
  try {
    const worker = await host.connect(executionId)
    try {
      return await worker.request(command, limitMs)
    } finally {
      await worker.close()
    }
  } catch (error) {
    if (error instanceof BusError) return undefined
    throw error
  }
}
