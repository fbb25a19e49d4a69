// The ports that apps of lost workers want back: nobody else is to have them until these are there again.
// Owns the look into the other executions' run folders; never writes there, and reserves nothing.

import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isFinal } from '../../core/lifecycle/simulation.ts'
import { PLAN_FILE, STATUS_FILE } from '../../core/wire/places.ts'
import type { WorkerPlan, WorkerStatus } from '../../core/wire/worker-protocol.ts'

/** Of all other simulations of this Heddle that are started again when their workers are lost, whether these live or not. */
export async function portsWantedByOthers({ runFolder }: Pick<WorkerPlan, 'runFolder'>): Promise<Set<number>> {
  const parent = dirname(runFolder)
  const wanted = new Set<number>()
  for (const name of await readdir(parent)) {
    const folder = join(parent, name)
    if (folder === runFolder) continue
    const plan = (await readJson(join(folder, PLAN_FILE))) as WorkerPlan | undefined
    if (!plan?.tags?.restartOnLoss) continue
    const status = (await readJson(join(folder, STATUS_FILE))) as WorkerStatus | undefined
    if (!status || isFinal(status.status) || status.status === 'STOPPING') continue
    for (const { endpoint, targetStatus } of status.apps)
      if (targetStatus === 'STARTED') for (const { actual } of endpoint?.ports ?? []) wanted.add(actual)
  }
  return wanted
}

/** What is not there, or damaged, wants nothing. */
async function readJson(file: string): Promise<unknown> {
  const text = await readFile(file, 'utf8').catch(() => '')
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
