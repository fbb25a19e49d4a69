// The ports that apps of lost workers want back: nobody else is to have them until these are there again.
// Owns the look into the other executions' run folders; never writes there, and reserves nothing.

import { readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { heddleTagsShape } from '../../core/lifecycle/heddle-tags.ts'
import { isFinal } from '../../core/lifecycle/simulation.ts'
import { PLAN_FILE, STATUS_FILE } from '../../core/wire/places.ts'
import type { WorkerPlan } from '../../core/wire/plan.ts'
import { workerStatusShape } from '../../core/wire/worker-protocol.ts'
import { readJsonFile } from '../../io/files/json-file.ts'

const PLAN = z.object({ tags: heddleTagsShape.pick({ restartOnLoss: true }) })
const STATUS = workerStatusShape.pick({ status: true, apps: true })

/** Of all other simulations of this Heddle that are started again when their workers are lost, whether these live or not. */
export async function portsWantedByOthers({
  runFolder,
}: Pick<WorkerPlan, 'runFolder'>): Promise<Set<number>> {
  const parent = dirname(runFolder)
  const wanted = new Set<number>()
  for (const name of await readdir(parent)) {
    const folder = join(parent, name)
    if (folder === runFolder) continue
    // What is not there, or damaged, wants nothing.
    const { content: plan } = readJsonFile(join(folder, PLAN_FILE), PLAN)
    if (!plan?.tags.restartOnLoss) continue
    const { content: status } = readJsonFile(join(folder, STATUS_FILE), STATUS)
    if (!status || isFinal(status.status) || status.status === 'STOPPING') continue
    for (const { endpoint, targetStatus } of status.apps)
      if (targetStatus === 'STARTED')
        for (const { actual } of endpoint?.ports ?? []) wanted.add(actual)
  }
  return wanted
}
