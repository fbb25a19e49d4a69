// All simulations of one store: which have a worker, and which watch follows it. Owns the set of
// watches and the recovery at the start; never answers the API.

import { isFinal, type KnownSimulation } from '../../core/lifecycle/simulation.ts'
import type { WorkerMetrics } from '../../core/wire/worker-protocol.ts'
import type { SimulationRecord } from '../../io/store/store.ts'
import { isOver, storedStatus } from '../known-status.ts'
import type { Supervision } from './supervision.ts'
import { WorkerWatch } from './worker-watch.ts'

/** The longest time that control waits at its start for workers to answer. */
const RECOVERY_LIMIT_MS = 900

export class Supervisor {
  readonly #supervision: Supervision
  readonly #watches = new Map<string, WorkerWatch>()
  /** Counts watches that came or went, and statuses. */
  #changes = 0

  constructor(supervision: Supervision) {
    this.#supervision = supervision
  }

  /**
   * Finds the workers of all simulations that are not over, concludes those that ended, and removes
   * remains.
   */
  async recover(): Promise<void> {
    const records = await this.#supervision.store.listSimulations()
    const going = records.filter((record) => !isOver(record))
    const contact = Promise.all(going.map((record) => this.superviseOrLaunch(record).settled))
    const limit = new Promise((resolve) => setTimeout(resolve, RECOVERY_LIMIT_MS).unref())
    await Promise.race([contact, limit])
    await this.#sweep(records)
  }

  /** Watches a simulation that is not over. Launches its worker if that was never done. */
  superviseOrLaunch(record: SimulationRecord): WorkerWatch {
    const watch = new WorkerWatch(this.#supervision, record, () => {
      this.#changes += 1
    })
    this.#watches.set(record.executionId, watch)
    this.#changes += 1
    void watch.ended.then(() => {
      if (watch.status !== undefined && isFinal(watch.status.status))
        this.#forget(record.executionId)
    })
    return watch
  }

  /** The watch of a simulation that is not over. */
  find(executionId: string): WorkerWatch | undefined {
    return this.#watches.get(executionId)
  }

  /** Changes with each change of what is known beyond the store. */
  get revision(): string {
    return String(this.#changes)
  }

  /** The current facts about a simulation: its record, with its worker's newest status. */
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
   * The metrics of all simulations that have apps. Those whose worker does not answer in time are
   * missing.
   */
  async metrics(): Promise<WorkerMetrics[]> {
    const told = await Promise.all([...this.#watches.values()].map((watch) => watch.metrics()))
    return told.filter((metrics) => metrics !== undefined)
  }

  /** Ends what is left of a deleted simulation. If something fails, the next sweep does it. */
  async remove(executionId: string): Promise<void> {
    try {
      await this.#watches.get(executionId)?.ended
      this.#forget(executionId)
      await this.#supervision.host.clear(executionId, 'all')
    } catch (error) {
      this.#supervision.log.error(
        { error, executionId },
        'the remains of a deleted simulation could not be removed',
      )
    }
  }

  /** Leaves all workers running without this control. */
  async close(): Promise<void> {
    await Promise.all([...this.#watches.values()].map((watch) => watch.close()))
    this.#watches.clear()
  }

  #forget(executionId: string): void {
    this.#watches.delete(executionId)
    this.#changes += 1
  }

  /**
   * Executions without a record belong to simulations whose deletion was interrupted; ended ones
   * may have left memory and files.
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
