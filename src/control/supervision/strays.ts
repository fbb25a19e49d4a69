// Worlds that run on a host but are not in the store, because the store was removed or replaced.
// Owns how they are found and ended; never decides that they should be.

import { setTimeout as sleep } from 'node:timers/promises'
import { isFinal } from '../../core/lifecycle/simulation.ts'
import { BusError } from '../../io/bus/bus.ts'
import type { SimulationRecord } from '../../io/store/store.ts'
import type { WorkerHost } from '../../joints/worker-host/worker-host.ts'
import type { DataFolder } from '../data-folder.ts'

export interface Stray {
  executionId: string
  /** The execution id if the plan is damaged. */
  name: string
  /** Describes the worker to users. */
  worker: string
  place: string
}

const RETRY_MS = 50
const ANSWER_LIMIT_MS = 5_000

/**
 * A worker that has sent its last word does not count: its simulation was deleted, and its process
 * is about to end.
 */
export async function findStrays(
  host: WorkerHost,
  records: readonly SimulationRecord[],
): Promise<Stray[]> {
  const known = new Set(records.map(({ executionId }) => executionId))
  const strays: Stray[] = []
  for (const { executionId } of await host.list()) {
    if (known.has(executionId)) continue
    const { worker, plan, status, place } = await host.look(executionId)
    if (worker === undefined || (status !== undefined && isFinal(status.status))) continue
    strays.push({ executionId, name: plan?.simulationName ?? executionId, worker, place })
  }
  return strays
}

/** Running worlds that the store does not know: serving it would treat them as remains. */
export class StraysError extends Error {
  override readonly name = 'StraysError'
  constructor(data: DataFolder, strays: readonly Stray[], isStoreMissing: boolean) {
    const found = strays.map(({ name, worker, place }) => `${name} (${worker}, ${place})`)
    const [these, them] =
      strays.length === 1 ? ['this simulation runs', 'it'] : ['these simulations run', 'them']
    const fault = isStoreMissing ? 'is missing' : `doesn't know ${them}`
    super(
      `the store ${data.store} ${fault}, and ${these}: ${found.join(', ')}; ` +
        `put the store back that was there, or end ${them} with heddle down --data ${data.folder}`,
    )
  }
}

/**
 * Asks the worker to stop, kills it if it does not within `limitMs`, and removes what is left.
 * Returns the last status, or `killed`.
 */
export async function endStray(
  { executionId }: Stray,
  host: WorkerHost,
  limitMs: number,
): Promise<string> {
  const killAtMs = Date.now() + limitMs
  const isAsked = await askToStop(host, executionId)
  while (isAsked && (await host.look(executionId)).worker !== undefined && Date.now() < killAtMs)
    await sleep(RETRY_MS)
  await host.clear(executionId, 'remains')
  const { status } = await host.look(executionId)
  return status !== undefined && isFinal(status.status) ? status.status : 'killed'
}

async function askToStop(host: WorkerHost, executionId: string): Promise<boolean> {
  try {
    const worker = await host.connect(executionId)
    try {
      await worker.request({ command: 'stop' }, ANSWER_LIMIT_MS)
      return true
    } finally {
      await worker.close()
    }
  } catch (error) {
    if (error instanceof BusError) return false
    throw error
  }
}
