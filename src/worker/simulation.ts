// One simulation from start to end: passes events to the machine of its life, and does what that
// decides.
// Owns the actions. The decisions are in core/lifecycle/life-machine.ts.

import { join } from 'node:path'
import { copyBytes } from '../core/fabric/worker/side-columns.ts'
import type { AnsweredStep, Life, LifeEffect, LifeEvent } from '../core/lifecycle/life.ts'
import { beginLife, step } from '../core/lifecycle/life-machine.ts'
import { emptyStatus } from '../core/lifecycle/simulation.ts'
import { TICK_FILE } from '../core/wire/places.ts'
import type { WorkerPlan } from '../core/wire/plan.ts'
import type {
  Refusal,
  WorkerAnswer,
  WorkerCommand,
  WorkerStatus,
} from '../core/wire/worker-protocol.ts'
import { bringUp, leaveNothing, type RunningWorld } from './bring-up.ts'
import { Journal } from './reports/journal.ts'
import { readMetrics } from './reports/metrics.ts'
import { StatusBook } from './reports/status-book.ts'
import { noteTicks } from './reports/tick-notes.ts'
import { Saving } from './snapshots/saving.ts'
import { simulationHeader } from './snapshots/snapshots.ts'
import { failureOf } from './start/start-failure.ts'

/** How long a stop waits for the current tick. */
const LAST_TICK_MS = 5_000
const TIMER_MS_MAX = 2 ** 31 - 1

type Answer = Promise<Refusal | undefined> | undefined

export class Simulation {
  readonly #plan: WorkerPlan
  readonly #book: StatusBook
  readonly #journal: Journal
  readonly #startAborted = new AbortController()
  readonly #ended = Promise.withResolvers<void>()
  #life: Life
  /** Set when the life has a world. */
  #world: RunningWorld | undefined
  #saving: Saving | undefined
  #durationWatch: NodeJS.Timeout | undefined

  constructor(plan: WorkerPlan, publish: (status: WorkerStatus) => void) {
    this.#plan = plan
    const options = {
      simulationName: plan.simulationName,
      isComingBack: plan.last !== undefined,
      holdsOnAppFailure: plan.tags.onAppFailure === 'hold',
    }
    this.#life = beginLife(options, plan.last ?? emptyStatus(plan.executionId), process.pid)
    this.#book = new StatusBook(plan.runFolder, this.#life.status, publish)
    this.#journal = new Journal(() => this.#tick)
  }

  get status(): WorkerStatus {
    return { ...this.#life.status, tick: this.#tick }
  }

  /** Resolves when it has ended and only its status and its logs are left. */
  get ended(): Promise<void> {
    return this.#ended.promise
  }

  /** Resolves when the start has finished, whatever its result. */
  async start(): Promise<void> {
    try {
      await bringUp({
        plan: this.#plan,
        journal: this.#journal,
        signal: this.#startAborted.signal,
        hear: (event) => void this.#hear(event),
        made: (world) => this.#take(world),
      })
    } catch (cause) {
      void this.#hear({ kind: 'startFailed', errors: failureOf(cause).errors })
      return
    }
    void this.#hear({ kind: 'launched' })
  }

  async obey(command: WorkerCommand): Promise<WorkerAnswer> {
    if (command.command === 'metrics' && this.#world && !this.#life.ending)
      return { metrics: readMetrics(this.#plan, this.status, this.#world.setup) }
    if (command.command === 'metrics' || command.command === 'status')
      return { status: this.status }
    const refusal = await this.#hear({ kind: 'asked', command })
    return refusal ? { refusal } : { status: this.status }
  }

  /** Ends it in any state. */
  stop(): void {
    void this.#hear({ kind: 'asked', command: { command: 'stop' } })
  }

  /** The newest committed tick. */
  get #tick(): number {
    return this.#world?.clock.tick ?? this.#life.status.tick
  }

  /**
   * Handles an event. The actions that follow are done, or have begun, when this returns. The
   * answer is for the caller.
   */
  #hear(event: LifeEvent): Refusal | Answer {
    const { life, effects, refusal } = step(this.#life, event, this.#tick)
    if (life.status !== this.#life.status) this.#book.show(life.status)
    this.#life = life
    let answer: Answer
    for (const effect of effects) answer = this.#perform(effect) ?? answer
    return refusal ?? answer
  }

  #perform(effect: LifeEffect): Answer {
    switch (effect.kind) {
      case 'note':
      case 'error':
        this.#journal[effect.kind](effect.text)
        return undefined
      case 'startClock':
        this.#world!.clock.start()
        return undefined
      case 'stopClock':
        this.#world!.clock.stop()
        return undefined
      case 'startApp':
        return this.#world!.apps.startCustom(effect.app)
      case 'stopApp':
        void this.#world!.apps.stopCustom(effect.domain, effect.name)
        return undefined
      case 'deleteApp':
        this.#world!.apps.deleteCustom(effect.domain, effect.name)
        return undefined
      case 'restartApp':
        return this.#restartApp(effect)
      case 'startRhythm':
        this.#saving!.startRhythm(
          (location, tick) => this.#hear({ kind: 'snapshotDue', location, tick }) === undefined,
        )
        return undefined
      case 'watchDuration':
        this.#watchDuration()
        return undefined
      case 'makeSnapshot':
        void this.#makeSnapshot(effect)
        return undefined
      case 'breakOff':
        clearTimeout(this.#durationWatch)
        this.#startAborted.abort(new Error(effect.reason))
        this.#saving?.stopRhythm()
        return undefined
      case 'cancelSnapshot':
        this.#saving!.cancel()
        return undefined
      case 'end':
        this.#book.flush()
        this.#ended.resolve()
        return undefined
      default:
        void this.#takeStep(effect)
        return undefined
    }
  }

  /** Does one step of its end, up to the answer. */
  async #takeStep(effect: Extract<LifeEffect, { kind: AnsweredStep }>): Promise<void> {
    const { kind: step } = effect
    try {
      const savedAs = await this.#performStep(effect)
      void this.#hear({ kind: 'done', step, savedAs })
    } catch (cause) {
      void this.#hear({ kind: 'stepFailed', step, reason: (cause as Error).message })
    }
  }

  async #performStep(
    effect: Extract<LifeEffect, { kind: AnsweredStep }>,
  ): Promise<string | undefined> {
    switch (effect.kind) {
      case 'saveWorld':
        return this.#saving!.save()
      case 'finishClock':
        await this.#finishClock(effect.force)
        return undefined
      case 'shutDownApps':
        await this.#world!.apps.shutDownAll()
        return undefined
      case 'abandonApps':
        await this.#world!.apps.abandonAll()
        return undefined
      case 'clear':
        await leaveNothing(this.#plan)
        return undefined
      case 'closeLog':
        await this.#journal.close()
        return undefined
    }
  }

  #take(world: RunningWorld): void {
    this.#world = world
    const { clock, setup, made } = world
    this.#saving = new Saving({
      plan: this.#plan,
      made,
      header: () => simulationHeader(this.#plan, world, this.#life.status.apps),
      copyBytes: () => copyBytes(setup.fabric, this.#tick),
      tick: () => this.#tick,
      copyState: (room, only) => clock.copyState(room, only),
      failed: (message) => this.#journal.error(message),
    })
    if (this.#plan.tags.restartOnLoss)
      noteTicks(
        join(this.#plan.runFolder, TICK_FILE),
        () => this.#tick,
        (message) => this.#journal.error(message),
      )
    const { from } = world
    void this.#hear({ kind: 'worldMade', ...(from && { from }) })
  }

  async #restartApp({
    domain,
    name,
    package: location,
  }: Extract<LifeEffect, { kind: 'restartApp' }>): Promise<Refusal | undefined> {
    const refusal = await this.#world!.apps.restart(domain, name, location)
    if (!refusal) void this.#hear({ kind: 'appRestarted', domain, name, package: location })
    return refusal
  }

  async #makeSnapshot({
    location,
    isAutomatic,
  }: Extract<LifeEffect, { kind: 'makeSnapshot' }>): Promise<void> {
    const copied = (tick: number) => void this.#hear({ kind: 'snapshotCopied', tick })
    const outcome = await this.#saving!.make(location, isAutomatic, copied)
    void this.#hear({ kind: 'snapshotMade', outcome })
  }

  #watchDuration(): void {
    clearTimeout(this.#durationWatch)
    const { createdAtMs, maximumDurationMs } = this.#plan
    const leftMs = Math.max(0, createdAtMs + maximumDurationMs - Date.now())
    this.#durationWatch = setTimeout(
      () => {
        if (leftMs > TIMER_MS_MAX) this.#watchDuration()
        else void this.#hear({ kind: 'durationOver' })
      },
      Math.min(leftMs, TIMER_MS_MAX),
    )
  }

  async #finishClock(force: boolean): Promise<void> {
    const { clock } = this.#world!
    const late = setTimeout(() => void clock.finish(true), LAST_TICK_MS)
    await clock.finish(force)
    clearTimeout(late)
  }
}
