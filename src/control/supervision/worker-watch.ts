// Follows one simulation's worker from its start to its end, over restarts of control.
// Owns the newest status and the connection; never decides what a caller may do (core/lifecycle does).
//
//   launch → connect ⇄ lost connection → last word in status.json → store, end what is left, remove its memory
//     ↑                                → the process is gone → the same
//     └── end what is left, remove its memory ← store ←┘ where it is started again

import type { ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { concludeLostWorker, type LossConclusion } from '../../core/lifecycle/lost-worker.ts'
import { isFinal, type KnownSimulation } from '../../core/lifecycle/simulation.ts'
import { logFolderOf, workerSocketPath } from '../../core/wire/places.ts'
import type { WorkerPlan } from '../../core/wire/plan.ts'
import type {
  WorkerAnswer,
  WorkerCommand,
  WorkerEvent,
  WorkerMetrics,
  WorkerStatus,
} from '../../core/wire/worker-protocol.ts'
import type { BusClient } from '../../io/bus/bus.ts'
import { BusError } from '../../io/bus/bus.ts'
import { connectBus } from '../../io/bus/unix-bus.ts'
import { openLogStreams } from '../../io/logs/log-streams.ts'
import { makeFabricFolder } from '../../io/shm/fabric-folder.ts'
import type { SimulationRecord, Store } from '../../io/store/store.ts'
import type { RunFolder } from '../data-folder.ts'
import { storedStatus } from '../known-status.ts'
import { lastTick } from './last-tick.ts'
import { freeMemory, removeRemains } from './remains.ts'
import { readStatus, writeStatus } from './run-files.ts'
import type { Supervision } from './supervision.ts'
import { findWorkerProcess, startWorkerProcess, writePlan } from './worker-process.ts'

const RETRY_MS = 50
/** For `status` and `stop`, which a healthy worker gives at once. */
const ANSWER_LIMIT_MS = 10_000
/** Other commands may have to wait for the end of a tick, or for an app. */
const COMMAND_LIMIT_MS = 60_000
/** Who asks how simulations do waits for the slowest of them. */
const METRICS_LIMIT_MS = 2_000
/** How long a command waits for a connection that is being made again. */
const REACH_LIMIT_MS = 2_000
/** How long until what could not be stored is stored again. */
const STORE_AGAIN_MS = 500

type Client = BusClient<WorkerCommand, WorkerAnswer, WorkerEvent>

export class WorkerWatch {
  readonly executionId: string
  /** Fulfilled once the worker has been reached, or its end is known. */
  readonly settled: Promise<void>
  /** Fulfilled once the simulation is final and nothing of it is left but its run folder and its logs. */
  readonly ended: Promise<void>
  readonly #supervision: Supervision
  readonly #folder: RunFolder
  readonly #plan: WorkerPlan
  readonly #name: string
  readonly #onStatus: () => void
  #targetStatus: 'STARTED' | 'STOPPED'
  #launched: boolean
  #status: WorkerStatus | undefined
  #client: Client | undefined
  #child: ChildProcess | undefined
  #closed = false
  #settle: () => void = () => undefined
  #stopDeadline: NodeJS.Timeout | undefined
  #saving: Promise<void> = Promise.resolve()
  /** What is not stored yet. A newer one takes the place of an older one. */
  #unstored: ((store: Store) => Promise<unknown>) | undefined
  #storingAgain: Promise<void> | undefined
  #statusFault: string | undefined
  /** Why its worker could not be started. */
  #launchFault: string | undefined

  /** `onStatus` is told of each new status, before it is stored. */
  constructor(
    supervision: Supervision,
    record: SimulationRecord,
    folder: RunFolder,
    plan: WorkerPlan,
    onStatus: () => void,
  ) {
    this.executionId = record.executionId
    this.#supervision = supervision
    this.#folder = folder
    this.#plan = plan
    this.#name = record.name
    this.#onStatus = onStatus
    this.#targetStatus = record.targetStatus
    const { status, faults } = storedStatus(record)
    for (const fault of faults) supervision.log.warn({ fault }, 'the store is damaged')
    // With a status that is damaged nobody knows what to begin with: that is a loss, as any other.
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

  /** Asks the worker, and stores the status that it answers. Throws BusError where it can't be reached in time. */
  async request(command: WorkerCommand): Promise<WorkerAnswer> {
    const client = await this.#reach()
    const answer = await client.request(command, COMMAND_LIMIT_MS)
    if ('status' in answer) await this.#adopt(answer.status)
    return answer
  }

  /** How the simulation does. Undefined while it has no apps yet or ends, and where the worker can't be reached at once. */
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

  /** The connection; where it was lost a moment ago, it may come back. */
  async #reach(): Promise<Client> {
    const giveUpAtMs = Date.now() + REACH_LIMIT_MS
    while (this.#client === undefined && !this.#over && Date.now() < giveUpAtMs) await sleep(RETRY_MS)
    if (this.#client === undefined)
      throw new BusError('Unreachable', `the worker of ${this.#name} can't be reached now`)
    return this.#client
  }

  get #over(): boolean {
    return this.#closed || (this.#status !== undefined && isFinal(this.#status.status))
  }

  /** To be called once the stop is stored: it is sent now, or as soon as the worker can be reached. */
  async stop(): Promise<void> {
    this.#targetStatus = 'STOPPED'
    this.#limitStop()
    if (this.#client !== undefined) await this.#sendStop(this.#client)
  }

  /** Lets the worker go on without us. */
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
        // Another worker is started only once that is stored.
        if (!isFinal(end.status.status)) await this.#storingAgain
        if (this.#closed) return
      } while (!isFinal(end.status.status))
      await this.#waitForExit()
      await removeRemains(this.#supervision.processes, this.#plan.fabricFolder, this.executionId, this.#folder)
      // Until its end is stored, this watch alone knows it.
      await this.#storingAgain
    } catch (error) {
      this.#supervision.log.error({ error, simulation: this.#name }, 'the watch of a worker broke')
    } finally {
      clearTimeout(this.#stopDeadline)
    }
  }

  async #launch(): Promise<void> {
    this.#launchFault = undefined
    if (this.#targetStatus === 'STOPPED') return
    // Here and not where the loss was found: control may have been started again since.
    if (this.#status !== undefined) {
      await freeMemory(this.#supervision.processes, this.#plan.fabricFolder, this.executionId)
    }
    try {
      // What is wrong with it is said here, and not by the exit code of a worker.
      makeFabricFolder(this.#plan.fabricFolder)
      await writePlan(this.#folder, { ...this.#plan, ...(this.#status !== undefined && { last: this.#status }) })
      // The promise just before the deed: a control that ends in between leaves a loss to the next one.
      await this.#supervision.store.setLaunched(this.executionId)
      this.#launched = true
      this.#child = await startWorkerProcess(this.#supervision.workerProgram, this.#folder, this.executionId)
    } catch (error) {
      this.#launchFault = (error as Error).message
      this.#supervision.log.error({ error, simulation: this.#name }, 'a worker process could not be started')
    }
  }

  /** What follows from the worker's end, once it has ended; undefined where we are closed before. */
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
      // In this order: a worker that writes its last word and ends in between is not taken for lost.
      const alive = this.#isAlive()
      const left = this.#readLeft()
      if (left !== undefined && isFinal(left.status)) return { status: left }
      if (left !== undefined) await this.#adopt(left)
      missing = alive ? 0 : missing + 1
      // Twice, for a process that was started by a control that died in that moment.
      if (missing >= 2) return this.#lost(this.#describeEnd())
      if (alive && !reached && Date.now() > connectBeforeMs) {
        await this.#supervision.processes.kill(this.executionId)
        return this.#lost(`the worker process did not answer within ${this.#supervision.startLimitMs / 1000} s`)
      }
      await sleep(RETRY_MS)
    }
    return undefined
  }

  /** A file that is damaged says nothing; the process itself tells the rest. */
  #readLeft(): WorkerStatus | undefined {
    const { content, fault } = readStatus(this.#folder, this.executionId)
    if (fault !== undefined && fault !== this.#statusFault)
      this.#supervision.log.warn({ fault, simulation: this.#name }, 'a status file is damaged')
    this.#statusFault = fault
    return content
  }

  async #connect(): Promise<Client | undefined> {
    try {
      return await connectBus<WorkerCommand, WorkerAnswer, WorkerEvent>(
        workerSocketPath(this.#plan.fabricFolder, this.executionId),
      )
    } catch (error) {
      if (error instanceof BusError && error.fault === 'Unreachable') return undefined
      throw error
    }
  }

  async #stayConnected(client: Client): Promise<void> {
    const ended = new Promise<void>((resolve) => client.onClose(resolve))
    client.onEvent((status) => void this.#adopt(status))
    try {
      const answer = await client.request({ command: 'status' }, ANSWER_LIMIT_MS)
      if ('status' in answer) await this.#adopt(answer.status)
      if (this.#closed) await client.close()
      this.#client = client
      if (this.#targetStatus === 'STOPPED') await this.#sendStop(client)
      this.#settle()
    } catch (error) {
      this.#supervision.log.warn({ error, simulation: this.#name }, 'a worker does not answer')
      await client.close()
    }
    await ended
    this.#client = undefined
  }

  /** What fails here is made good when we connect again, or when the time for stopping is over. */
  async #sendStop(client: Client): Promise<void> {
    if (this.#status !== undefined && (isFinal(this.#status.status) || this.#status.status === 'STOPPING')) return
    try {
      const answer = await client.request({ command: 'stop' }, ANSWER_LIMIT_MS)
      if ('status' in answer) await this.#adopt(answer.status)
      else this.#supervision.log.warn({ answer, simulation: this.#name }, 'a worker refused to stop')
    } catch (error) {
      this.#supervision.log.warn({ error, simulation: this.#name }, 'a stop could not be sent')
    }
  }

  /** A worker that can't stop by itself is ended. */
  #limitStop(): void {
    if (this.#stopDeadline !== undefined) return
    this.#stopDeadline = setTimeout(() => {
      this.#supervision.log.warn({ simulation: this.#name }, 'a worker did not stop in time and is ended')
      void this.#supervision.processes.kill(this.executionId)
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

  /** What can't be stored now, as on a disk that is full, is stored as soon as it can be. */
  async #store(change: (store: Store) => Promise<unknown>): Promise<void> {
    this.#unstored = change
    try {
      await this.#storeNow(change)
    } catch (error) {
      this.#supervision.log.error({ error, simulation: this.#name }, 'a status could not be stored, and is tried again')
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
      // The first failure was logged; the last one is followed by a success, or by our end.
      if (change !== undefined) await this.#storeNow(change).catch(() => undefined)
    }
    this.#storingAgain = undefined
  }

  /** A final status, or one for the next worker to begin with. */
  async #conclude({ status, failure }: LossConclusion): Promise<void> {
    if (isFinal(status.status)) {
      await this.#adopt(status, failure)
      if (failure !== undefined) await this.#sayInErrors(status, failure)
      await this.#leaveStatus(status)
      return
    }
    this.#status = status
    this.#launched = false
    this.#child = undefined
    this.#onStatus()
    this.#saving = this.#saving.then(() => this.#store((store) => store.setUnlaunched(this.executionId, status)))
    await this.#saving
  }

  /** The store has it as well, so that a disk which is full holds nothing up. */
  async #leaveStatus(status: WorkerStatus): Promise<void> {
    try {
      await writeStatus(this.#folder, status)
    } catch (error) {
      this.#supervision.log.warn(
        { error, simulation: this.#name },
        'a last status could not be written to the run folder',
      )
    }
  }

  /** In the simulation's own log, where the worker can say nothing any more. */
  async #sayInErrors({ tick, logGroup }: WorkerStatus, failure: string): Promise<void> {
    const streams = openLogStreams(logFolderOf(this.#plan, logGroup))
    streams.writer('/sim/errors').write(`tick=${tick} simulation=FAILED ${failure}\n`)
    await streams.close()
  }

  #isAlive(): boolean {
    return findWorkerProcess(this.#supervision.workerProgram, this.#folder) !== undefined
  }

  #lost(reason: string): LossConclusion {
    const known: KnownSimulation = {
      name: this.#name,
      targetStatus: this.#targetStatus,
      ...(this.#status !== undefined && { workerStatus: this.#status }),
    }
    const conclusion = concludeLostWorker(this.executionId, known, {
      reason,
      atMs: Date.now(),
      tick: lastTick(this.#plan, this.executionId, this.#status),
      isRestartWanted: this.#plan.tags.restartOnLoss,
    })
    const { status } = conclusion
    this.#supervision.log.warn(
      { simulation: this.#name, status: status.status, tick: status.tick, reason },
      'a worker is gone',
    )
    return conclusion
  }

  #describeEnd(): string {
    if (this.#launchFault !== undefined) return `the worker process could not be started: ${this.#launchFault}`
    if (!this.#launched) return 'the worker process was not started'
    const signal = this.#child?.signalCode
    const code = this.#child?.exitCode
    const how = signal ? ` by ${signal}` : typeof code === 'number' ? ` with exit code ${code}` : ''
    return `the worker process ended unexpectedly${how}; its output is in ${this.#folder.workerLog}`
  }

  /** A final status comes shortly before the end of its process. */
  async #waitForExit(): Promise<void> {
    const giveUpAtMs = Date.now() + this.#supervision.exitLimitMs
    while (!this.#closed && this.#isAlive() && Date.now() < giveUpAtMs) await sleep(RETRY_MS)
  }
}
