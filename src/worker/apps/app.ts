// The successive processes of one app: launches, watches, restarts and shuts them down.
// Owns the app's status and process. The caller decides what a final failure means.

import { join } from 'node:path'
import type { PortMapping } from '../../base/port-mapping.ts'
import type { Fabric } from '../../core/fabric/memory/fabric.ts'
import { partitionFile } from '../../core/fabric/memory/layout.ts'
import { LAST_WORDS_BYTES } from '../../core/lifecycle/last-words.ts'
import { RestartBudget } from '../../core/lifecycle/restarts.ts'
import { failureLimits } from '../../core/limits.ts'
import type { AppState } from '../../core/wire/worker-protocol.ts'
import { launchByHand } from '../../io/launch/by-hand.ts'
import type { Launch, Launched, Launcher } from '../../io/launch/launcher.ts'
import { type AppPlace, appEnvironment } from './app-environment.ts'
import { exitReason, failureReason } from './failure-reason.ts'

/** The settings that never change during the app's life. */
interface AppOptions extends Omit<AppPlace, keyof AppMeans> {
  readonly launcher: Launcher
  /** For an app that a person starts instead of the launcher: the script that starts it. */
  readonly byHand?: string
  readonly lifecycle: AppState['lifecycle']
  readonly command: readonly string[]
  readonly closedFolders: readonly string[]
  /** The longest time for a tick; 0 means no limit. */
  readonly timeoutMs: number
  readonly description?: string
  readonly launchCommands?: string[]
  /** The log stream that gets its output. */
  readonly stream: string
  /** Called with each piece of the app's output. */
  onOutput(chunk: Buffer): void
}

/** The settings that can change between two processes. */
interface AppMeans {
  readonly partition: number
  readonly ports: readonly PortMapping[]
  readonly workingFolder: string
}

/** What an app reports to its simulation. */
export interface AppListener {
  attached(app: App): void
  changed(app: App): void
  /** A person can start the app now; `reason` says how its last process ended. */
  waits(app: App, script: string, reason?: string): void
  /** The process failed; the next one starts after a pause. */
  restarting(app: App, reason: string, pauseMs: number): void
  /** The process failed, and no other is started. */
  failed(app: App, reason: string): void
  /** The app ended by itself, without a failure. */
  ended(app: App): void
}

export class App {
  readonly options: AppOptions
  readonly #fabric: Fabric
  readonly #listener: AppListener
  #restarts = new RestartBudget()
  /** Counts the processes that were started for the same tick. */
  #attempt = 1
  /** The last bytes that the process wrote. */
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
  /** The place of its process, for operators. */
  get place(): string | undefined {
    return this.#process?.place
  }

  /**
   * Takes effect with the next process. Ports are shown at once: the app keeps them across
   * processes.
   */
  use(means: Partial<AppMeans>): void {
    this.#means = { ...this.#means, ...means }
    if (means.ports) this.#change({ endpoint: endpointOf(means.ports) })
  }

  /**
   * Starts a process, or makes one ready to be started by hand. A process that cannot be started
   * counts as a failed one. `lastEnd` says how the one before it ended.
   */
  launch(lastEnd?: string): void {
    const { executionId, domain, name, command, closedFolders, byHand } = this.options
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
      this.#process = this.#start({
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
      if (byHand !== undefined) {
        this.#change({ byHand })
        this.#listener.waits(this, byHand, lastEnd)
      }
    } catch (cause) {
      this.#process = undefined
      this.#fail((cause as Error).message)
    }
  }

  #start(order: Launch): Launched {
    const { byHand, launcher, fabricFolder } = this.options
    if (byHand === undefined) return launcher.launch(order)
    const { epoch } = this.#fabric.partition(this.partition)
    const lock = join(fabricFolder, partitionFile(this.partition, epoch, 'lock'))
    return launchByHand(order, {
      script: byHand,
      lock,
      hasAttached: () => this.#hasSaid('attached'),
    })
  }

  /** Restarts an app in ERROR with no failures counted. */
  restart(): void {
    this.#restarts = new RestartBudget()
    this.#attempt = 1
    this.#change({ status: 'STARTING', failure: undefined })
    this.launch()
  }

  /** Checks whether the process has attached, or has exceeded the time for it. */
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

  /**
   * Kills the app if it had its whole timeout and is not being debugged. The clock has waited
   * `forMs`.
   */
  checkLate(tick: number, forMs: number): void {
    const { timeoutMs } = this.options
    if (this.#state.status !== 'STARTED' || !this.#process?.isAlive || timeoutMs === 0) return
    const ownMs = Math.min(forMs, performance.now() - this.#attachedAtMs)
    if (ownMs < timeoutMs || this.#process.isBeingDebugged()) return
    this.#kill(`it did not commit tick ${tick} within ${timeoutMs / 1000} s`)
  }

  /**
   * Kills the app if the barrier refused what it wrote. Ignores a refusal of an earlier process.
   */
  refuse({ tick, incarnation, fault }: { tick: number; incarnation: number; fault: string }): void {
    const { control } = this.#fabric
    if (control.partitionWord(this.partition, 'incarnation') !== incarnation) return
    this.#kill(`what it wrote for tick ${tick} can't be: ${fault}`)
  }

  /**
   * Waits for the app's end, and kills it after the grace period. The caller has told it to shut
   * down, through the fabric.
   */
  async shutDown(graceMs: number): Promise<void> {
    // An app that has not attached cannot hear of the shutdown.
    const limitMs = this.#state.status === 'STARTING' ? 0 : graceMs
    this.#change({ status: 'STOPPING', targetStatus: 'STOPPED' })
    const timer = setTimeout(() => this.#process?.end(), limitMs)
    await this.#exited
    clearTimeout(timer)
    this.#process?.end()
    this.#change({ status: 'STOPPED' })
  }

  /** Kills the process, and starts no other. */
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
    // The clock has told all apps to end. Some end before this thread learns of it.
    if (this.#fabric.control.shutdown) {
      this.#change({ status: 'STOPPED', targetStatus: 'STOPPED' })
      return
    }
    // Nobody knows the code of a process that a person has started.
    const { byHand, lifecycle } = this.options
    if (destroyed && (code === 0 || byHand !== undefined) && lifecycle === 'ByRequest') {
      this.#change({ status: 'STOPPED', targetStatus: 'STOPPED' })
      this.#listener.ended(this)
      return
    }
    const reason = this.#killedFor ?? exitReason(code, signal, destroyed)
    if (byHand === undefined) this.#fail(reason)
    else {
      // A person may start it as often as needed: such an end does not count.
      this.#change({ status: 'STARTING' })
      this.launch(reason)
    }
  }

  #fail(how: string): void {
    const { partition, options } = this
    const reason = failureReason(how, this.#lastOutput.toString(), options.stream)
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

  /** Whether the current process, not an earlier one, has reported it. */
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
    // Copy, so that the last output does not retain a whole large chunk.
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
