// The worker program: `node src/worker/main.ts <runFolder>`. One simulation on one host, from its plan to its end.
// Owns the process: its plan, its socket, its signals and its exit; what a simulation does is simulation.ts.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { executionFabricFolder, PLAN_FILE, workerSocketPath } from '../core/wire/places.ts'
import { type WorkerPlan, workerPlanShape } from '../core/wire/plan.ts'
import {
  type WorkerAnswer,
  type WorkerStatus,
  workerCommandShape,
} from '../core/wire/worker-protocol.ts'
import type { BusServer } from '../io/bus/bus.ts'
import { unixBus } from '../io/bus/unix-bus.ts'
import { readJsonFile } from '../io/files/json-file.ts'
import { hideSecrets } from '../io/launch/secret-variables.ts'
import { makeFabricFolder } from '../io/shm/fabric-folder.ts'
import { Simulation } from './simulation.ts'

async function main(runFolder: string): Promise<void> {
  hideSecrets()
  const plan = readPlan(join(runFolder, PLAN_FILE))
  let bus: BusServer<WorkerStatus> | undefined
  const simulation = new Simulation(plan, (status) => bus?.publish(status))
  // Again: the last simulation that ended has taken it away.
  makeFabricFolder(plan.fabricFolder)
  mkdirSync(executionFabricFolder(plan.fabricFolder, plan.executionId), {
    recursive: true,
    mode: 0o700,
  })
  bus = await unixBus.serve<unknown, WorkerAnswer, WorkerStatus>(
    workerSocketPath(plan.fabricFolder, plan.executionId),
    {
      onRequest: (command) => simulation.obey(workerCommandShape.parse(command)),
    },
  )
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    // Also sent by a machine that goes down. Where losses are made good this is one: what is to end is stopped through the API.
    process.on(signal, () => (plan.tags.restartOnLoss ? process.exit(1) : simulation.stop()))
  }
  await simulation.start()
  await simulation.ended
  await bus.close()
}

/** Control's log says why its worker has ended, by the last line that this one prints. */
function readPlan(file: string): WorkerPlan {
  const { content, fault } = readJsonFile(file, workerPlanShape)
  if (content !== undefined) return content
  console.error(fault ?? `${file} is missing`)
  process.exit(1)
}

const [runFolder] = process.argv.slice(2)
if (runFolder === undefined) {
  console.error('usage: main.ts <runFolder>')
  process.exit(2)
}
await main(runFolder)
process.exit(0)
