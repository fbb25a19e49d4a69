// The worker program, `node src/worker/main.ts <runFolder>`: runs one simulation on one host.
// Owns the process: its plan, socket, signals and exit. The simulation itself is in simulation.ts.

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
  // Create it again: the simulation that ended last has removed it.
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
    // A machine that shuts down sends it too. With restarts after a loss, that counts as a loss:
    // operators end a simulation through the API instead.
    process.on(signal, () => (plan.tags.restartOnLoss ? process.exit(1) : simulation.stop()))
  }
  await simulation.start()
  await simulation.ended
  await bus.close()
}

/** The last line that a worker prints gives the reason for its end in control's log. */
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
