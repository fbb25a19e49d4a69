// The worker program: `node src/worker/main.ts <runFolder>`. One simulation on one host, from its plan to its end.
// Owns the process: its plan, its socket, its signals and its exit; what a simulation does is simulation.ts.

import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { executionFabricFolder, PLAN_FILE, workerSocketPath } from '../core/wire/places.ts'
import type { WorkerAnswer, WorkerCommand, WorkerPlan, WorkerStatus } from '../core/wire/worker-protocol.ts'
import type { BusServer } from '../io/bus/bus.ts'
import { serveBus } from '../io/bus/unix-bus.ts'
import { hideSecrets } from '../io/launch/secret-variables.ts'
import { makeFabricFolder } from '../io/shm/fabric-folder.ts'
import { Simulation } from './simulation.ts'

async function main(runFolder: string): Promise<void> {
  hideSecrets()
  const plan = JSON.parse(readFileSync(join(runFolder, PLAN_FILE), 'utf8')) as WorkerPlan
  let bus: BusServer<WorkerStatus> | undefined
  const simulation = new Simulation(plan, (status) => bus?.publish(status))
  // Again: the last simulation that ended has taken it away.
  makeFabricFolder(plan.fabricFolder)
  mkdirSync(executionFabricFolder(plan.fabricFolder, plan.executionId), { recursive: true, mode: 0o700 })
  bus = await serveBus<WorkerCommand, WorkerAnswer, WorkerStatus>(
    workerSocketPath(plan.fabricFolder, plan.executionId),
    {
      onRequest: (command) => simulation.obey(command),
    },
  )
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    // Also sent by a machine that goes down. Where losses are made good this is one: what is to end is stopped through the API.
    process.on(signal, () => (plan.tags.restartOnLoss ? process.exit(1) : void simulation.stop()))
  }
  await simulation.start()
  await simulation.ended
  await bus.close()
}

const [runFolder] = process.argv.slice(2)
if (runFolder === undefined) {
  console.error('usage: main.ts <runFolder>')
  process.exit(2)
}
await main(runFolder)
process.exit(0)
