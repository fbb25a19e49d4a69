// Worlds that run in a data folder and that its store doesn't know: the store was removed, or is another one.
// Owns how they are found and how they are ended; never decides that they shall be.

import { readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { isFinal } from '../../core/lifecycle/simulation.ts'
import { workerSocketPath } from '../../core/wire/places.ts'
import type { WorkerPlan } from '../../core/wire/plan.ts'
import type { WorkerAnswer, WorkerCommand, WorkerEvent } from '../../core/wire/worker-protocol.ts'
import { BusError } from '../../io/bus/bus.ts'
import { connectBus } from '../../io/bus/unix-bus.ts'
import type { SimulationRecord } from '../../io/store/store.ts'
import { type DataFolder, type RunFolder, runFolder } from '../data-folder.ts'
import { removeRemains } from './remains.ts'
import { readPlan, readStatus } from './run-files.ts'
import type { Processes } from './supervision.ts'
import { findFabricFolder, findWorkerProcess } from './worker-process.ts'

export interface Stray {
  executionId: string
  /** Its execution id where its plan is damaged. */
  name: string
  pid: number
  folder: RunFolder
  /** Undefined where nobody can say where that is. */
  fabricFolder: string | undefined
  plan: WorkerPlan | undefined
}

const RETRY_MS = 50
const ANSWER_LIMIT_MS = 5_000

/** A worker that has said its last word is none: its simulation was deleted, and its process is about to end. */
export function findStrays(data: DataFolder, records: readonly SimulationRecord[], workerProgram: string): Stray[] {
  const known = new Set(records.map(({ executionId }) => executionId))
  return runFolderNames(data).flatMap((executionId) => {
    if (known.has(executionId)) return []
    const folder = runFolder(data, executionId)
    const pid = findWorkerProcess(workerProgram, folder)
    const { content: status } = readStatus(folder, executionId)
    if (pid === undefined || (status !== undefined && isFinal(status.status))) return []
    const { content: plan } = readPlan(folder, executionId)
    const fabricFolder = plan?.fabricFolder ?? findFabricFolder(executionId)
    return [{ executionId, name: plan?.simulationName ?? executionId, pid, folder, fabricFolder, plan }]
  })
}

/** Worlds run that the store doesn't know: whoever served it would take them for remains, and end them. */
export class StraysError extends Error {
  override readonly name = 'StraysError'
  constructor(data: DataFolder, strays: readonly Stray[], isStoreMissing: boolean) {
    const found = strays.map(({ name, pid, folder }) => `${name} (process ${pid}, ${folder.folder})`).join(', ')
    const [these, them] = strays.length === 1 ? ['this simulation runs', 'it'] : ['these simulations run', 'them']
    super(
      `the store ${data.store} ${isStoreMissing ? 'is missing' : `doesn't know ${them}`}, and ${these}: ${found}; ` +
        `put the store back that was there, or end ${them} with heddle down --data ${data.folder}`,
    )
  }
}

/** Asks its worker to stop, ends it where it doesn't within `limitMs`, and removes what is left. Gives the last status, or `killed`. */
export async function endStray(
  stray: Stray,
  processes: Processes,
  workerProgram: string,
  limitMs: number,
): Promise<string> {
  const { executionId, folder, fabricFolder } = stray
  const killAtMs = Date.now() + limitMs
  const isAsked = fabricFolder !== undefined && (await askToStop(fabricFolder, executionId))
  while (isAsked && findWorkerProcess(workerProgram, folder) !== undefined && Date.now() < killAtMs)
    await sleep(RETRY_MS)
  if (fabricFolder === undefined) await processes.kill(executionId)
  else await removeRemains(processes, fabricFolder, executionId, folder)
  const { content: left } = readStatus(folder, executionId)
  return left !== undefined && isFinal(left.status) ? left.status : 'killed'
}

async function askToStop(fabricFolder: string, executionId: string): Promise<boolean> {
  try {
    const path = workerSocketPath(fabricFolder, executionId)
    const client = await connectBus<WorkerCommand, WorkerAnswer, WorkerEvent>(path)
    try {
      await client.request({ command: 'stop' }, ANSWER_LIMIT_MS)
      return true
    } finally {
      await client.close()
    }
  } catch (error) {
    if (error instanceof BusError) return false
    throw error
  }
}

function runFolderNames(data: DataFolder): string[] {
  try {
    return readdirSync(data.run)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
