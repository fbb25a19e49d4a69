// All simulations of one store: which have a worker, and who watches it.
// Owns the set of watches and the recovery at the start; never answers the API.

import { isFinal, type KnownSimulation } from '../../core/lifecycle/simulation.ts'
import type { WorkerMetrics } from '../../core/wire/worker-protocol.ts'
import type { SimulationRecord } from '../../io/store/store.ts'
import { isOver, storedStatus } from '../known-status.ts'
import type { Supervision } from './supervision.ts'
import { WorkerWatch } from './worker-watch.ts'

/** At its start control waits no longer than this for workers to answer. */
const RECOVERY_LIMIT_MS = 900

export class Supervisor {
  readonly #supervision: Supervision
  readonly #watches = new Map<string, WorkerWatch>()
  /** How often a watch came, went, or has told a status. */
  #changes = 0

  constructor(supervision: Supervision) {
    this.#supervision = supervision
  }

  /** Finds the workers of all simulations that are not over, concludes those that ended, and sweeps up. */
  async recover(): Promise<void> {
    const records = await this.#supervision.store.listSimulations()
    const going = records.filter((record) => !isOver(record))
    const contact = Promise.all(going.map((record) => this.superviseOrLaunch(record).settled))
    const limit = new Promise((resolve) => setTimeout(resolve, RECOVERY_LIMIT_MS).unref())
    await Promise.race([contact, limit])
    await this.#sweep(records)
  }

  /** Watches a simulation that is not over; launches its worker where that was never done. */
  superviseOrLaunch(record: SimulationRecord): WorkerWatch {
    const watch = new WorkerWatch(this.#supervision, record, () => {
      this.#changes += 1
    })
    this.#watches.set(record.executionId, watch)
    this.#changes += 1
    void watch.ended.then(() => {
      if (watch.status !== undefined && isFinal(watch.status.status)) this.#forget(record.executionId)
    })
    return watch
  }

  /** The watch of a simulation that is not over. */
  find(executionId: string): WorkerWatch | undefined {
    return this.#watches.get(executionId)
  }

  /** Another text after each change of what is known beyond the store. */
  get revision(): string {
    return String(this.#changes)
  }

  /** What is known of a simulation now: its record, with the newest status of its worker. */
  known(record: SimulationRecord): KnownSimulation {
    const { status: stored } = storedStatus(record)
    const live = this.#watches.get(record.executionId)?.status
    const newest = live !== undefined && live.revision >= (stored?.revision ?? -1) ? live : stored
    return {
      name: record.name,
      targetStatus: record.targetStatus,
      ...(newest !== undefined && { workerStatus: newest }),
    }
  }

  /**
   * How all simulations do that have apps now; those whose worker does not answer in time are
   * missing.
   */
  async metrics(): Promise<WorkerMetrics[]> {
    const told = await Promise.all([...this.#watches.values()].map((watch) => watch.metrics()))
    return told.filter((metrics) => metrics !== undefined)
  }

  /** Ends what is left of a deleted simulation; what fails is done by the next sweep. */
  async remove(executionId: string): Promise<void> {
    try {
      await this.#watches.get(executionId)?.ended
      this.#forget(executionId)
      await this.#supervision.host.clear(executionId, 'all')
    } catch (error) {
      this.#supervision.log.error({ error, executionId }, 'the remains of a deleted simulation could not be removed')
    }
  }

  /** Lets all workers go on without us. */
  async close(): Promise<void> {
    await Promise.all([...this.#watches.values()].map((watch) => watch.close()))
    this.#watches.clear()
  }

  #forget(executionId: string): void {
    this.#watches.delete(executionId)
    this.#changes += 1
  }

  /**
   * Executions without a record are of simulations whose deletion was cut short; ended ones may have
   * left memory and files.
   */
  async #sweep(records: readonly SimulationRecord[]): Promise<void> {
    const { host } = this.#supervision
    const byExecution = new Map(records.map((record) => [record.executionId, record]))
    for (const { executionId, hasRemains } of await host.list()) {
      const record = byExecution.get(executionId)
      if (record === undefined) await this.remove(executionId)
      else if (hasRemains && isOver(record)) await host.clear(executionId, 'remains')
    }
  }
}
