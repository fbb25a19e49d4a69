// Follows one simulation's worker from its start to its end, over restarts of control.
// Owns the newest status and the connection; never decides what a caller may do (core/lifecycle
// does).
//
//   launch → connect ⇄ lost connection → last word in status.json → store, end what is left,
//     ↑              ↓                                            remove its memory
//     ↑              └→ the process is gone → the same
//     └── end what is left, remove its memory ← store ←┘ where it is started again

import { setTimeout as sleep } from 'node:timers/promises'
import { concludeLostWorker, type LossConclusion } from '../../core/lifecycle/lost-worker.ts'
import { isFinal, type KnownSimulation } from '../../core/lifecycle/simulation.ts'
import type {
  WorkerAnswer,
  WorkerCommand,
  WorkerMetrics,
  WorkerStatus,
} from '../../core/wire/worker-protocol.ts'
import { BusError } from '../../io/bus/bus.ts'
import type { SimulationRecord, Store } from '../../io/store/store.ts'
import type { Traces, WorkerConnection } from '../../joints/worker-host/worker-host.ts'
import { storedStatus } from '../known-status.ts'
import { planFor, tagsOf } from './simulation-plan.ts'
import type { Supervision } from './supervision.ts'

const RETRY_MS = 50
/** A command may have to wait for the end of a tick, or for an app. */
const COMMAND_LIMIT_MS = 60_000
/** A request for all metrics waits for the slowest worker. */
const METRICS_LIMIT_MS = 2_000
/** How long a command waits for a connection that is being restored. */
const REACH_LIMIT_MS = 2_000
/** How long until a failed write to the store is repeated. */
const STORE_AGAIN_MS = 500

/** By the wall clock, and by a monotonic clock. */
interface Moment {
  atMs: number
  passedMs: number
}

export class WorkerWatch {
  readonly executionId: string
  /** Resolves once the worker has been reached, or its end is known. */
  readonly settled: Promise<void>
  /** Resolves once the simulation is final and only its run folder and its logs are left. */
  readonly ended: Promise<void>
  readonly #supervision: Supervision
  readonly #record: SimulationRecord
  readonly #name: string
  readonly #onStatus: () => void
  #targetStatus: 'STARTED' | 'STOPPED'
  #launched: boolean
  #status: WorkerStatus | undefined
  #client: WorkerConnection | undefined
  #closed = false
  #settle: () => void = () => undefined
  #stopDeadline: NodeJS.Timeout | undefined
  #saving: Promise<void> = Promise.resolve()
  /** The newest status that is not stored yet; it replaces older ones. */
  #unstored: ((store: Store) => Promise<unknown>) | undefined
  #storingAgain: Promise<void> | undefined
  readonly #faultsTold = new Set<string>()
  /** When the first unanswered ping was sent, while the worker does not answer. */
  #unanswered: Moment | undefined
  #storedUnansweredMs: number | undefined
  /** Why a hanging worker was killed. */
  #hanging: string | undefined
  /** Why the worker could not be started. */
  #launchFault: string | undefined

  /** `onStatus` gets each new status before it is stored. */
  constructor(supervision: Supervision, record: SimulationRecord, onStatus: () => void) {
    this.executionId = record.executionId
    this.#supervision = supervision
    this.#record = record
    this.#storedUnansweredMs = record.unansweredSinceMs
    this.#name = record.name
    this.#onStatus = onStatus
    this.#targetStatus = record.targetStatus
    const { status, faults } = storedStatus(record)
    for (const fault of faults) supervision.log.warn({ fault }, 'the store is damaged')
    // A damaged status leaves nothing to continue from, so it counts as a loss.
    this.#launched = record.launched || faults.length > 0
    this.#status = status
    this.settled = new Promise((resolve) => {
      this.#settle = resolve
    })
    this.ended = this.#follow().finally(() => this.#settle())
  }

  get status(): WorkerStatus | undefined {
    return this.#status
  }

  /**
   * Asks the worker, and stores the status that it answers. Throws BusError if it cannot be reached
   * in time.
   */
  async request(command: WorkerCommand): Promise<WorkerAnswer> {
    const client = await this.#reach()
    const answer = await client.request(command, COMMAND_LIMIT_MS)
    if ('status' in answer) await this.#adopt(answer.status)
    return answer
  }

  /**
   * The simulation's metrics. Undefined while it has no apps yet or ends, or if the worker cannot
   * be reached at once.
   */
  async metrics(): Promise<WorkerMetrics | undefined> {
    if (this.#over) return undefined
    try {
      const answer = await this.#client?.request({ command: 'metrics' }, METRICS_LIMIT_MS)
      return answer !== undefined && 'metrics' in answer ? answer.metrics : undefined
    } catch (error) {
      if (error instanceof BusError) return undefined
      throw error
    }
  }

  /** The connection. If it was lost a moment ago, it may come back. */
  async #reach(): Promise<WorkerConnection> {
    const giveUpAtMs = Date.now() + REACH_LIMIT_MS
    while (this.#client === undefined && !this.#over && Date.now() < giveUpAtMs)
      await sleep(RETRY_MS)
    if (this.#client === undefined)
      throw new BusError('Unreachable', `the worker of ${this.#name} can't be reached now`)
    return this.#client
  }

  get #over(): boolean {
    return this.#closed || (this.#status !== undefined && isFinal(this.#status.status))
  }

  /** Call this once the stop is stored: it is sent now, or as soon as the worker can be reached. */
  async stop(): Promise<void> {
    this.#targetStatus = 'STOPPED'
    this.#limitStop()
    if (this.#client !== undefined) await this.#sendStop(this.#client)
  }

  /** Leaves the worker running without this control. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#stopDeadline)
    await this.#client?.close()
    await this.ended
    await this.#saving
  }

  async #follow(): Promise<void> {
    try {
      if (this.#targetStatus === 'STOPPED') this.#limitStop()
      let end: LossConclusion | undefined
      do {
        if (!this.#launched) await this.#launch()
        end = await this.#untilEnd()
        if (end === undefined) return
        await this.#conclude(end)
        this.#settle()
        // The next worker is started only once this is stored.
        if (!isFinal(end.status.status)) await this.#storingAgain
        if (this.#closed) return
      } while (!isFinal(end.status.status))
      await this.#waitForExit()
      await this.#supervision.host.clear(this.executionId, 'remains')
      // Until its end is stored, only this watch knows it.
      await this.#storingAgain
    } catch (error) {
      this.#supervision.log.error({ error, simulation: this.#name }, 'the watch of a worker broke')
    } finally {
      clearTimeout(this.#stopDeadline)
    }
  }

  async #launch(): Promise<void> {
    const { host, store, launching, log } = this.#supervision
    this.#launchFault = undefined
    this.#hanging = undefined
    if (this.#targetStatus === 'STOPPED' || launching === undefined) return
    try {
      // Checked here, because control may have been restarted since the loss.
      if (this.#status !== undefined) await host.clear(this.executionId, 'memory')
      const { plan: begun } = await this.#look()
      const plan = planFor(this.#record, begun, launching)
      // Store the intent first: a control that ends in between leaves a loss to the next one.
      await store.setLaunched(this.executionId)
      this.#launched = true
      await host.launch({ ...plan, ...(this.#status !== undefined && { last: this.#status }) })
    } catch (error) {
      this.#launchFault = (error as Error).message
      log.error({ error, simulation: this.#name }, 'a worker process could not be started')
    }
  }

  /**
   * What follows from the worker's end, once it has ended; undefined if this watch is closed
   * before.
   */
  async #untilEnd(): Promise<LossConclusion | undefined> {
    const connectBeforeMs = Date.now() + this.#supervision.startLimitMs
    let reached = false
    let missing = 0
    while (!this.#closed) {
      const client = await this.#connect()
      if (client !== undefined) {
        reached = true
        missing = 0
        await this.#stayConnected(client)
        continue
      }
      const traces = await this.#look()
      const { worker, status: left } = traces
      if (left !== undefined && isFinal(left.status)) return { status: left }
      if (left !== undefined) await this.#adopt(left)
      missing = worker === undefined ? missing + 1 : 0
      // Repeated for a process that a dying control started in that moment.
      if (missing >= 2) return this.#lost(this.#describeEnd(traces), traces)
      if (worker !== undefined && !reached && Date.now() > connectBeforeMs) {
        await this.#supervision.host.end(this.executionId)
        const limitS = this.#supervision.startLimitMs / 1000
        return this.#lost(`the worker process did not answer within ${limitS} s`, traces)
      }
      await sleep(RETRY_MS)
    }
    return undefined
  }

  /** A damaged file is ignored; the worker itself reports the rest. */
  async #look(): Promise<Traces> {
    const traces = await this.#supervision.host.look(this.executionId)
    for (const fault of traces.faults)
      if (!this.#faultsTold.has(fault)) {
        this.#faultsTold.add(fault)
        this.#supervision.log.warn({ fault, simulation: this.#name }, 'a file is damaged')
      }
    return traces
  }

  async #connect(): Promise<WorkerConnection | undefined> {
    try {
      return await this.#supervision.host.connect(this.executionId)
    } catch (error) {
      if (error instanceof BusError && error.fault === 'Unreachable') return undefined
      throw error
    }
  }

  async #stayConnected(client: WorkerConnection): Promise<void> {
    const ended = new Promise<void>((resolve) => client.onClose(resolve))
    client.onEvent((status) => void this.#adopt(status))
    if (await this.#isAnswering(client)) {
      if (this.#closed) await client.close()
      this.#client = client
      if (this.#targetStatus === 'STOPPED') await this.#sendStop(client)
      this.#settle()
      void this.#keepAsking(client)
    } else await client.close()
    await ended
    this.#client = undefined
  }

  /** Tells a hanging worker from one that has nothing to say. */
  async #keepAsking(client: WorkerConnection): Promise<void> {
    while (this.#client === client && !this.#over) {
      await sleep(this.#supervision.askEachMs, undefined, { ref: false })
      if (this.#client === client) await this.#isAnswering(client)
    }
  }

  async #isAnswering(client: WorkerConnection): Promise<boolean> {
    const asked = { atMs: Date.now(), passedMs: performance.now() }
    try {
      const answer = await client.request({ command: 'status' }, this.#supervision.answerLimitMs)
      if ('status' in answer) await this.#adopt(answer.status)
      await this.#setUnanswered(undefined)
      return true
    } catch (error) {
      const isClosed = error instanceof BusError && error.fault === 'Closed'
      // After its last word, a worker has its own time limit to end.
      if (!isClosed && !this.#over) await this.#missAnswer(asked, error)
      return false
    }
  }

  /** Time in which the machine sleeps does not count. */
  async #missAnswer(asked: Moment, error: unknown): Promise<void> {
    const { log, host, workerTimeoutMs } = this.#supervision
    if (this.#unanswered === undefined) {
      log.warn({ error, simulation: this.#name }, 'a worker does not answer')
      await this.#setUnanswered({ ...asked, atMs: this.#storedUnansweredMs ?? asked.atMs })
    }
    const { atMs, passedMs } = this.#unanswered ?? asked
    const hangsMs = performance.now() - passedMs
    if (workerTimeoutMs === 0 || hangsMs < workerTimeoutMs) return
    const limit = `within ${workerTimeoutMs / 1000} s`
    const since = new Date(atMs).toISOString()
    this.#hanging = `the worker has not answered since ${since}, nor ${limit}`
    await host.end(this.executionId)
  }

  async #setUnanswered(moment: Moment | undefined): Promise<void> {
    const { store, log } = this.#supervision
    this.#unanswered = moment
    if (moment?.atMs === this.#storedUnansweredMs) return
    try {
      await store.setUnansweredSince(this.executionId, moment?.atMs)
      this.#storedUnansweredMs = moment?.atMs
    } catch (error) {
      log.warn({ error, simulation: this.#name }, 'it could not be stored since when it hangs')
    }
  }

  /** Failures here are repaired at the next connection, or when the time for stopping is over. */
  async #sendStop(client: WorkerConnection): Promise<void> {
    if (
      this.#status !== undefined &&
      (isFinal(this.#status.status) || this.#status.status === 'STOPPING')
    )
      return
    try {
      const answer = await client.request({ command: 'stop' }, this.#supervision.answerLimitMs)
      if ('status' in answer) await this.#adopt(answer.status)
      else
        this.#supervision.log.warn({ answer, simulation: this.#name }, 'a worker refused to stop')
    } catch (error) {
      this.#supervision.log.warn({ error, simulation: this.#name }, 'a stop could not be sent')
    }
  }

  /** A worker that cannot stop by itself is killed. */
  #limitStop(): void {
    if (this.#stopDeadline !== undefined) return
    this.#stopDeadline = setTimeout(() => {
      this.#supervision.log.warn(
        { simulation: this.#name },
        'a worker did not stop in time and is ended',
      )
      void this.#supervision.host.end(this.executionId)
    }, this.#supervision.stopLimitMs)
    this.#stopDeadline.unref()
  }

  async #adopt(status: WorkerStatus, failure?: string): Promise<void> {
    if (status.executionId !== this.executionId) return
    if (this.#status === undefined || status.revision > this.#status.revision) {
      this.#status = status
      this.#onStatus()
      this.#saving = this.#saving.then(() => this.#save(status, failure))
    }
    await this.#saving
  }

  async #save(status: WorkerStatus, failure?: string): Promise<void> {
    if (status !== this.#status) return // a newer one follows
    await this.#store((store) => store.setWorkerStatus(this.executionId, status, failure))
  }

  /** What cannot be stored now, for example on a full disk, is stored as soon as possible. */
  async #store(change: (store: Store) => Promise<unknown>): Promise<void> {
    this.#unstored = change
    try {
      await this.#storeNow(change)
    } catch (error) {
      this.#supervision.log.error(
        { error, simulation: this.#name },
        'a status could not be stored, and is tried again',
      )
      this.#storingAgain ??= this.#storeAgain()
    }
  }

  async #storeNow(change: (store: Store) => Promise<unknown>): Promise<void> {
    await change(this.#supervision.store)
    if (this.#unstored === change) this.#unstored = undefined
  }

  async #storeAgain(): Promise<void> {
    while (this.#unstored !== undefined && !this.#closed) {
      await sleep(STORE_AGAIN_MS)
      const change = this.#unstored
      // The first failure was logged; the last one is followed by a success or by our end.
      if (change !== undefined) await this.#storeNow(change).catch(() => undefined)
    }
    this.#storingAgain = undefined
  }

  /** A final status, or one that the next worker starts with. */
  async #conclude({ status, failure }: LossConclusion): Promise<void> {
    await this.#setUnanswered(undefined)
    if (isFinal(status.status)) {
      await this.#adopt(status, failure)
      await this.#leave(status, failure)
      return
    }
    this.#status = status
    this.#launched = false
    this.#onStatus()
    this.#saving = this.#saving.then(() =>
      this.#store((store) => store.setUnlaunched(this.executionId, status)),
    )
    await this.#saving
  }

  /** The store has it too, so a full disk blocks nothing. */
  async #leave(status: WorkerStatus, failure: string | undefined): Promise<void> {
    try {
      await this.#supervision.host.conclude(this.#name, status, failure)
    } catch (error) {
      this.#supervision.log.warn(
        { error, simulation: this.#name },
        'a last status could not be left with what else there is of its simulation',
      )
    }
  }

  #lost(reason: string, { plan, tick }: Traces): LossConclusion {
    const known: KnownSimulation = {
      name: this.#name,
      targetStatus: this.#targetStatus,
      ...(this.#status !== undefined && { workerStatus: this.#status }),
    }
    const conclusion = concludeLostWorker(this.executionId, known, {
      reason,
      atMs: Date.now(),
      tick: Math.max(tick, this.#status?.tick ?? 0),
      isRestartWanted: tagsOf(this.#record, plan, this.#supervision.launching?.snapshots)
        .restartOnLoss,
    })
    const { status } = conclusion
    this.#supervision.log.warn(
      { simulation: this.#name, status: status.status, tick: status.tick, reason },
      'a worker is gone',
    )
    return conclusion
  }

  #describeEnd({ ending, output }: Traces): string {
    if (this.#launchFault !== undefined)
      return `the worker process could not be started: ${this.#launchFault}`
    if (!this.#launched) return 'the worker process was not started'
    if (this.#hanging !== undefined) return this.#hanging
    const how = ending === undefined ? '' : ` ${ending}`
    return `the worker process ended unexpectedly${how}; its output is in ${output}`
  }

  /** A final status comes shortly before the end of its process. */
  async #waitForExit(): Promise<void> {
    const giveUpAtMs = Date.now() + this.#supervision.exitLimitMs
    while (!this.#closed && Date.now() < giveUpAtMs) {
      if ((await this.#look()).worker === undefined) return
      await sleep(RETRY_MS)
    }
  }
}
