// A simulation that plays a part without a world: what its worker says and does, wherever the
// worker is. For tests of control and of hosts.
// The schema's key names the part: `fail-at-start`, `die-at-start`, `slow-start` (until it is told
// to go on), `deaf` (never serves), `mute` (serves, but answers nothing once it is STARTED),
// `ignore-stop`; any other key is a healthy simulation. The command startApp with the name
// `kill-worker` kills the worker; with `lose-answer` it takes effect but is never answered.

import { emptyStatus } from '../../../core/lifecycle/simulation.ts'
import type { SimulationPlan } from '../../../core/wire/plan.ts'
import {
  type AppState,
  type Refusal,
  type WorkerAnswer,
  type WorkerCommand,
  type WorkerEvent,
  type WorkerStatus,
  workerCommandShape,
} from '../../../core/wire/worker-protocol.ts'
import type { BusServer } from '../../../io/bus/bus.ts'

/** What the worker of a part is given. */
interface Stage {
  plan: SimulationPlan
  workerPid: number
  serve(onRequest: (command: unknown) => Promise<WorkerAnswer>): Promise<BusServer<WorkerEvent>>
  leave(status: WorkerStatus): void
  /** Fulfilled when a slow start may go on. */
  told(): Promise<void>
  /** Ends the worker without a last word. */
  die(exitCode?: number): Promise<never>
}

const NEVER = new Promise<never>(() => undefined)

export class ScriptedSimulation {
  readonly #stage: Stage
  readonly #part: string
  readonly #status: WorkerStatus
  readonly #ended = Promise.withResolvers<void>()
  #server: BusServer<WorkerEvent> | undefined

  constructor(stage: Stage) {
    this.#stage = stage
    this.#part = stage.plan.schemaLocation?.key ?? ''
    const { executionId, last } = stage.plan
    this.#status = { ...emptyStatus(executionId), ...last, workerPid: stage.workerPid }
  }

  /** Fulfilled at its end. */
  async play(): Promise<void> {
    if (this.#part.includes('die-at-start')) await this.#stage.die(3)
    if (this.#part.includes('deaf')) await NEVER
    this.#server = await this.#stage.serve((command) => this.#answer(command))
    this.#publish()
    if (this.#part.includes('slow-start')) await this.#stage.told()
    if (this.#part.includes('fail-at-start')) {
      this.#status.startErrors.push({
        errorType: 'SchemaFormatInvalid',
        errorMessage: '3:7: no such property',
      })
      return this.end('FAILED')
    }
    this.#begin()
    await this.#ended.promise
  }

  /** As after its maximum duration. */
  async end(last: 'STOPPED' | 'FAILED'): Promise<void> {
    this.#status.status = last
    this.#publish()
    await this.#server?.close()
    this.#ended.resolve()
  }

  #begin(): void {
    const status = this.#status
    status.domains = [
      { name: 'View', lifecycle: 'ByRequest' },
      { name: 'Crowd', lifecycle: 'BySpatialSubdivision' },
    ]
    status.logGroup = 'MyLogs'
    for (const app of status.apps) app.status = 'STARTED'
    status.apps.push(newApp('Crowd', 'cell-0-0', 'BySpatialSubdivision'))
    if (status.status === 'STARTING') status.status = 'STARTED'
    this.#publish()
  }

  async #answer(asked: unknown): Promise<WorkerAnswer> {
    const command = workerCommandShape.parse(asked)
    if (this.#part.includes('mute') && this.#status.status === 'STARTED') await NEVER
    const refusal = await this.#perform(command)
    if (refusal !== undefined) return { refusal }
    if (command.command !== 'status') this.#publish()
    if (command.command === 'startApp' && command.name === 'lose-answer') await NEVER
    return { status: this.#status }
  }

  async #perform(command: WorkerCommand): Promise<Refusal | undefined> {
    const status = this.#status
    switch (command.command) {
      case 'startClock':
        status.clock = { status: 'STARTED', targetStatus: 'STARTED' }
        return undefined
      case 'stopClock':
        status.clock = { status: 'STOPPED', targetStatus: 'STOPPED' }
        return undefined
      case 'startApp':
        return this.#startApp(command)
      case 'stopApp':
        return this.#changeApp(command, (app) => {
          app.status = 'STOPPED'
          app.targetStatus = 'STOPPED'
        })
      case 'deleteApp':
        return this.#changeApp(command, (app) => {
          status.apps = status.apps.filter((each) => each !== app)
        })
      case 'createSnapshot':
        status.lastSnapshot = { location: command.location, tick: status.tick, bytes: 1 }
        return undefined
      case 'stop':
        if (this.#part.includes('ignore-stop')) return undefined
        status.status = 'STOPPING'
        setImmediate(() => void this.end('STOPPED'))
        return undefined
      default:
        return undefined
    }
  }

  async #startApp(
    command: Extract<WorkerCommand, { command: 'startApp' }>,
  ): Promise<Refusal | undefined> {
    const { domain, name, description, launchCommands } = command
    const status = this.#status
    if (name === 'kill-worker') await this.#stage.die()
    if (status.apps.some((app) => app.domain === domain && app.name === name))
      return { error: 'ConflictException', message: `an app named ${name} exists` }
    if (!status.domains.some((each) => each.name === domain))
      return { error: 'ResourceNotFoundException', message: `no domain named ${domain}` }
    status.apps.push({
      ...newApp(domain, name, 'ByRequest'),
      ...(description !== undefined && { description }),
      ...(launchCommands !== undefined && { launchCommands }),
      endpoint: { ports: [{ declared: 7000, actual: 7001 }] },
    })
    return undefined
  }

  #changeApp(
    { domain, name }: { domain: string; name: string },
    change: (app: AppState) => void,
  ): Refusal | undefined {
    const app = this.#status.apps.find((each) => each.domain === domain && each.name === name)
    if (app === undefined)
      return { error: 'ResourceNotFoundException', message: `no app named ${name}` }
    change(app)
    return undefined
  }

  #publish(): void {
    this.#status.revision += 1
    this.#stage.leave(this.#status)
    this.#server?.publish(this.#status)
  }
}

function newApp(domain: string, name: string, lifecycle: AppState['lifecycle']): AppState {
  return { domain, name, lifecycle, status: 'STARTED', targetStatus: 'STARTED' }
}
