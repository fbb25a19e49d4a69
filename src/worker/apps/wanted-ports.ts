// The ports that apps of lost workers will need again, which no other app may take.
// Owns reading the other executions' run folders; never writes there, and reserves nothing.

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

/**
 * Returns the ports of all other simulations of this server that restart after a loss, running or
 * not.
 */
export async function portsWantedByOthers({
  runFolder,
}: Pick<WorkerPlan, 'runFolder'>): Promise<Set<number>> {
  const parent = dirname(runFolder)
  const wanted = new Set<number>()
  for (const name of await readdir(parent)) {
    const folder = join(parent, name)
    if (folder === runFolder) continue
    // A missing or damaged file wants no ports.
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
