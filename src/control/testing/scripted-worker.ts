// A worker that plays a part: a real process that speaks the bus and keeps its status file, with no simulation behind.
// Owns what control can see of a worker; never touches shared memory or packages. For tests of control alone.
//
// The schema's key says what it plays, in words: `fail-at-start`, `die-at-start`, `slow-start` (until the run folder
// has a file `go`), `deaf` (never serves), `ignore-stop`; anything else is a healthy worker. The command startApp with
// the name `kill-worker` ends the process without a word, `lose-answer` does the work and never answers. On SIGTERM it comes
// to its end by itself, as after its maximum duration.

import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { emptyStatus } from '../../core/lifecycle/simulation.ts'
import { executionFabricFolder, PLAN_FILE, STATUS_FILE, workerSocketPath } from '../../core/wire/places.ts'
import type { WorkerPlan } from '../../core/wire/plan.ts'
import type {
  AppState,
  Refusal,
  WorkerAnswer,
  WorkerCommand,
  WorkerEvent,
  WorkerStatus,
} from '../../core/wire/worker-protocol.ts'
import { serveBus } from '../../io/bus/unix-bus.ts'

const runFolder = process.argv[2] ?? ''
const plan = JSON.parse(readFileSync(join(runFolder, PLAN_FILE), 'utf8')) as WorkerPlan
const part = plan.schemaLocation?.key ?? ''
const fabricFolder = executionFabricFolder(plan.fabricFolder, plan.executionId)
const status: WorkerStatus = { ...emptyStatus(plan.executionId), ...plan.last, workerPid: process.pid }

// A second worker for one execution would show here.
writeFileSync(join(runFolder, 'starts'), `${process.pid}\n`, { flag: 'a' })
if (part.includes('die-at-start')) process.exit(3)
if (part.includes('deaf')) await sleep(600_000)
mkdirSync(fabricFolder, { recursive: true })
writeFileSync(join(fabricFolder, 'memory'), 'x')
const server = await serveBus<WorkerCommand, WorkerAnswer, WorkerEvent>(
  workerSocketPath(plan.fabricFolder, plan.executionId),
  { onRequest: answer },
)
publish()
process.on('SIGTERM', () => void end('STOPPED'))
if (part.includes('slow-start')) while (!existsSync(join(runFolder, 'go'))) await sleep(10)
if (part.includes('fail-at-start')) {
  status.startErrors.push({ errorType: 'SchemaFormatInvalid', errorMessage: '3:7: no such property' })
  await end('FAILED')
}
status.domains = [
  { name: 'View', lifecycle: 'ByRequest' },
  { name: 'Crowd', lifecycle: 'BySpatialSubdivision' },
]
status.logGroup = 'MyLogs'
for (const app of status.apps) app.status = 'STARTED'
status.apps.push(newApp('Crowd', 'cell-0-0', 'BySpatialSubdivision'))
if (status.status === 'STARTING') status.status = 'STARTED'
publish()

async function answer(command: WorkerCommand): Promise<WorkerAnswer> {
  const refusal = perform(command)
  if (refusal !== undefined) return { refusal }
  if (command.command !== 'status') publish()
  if (command.command === 'startApp' && command.name === 'lose-answer') await sleep(600_000)
  return { status }
}

function perform(command: WorkerCommand): Refusal | undefined {
  switch (command.command) {
    case 'status':
      return undefined
    case 'startClock':
      status.clock = { status: 'STARTED', targetStatus: 'STARTED' }
      return undefined
    case 'stopClock':
      status.clock = { status: 'STOPPED', targetStatus: 'STOPPED' }
      return undefined
    case 'startApp':
      return startApp(command)
    case 'stopApp':
      return changeApp(command.domain, command.name, (app) => {
        app.status = 'STOPPED'
        app.targetStatus = 'STOPPED'
      })
    case 'deleteApp':
      return changeApp(command.domain, command.name, (app) => {
        status.apps = status.apps.filter((each) => each !== app)
      })
    case 'createSnapshot':
      status.lastSnapshot = { location: command.location, tick: status.tick, bytes: 1 }
      return undefined
    case 'stop':
      if (part.includes('ignore-stop')) return undefined
      status.status = 'STOPPING'
      setImmediate(() => void end('STOPPED'))
      return undefined
  }
}

function startApp(command: Extract<WorkerCommand, { command: 'startApp' }>): Refusal | undefined {
  if (command.name === 'kill-worker') process.kill(process.pid, 'SIGKILL')
  if (status.apps.some((app) => app.domain === command.domain && app.name === command.name)) {
    return { error: 'ConflictException', message: `an app named ${command.name} exists` }
  }
  if (!status.domains.some((domain) => domain.name === command.domain)) {
    return { error: 'ResourceNotFoundException', message: `no domain named ${command.domain}` }
  }
  const app = newApp(command.domain, command.name, 'ByRequest')
  if (command.description !== undefined) app.description = command.description
  if (command.launchCommands !== undefined) app.launchCommands = command.launchCommands
  app.endpoint = { ports: [{ declared: 7000, actual: 7001 }] }
  status.apps.push(app)
  return undefined
}

function changeApp(domain: string, name: string, change: (app: AppState) => void): Refusal | undefined {
  const app = status.apps.find((each) => each.domain === domain && each.name === name)
  if (app === undefined) return { error: 'ResourceNotFoundException', message: `no app named ${name}` }
  change(app)
  return undefined
}

function newApp(domain: string, name: string, lifecycle: AppState['lifecycle']): AppState {
  return { domain, name, lifecycle, status: 'STARTED', targetStatus: 'STARTED' }
}

function publish(): void {
  status.revision += 1
  const fresh = join(runFolder, `${STATUS_FILE}.new`)
  writeFileSync(fresh, JSON.stringify(status))
  renameSync(fresh, join(runFolder, STATUS_FILE))
  server.publish(status)
}

async function end(last: 'STOPPED' | 'FAILED'): Promise<never> {
  status.status = last
  publish()
  await server.close()
  rmSync(fabricFolder, { recursive: true, force: true })
  process.exit(0)
}
