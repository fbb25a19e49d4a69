// The process of a worker that plays a part (scripted-simulation.ts), with a run folder, a socket
// and some memory. For tests only.
// On SIGTERM it ends by itself, as after its maximum duration. A slow start goes on once the run
// folder has a file `go`.

import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  executionFabricFolder,
  PLAN_FILE,
  STATUS_FILE,
  workerSocketPath,
} from '../../../core/wire/places.ts'
import { workerPlanShape } from '../../../core/wire/plan.ts'
import { unixBus } from '../../../io/bus/unix-bus.ts'
import { readJsonFile } from '../../../io/files/json-file.ts'
import { ScriptedSimulation } from './scripted-simulation.ts'

const runFolder = process.argv[2] ?? ''
const { content: plan, fault } = readJsonFile(join(runFolder, PLAN_FILE), workerPlanShape)
if (plan === undefined) throw new Error(fault)
const fabricFolder = executionFabricFolder(plan.fabricFolder, plan.executionId)
// Nothing else must keep it alive while it is deaf.
const alive = setInterval(() => undefined, 60_000)

// A second worker for one execution would show here.
writeFileSync(join(runFolder, 'starts'), `${process.pid}\n`, { flag: 'a' })
const simulation = new ScriptedSimulation({
  plan,
  workerPid: process.pid,
  serve(onRequest) {
    mkdirSync(fabricFolder, { recursive: true })
    writeFileSync(join(fabricFolder, 'memory'), 'x')
    process.on('SIGTERM', () => void simulation.end('STOPPED'))
    return unixBus.serve(workerSocketPath(plan.fabricFolder, plan.executionId), { onRequest })
  },
  leave(status) {
    const fresh = join(runFolder, `${STATUS_FILE}.new`)
    writeFileSync(fresh, JSON.stringify(status))
    renameSync(fresh, join(runFolder, STATUS_FILE))
  },
  async told() {
    while (!existsSync(join(runFolder, 'go'))) await sleep(10)
  },
  async die(exitCode) {
    if (exitCode !== undefined) process.exit(exitCode)
    process.kill(process.pid, 'SIGKILL')
    return await new Promise<never>(() => undefined)
  },
})
await simulation.play()
clearInterval(alive)
rmSync(fabricFolder, { recursive: true, force: true })
process.exit(0)
