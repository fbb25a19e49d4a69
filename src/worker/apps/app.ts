// One app's processes, one after another: launched, attached, watched, started again when they fail, shut down.
// Owns its status and its process; what a final failure means for the simulation is the caller's.

import type { PortMapping } from '../../base/port-mapping.ts'
import type { Fabric } from '../../core/fabric/memory/fabric.ts'
import { LAST_WORDS_BYTES, lastWords } from '../../core/lifecycle/last-words.ts'
import { RestartBudget } from '../../core/lifecycle/restarts.ts'
import { failureLimits } from '../../core/limits.ts'
import type { AppState } from '../../core/wire/worker-protocol.ts'
import type { Launched, Launcher } from '../../io/launch/launcher.ts'
import { type AppPlace, appEnvironment } from './app-environment.ts'

/** What stays as it is for as long as there is the app. */
interface AppOptions extends Omit<AppPlace, keyof AppMeans> {
  readonly launcher: Launcher
  readonly lifecycle: AppState['lifecycle']
  readonly command: readonly string[]
  readonly closedFolders: readonly string[]
  /** How long it may take for a tick; 0 waits for ever. */
  readonly timeoutMs: number
  readonly description?: string
  readonly launchCommands?: string[]
  /** Name of the log stream that its output goes to. */
  readonly stream: string
  /** A piece of what the app wrote to its standard output or error. */
  onOutput(chunk: Buffer): void
}

/** What it runs with, which may become another. */
interface AppMeans {
  readonly partition: number
  readonly ports: readonly PortMapping[]
  readonly workingFolder: string
}

/** What an app tells its simulation. */
export interface AppListener {
  attached(app: App): void
  changed(app: App): void
  /** The process failed and is started again after a pause. */
  restarting(app: App, reason: string, pauseMs: number): void
  /** The process failed, and is not started again. */
  failed(app: App, reason: string): void
  /** The app ended by itself, in order. */
  ended(app: App): void
}

export class App {
  readonly options: AppOptions
  readonly #fabric: Fabric
  readonly #listener: AppListener
  #restarts = new RestartBudget()
  /** The how-maniest process it is that is to compute the same tick. */
  #attempt = 1
  /** The end of what the process wrote. */
  #lastOutput = Buffer.alloc(0)
  #state: AppState
  #means: AppMeans
  #process: Launched | undefined
  #launchedAtMs = 0
  #attachedAtMs = 0
  #killedFor: string | undefined
  #exited: Promise<void> = Promise.resolve()

  constructor(
    { partition, ports, workingFolder, ...options }: AppOptions & AppMeans,
    fabric: Fabric,
    listener: AppListener,
  ) {
    this.options = options
    this.#means = { partition, ports, workingFolder }
    this.#fabric = fabric
    this.#listener = listener
    const { domain, name, lifecycle, description, launchCommands } = options
    this.#state = {
      ...{ domain, name, lifecycle, description, launchCommands },
      ...{ status: 'STARTING', targetStatus: 'STARTED', endpoint: endpointOf(ports) },
    }
  }

  get state(): AppState {
    return this.#state
  }
  get partition(): number {
    return this.#means.partition
  }
  get ports(): readonly PortMapping[] {
    return this.#means.ports
  }
  /** Where its process is, for people. */
  get place(): string | undefined {
    return this.#process?.place
  }

  /** From its next process on. Ports are shown at once: it keeps them over all of its processes. */
  use(means: Partial<AppMeans>): void {
    this.#means = { ...this.#means, ...means }
    if (means.ports) this.#change({ endpoint: endpointOf(means.ports) })
  }

  /** Starts a process. One that can't even be started is a failure like any other. */
  launch(): void {
    const { executionId, domain, name, command, closedFolders, launcher } = this.options
    const { partition, workingFolder } = this.#means
    const { control, commits } = this.#fabric
    commits.readmit(partition)
    const incarnation = control.partitionWord(partition, 'incarnation') + 1
    control.setPartitionWord(partition, 'incarnation', incarnation)
    this.#killedFor = undefined
    this.#lastOutput = Buffer.alloc(0)
    this.#launchedAtMs = performance.now()
    const exited = Promise.withResolvers<void>()
    try {
      this.#process = launcher.launch({
        identity: { executionId, domain, app: name, incarnation },
        command,
        workingFolder,
        closedFolders,
        environment: appEnvironment({ ...this.options, ...this.#means }, this.#attempt),
        onOutput: (_stream, chunk) => this.#hear(chunk),
        onExit: ({ code, signal }) => {
          exited.resolve()
          this.#onExit(code, signal)
        },
      })
      this.#exited = exited.promise
    } catch (cause) {
      this.#process = undefined
      this.#fail((cause as Error).message)
    }
  }

  /** Starts an app in ERROR anew, as if it had never failed. */
  restart(): void {
    this.#restarts = new RestartBudget()
    this.#attempt = 1
    this.#change({ status: 'STARTING', failure: undefined })
    this.launch()
  }

  /** Looks whether the process has attached meanwhile, or takes too long over it. */
  checkAttached(): void {
    if (this.#state.status !== 'STARTING' || !this.#process?.isAlive) return
    if (this.#hasSaid('attached')) {
      this.#attachedAtMs = performance.now()
      this.#listener.attached(this)
      this.#change({ status: 'STARTED' })
    } else if (
      performance.now() - this.#launchedAtMs > failureLimits.attachTimeoutMs &&
      !this.#process.isBeingDebugged()
    ) {
      this.#kill(
        `it did not create its application within ${failureLimits.attachTimeoutMs / 1000} s`,
      )
    }
  }

  /** The clock has waited for this app for so long. Kills it once it had all of its time for itself, unless somebody debugs it. */
  checkLate(tick: number, forMs: number): void {
    const { timeoutMs } = this.options
    if (this.#state.status !== 'STARTED' || !this.#process?.isAlive || timeoutMs === 0) return
    const ownMs = Math.min(forMs, performance.now() - this.#attachedAtMs)
    if (ownMs < timeoutMs || this.#process.isBeingDebugged()) return
    this.#kill(`it did not commit tick ${tick} within ${timeoutMs / 1000} s`)
  }

  /** The barrier refused what the process of a launch wrote for a tick: another one may run by now. */
  refuse({ tick, incarnation, fault }: { tick: number; incarnation: number; fault: string }): void {
    const { control } = this.#fabric
    if (control.partitionWord(this.partition, 'incarnation') !== incarnation) return
    this.#kill(`what it wrote for tick ${tick} can't be: ${fault}`)
  }

  /** The app is told to shut down (by the caller, through the fabric): waits for its end, and makes it where it takes too long. */
  async shutDown(graceMs: number): Promise<void> {
    // One that has not attached can't hear of it.
    const limitMs = this.#state.status === 'STARTING' ? 0 : graceMs
    this.#change({ status: 'STOPPING', targetStatus: 'STOPPED' })
    const timer = setTimeout(() => this.#process?.end(), limitMs)
    await this.#exited
    clearTimeout(timer)
    this.#process?.end()
    this.#change({ status: 'STOPPED' })
  }

  /** Ends the process at once, and does not start it again. */
  async abandon(): Promise<void> {
    if (this.#state.status !== 'ERROR') this.#change({ status: 'STOPPING' })
    this.#process?.end()
    await this.#exited
    if (this.#state.status !== 'ERROR') this.#change({ status: 'STOPPED' })
  }

  #onExit(code: number | null, signal: NodeJS.Signals | null): void {
    this.#process?.end()
    if (this.#state.status === 'STOPPING' || this.#state.status === 'STOPPED') return
    const destroyed = this.#hasSaid('destroyed')
    this.#process = undefined
    // The clock has told all apps to end: some do before this thread hears of it.
    if (this.#fabric.control.shutdown) {
      this.#change({ status: 'STOPPED', targetStatus: 'STOPPED' })
      return
    }
    if (destroyed && code === 0 && this.options.lifecycle === 'ByRequest') {
      this.#change({ status: 'STOPPED', targetStatus: 'STOPPED' })
      this.#listener.ended(this)
      return
    }
    this.#fail(this.#killedFor ?? exitReason(code, signal, destroyed))
  }

  #fail(how: string): void {
    const { partition, options } = this
    const { stream } = options
    const words = lastWords(this.#lastOutput.toString())
    const reason = words === undefined ? how : `${how}; its last words in ${stream}: ${words}`
    const { control, commits } = this.#fabric
    const tick = commits.isPending(partition) ? control.tick : control.tick + 1
    const restart = this.#restarts.restart(performance.now(), tick)
    if (restart) {
      this.#attempt = restart.attempt
      this.#change({ status: 'STARTING' })
      this.#listener.restarting(this, reason, restart.pauseMs)
      setTimeout(() => {
        if (this.#state.status === 'STARTING') this.launch()
      }, restart.pauseMs)
    } else {
      this.#change({ status: 'ERROR', failure: reason })
      this.#listener.failed(this, reason)
    }
  }

  /** Whether it was this launch's process that said so. */
  #hasSaid(what: 'attached' | 'destroyed'): boolean {
    const { partition } = this
    const { control } = this.#fabric
    if (!control.partitionInUse(partition)) return false
    return (
      this.#fabric.partition(partition).app.load(what) ===
      control.partitionWord(partition, 'incarnation')
    )
  }

  #hear(chunk: Buffer): void {
    const heard =
      chunk.length >= LAST_WORDS_BYTES ? chunk : Buffer.concat([this.#lastOutput, chunk])
    // A copy: what is kept must not keep all of a large chunk.
    this.#lastOutput = Buffer.from(heard.subarray(-LAST_WORDS_BYTES))
    this.options.onOutput(chunk)
  }

  #kill(reason: string): void {
    this.#killedFor ??= reason
    this.#process?.end()
  }

  #change(patch: Partial<AppState>): void {
    this.#state = { ...this.#state, ...patch }
    this.#listener.changed(this)
  }
}

function endpointOf(ports: readonly PortMapping[]): AppState['endpoint'] {
  return ports.length > 0 ? { ports: [...ports] } : undefined
}

function exitReason(
  code: number | null,
  signal: NodeJS.Signals | null,
  destroyed: boolean,
): string {
  if (signal) return `it was ended by signal ${signal}`
  if (code === 0 && !destroyed) return 'it exited with code 0 without destroying its application'
  return `it exited with code ${code} while the simulation runs`
}
