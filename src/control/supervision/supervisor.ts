// All simulations of one data folder: which have a worker, and who watches it.
// Owns the set of watches and the recovery at the start; never answers the API.

import { readdir } from 'node:fs/promises'
import { parseMaximumDuration } from '../../core/lifecycle/duration.ts'
import { noHeddleTags, parseHeddleTags } from '../../core/lifecycle/heddle-tags.ts'
import { isFinal, type KnownSimulation } from '../../core/lifecycle/simulation.ts'
import { defaultLimits, type SimulationLimits } from '../../core/limits.ts'
import type { WorkerPlan } from '../../core/wire/plan.ts'
import type { WorkerMetrics } from '../../core/wire/worker-protocol.ts'
import { removePackages } from '../../io/packages/packages.ts'
import type { SimulationRecord } from '../../io/store/store.ts'
import { type RunFolder, runFolder } from '../data-folder.ts'
import { isOver, storedStatus } from '../known-status.ts'
import { hasRemains, removeRemains } from './remains.ts'
import { readPlan } from './run-files.ts'
import type { Supervision } from './supervision.ts'
import { findFabricFolder } from './worker-process.ts'
import { WorkerWatch } from './worker-watch.ts'

/** At its start control waits no longer than this for workers to answer. */
const RECOVERY_LIMIT_MS = 900

export class Supervisor {
  readonly #supervision: Supervision
  readonly #watches = new Map<string, WorkerWatch>()
  readonly #faultsTold = new Set<string>()
  /** Of watches and of their statuses. */
  #changes = 0

  constructor(supervision: Supervision) {
    this.#supervision = supervision
  }

  /** Finds the workers of all simulations that are not over, concludes those that ended, and sweeps up. */
  async recover(): Promise<void> {
    const records = await this.#supervision.store.listSimulations()
    const watches = records.filter((record) => !isOver(record)).map((record) => this.superviseOrLaunch(record))
    const contact = Promise.all(watches.map((watch) => watch.settled))
    await Promise.race([contact, new Promise((resolve) => setTimeout(resolve, RECOVERY_LIMIT_MS).unref())])
    await this.#sweep(records)
  }

  /** Watches a simulation that is not over; launches its worker where that was never done. */
  superviseOrLaunch(record: SimulationRecord): WorkerWatch {
    const folder = this.#folderOf(record.executionId)
    const watch = new WorkerWatch(this.#supervision, record, folder, this.#planFor(record, folder), () => {
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

  /** How all simulations do that have apps now; those whose worker does not answer in time are missing. */
  async metrics(): Promise<WorkerMetrics[]> {
    const told = await Promise.all([...this.#watches.values()].map((watch) => watch.metrics()))
    return told.filter((metrics) => metrics !== undefined)
  }

  /** Ends what is left of a deleted simulation, and removes its run folder; what fails is done by the next sweep. */
  async remove(executionId: string): Promise<void> {
    try {
      await this.#watches.get(executionId)?.ended
      this.#forget(executionId)
      const folder = this.#folderOf(executionId)
      await removeRemains(this.#supervision.processes, this.fabricFolderOf(executionId), executionId, folder)
      await removePackages(folder.folder)
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

  /** Run folders without a record are of simulations whose deletion was cut short; ended ones may have left memory and files. */
  async #sweep(records: SimulationRecord[]): Promise<void> {
    const stored = new Set(records.map((record) => record.executionId))
    for (const executionId of await readdir(this.#supervision.data.run)) {
      if (!stored.has(executionId)) await this.remove(executionId)
    }
    for (const { executionId } of records.filter(isOver)) {
      const fabricFolder = this.fabricFolderOf(executionId)
      const folder = this.#folderOf(executionId)
      if (hasRemains(fabricFolder, executionId, folder))
        await removeRemains(this.#supervision.processes, fabricFolder, executionId, folder)
    }
  }

  /** Where that execution's memory is: where it was started with, whatever control is told today. */
  fabricFolderOf(executionId: string): string {
    return this.#planOf(executionId).fabricFolder ?? this.#supervision.fabricFolder
  }

  /** What that execution's worker was started with; where that is damaged, what else is known of it. */
  #planOf(executionId: string): Partial<WorkerPlan> {
    const { content, fault } = readPlan(this.#folderOf(executionId), executionId)
    if (fault === undefined) return content ?? {}
    if (!this.#faultsTold.has(fault)) this.#supervision.log.warn({ executionId, fault }, 'a plan is damaged')
    this.#faultsTold.add(fault)
    const fabricFolder = findFabricFolder(executionId)
    return fabricFolder === undefined ? {} : { fabricFolder }
  }

  #folderOf(executionId: string): RunFolder {
    return runFolder(this.#supervision.data, executionId)
  }

  #planFor(record: SimulationRecord, folder: RunFolder): WorkerPlan {
    const { region, accountId, objects, data, appTimeoutMs, simulationLimits } = this.#supervision
    const duration = parseMaximumDuration(record.maximumDuration, Number.POSITIVE_INFINITY)
    // What it was started with holds, whatever it was tagged with since, and whatever control is told today.
    const begun = this.#planOf(record.executionId)
    // They were checked at the start; whoever tagged the simulation since may have written anything.
    const parsedTags = parseHeddleTags(record.tags, this.#supervision.snapshots)
    const tags = begun.tags ?? ('refusal' in parsedTags ? noHeddleTags : parsedTags)
    const fabricFolder = begun.fabricFolder ?? this.#supervision.fabricFolder
    return {
      executionId: record.executionId,
      simulationName: record.name,
      simulationArn: record.arn,
      accountId,
      region,
      createdAtMs: record.createdAtMs,
      // One that the store no longer tells is what it was started with, or else as long as may be.
      maximumDurationMs:
        'refusal' in duration ? (begun.maximumDurationMs ?? defaultLimits.maximumDurationMs) : duration.durationMs,
      ...(record.schemaLocation !== undefined && { schemaLocation: record.schemaLocation }),
      ...(record.snapshotLocation !== undefined && { snapshotLocation: record.snapshotLocation }),
      tags,
      objects,
      runFolder: folder.folder,
      logsFolder: data.logs,
      fabricFolder,
      closedFolders: [data.folder, fabricFolder],
      appTimeoutMs,
      limits: limitsOf(begun, simulationLimits),
    }
  }
}

/**
 * A plan of an older Heddle says nothing of folders with packages: what the operator lists today
 * holds. Whoever was started without any has no package there.
 */
function limitsOf({ limits }: Partial<WorkerPlan>, today: SimulationLimits): SimulationLimits {
  if (limits === undefined) return today
  const { schema } = limits
  const isSaid = schema.packageFolders.length > 0
  const packageFolders = isSaid ? schema.packageFolders : today.schema.packageFolders
  return { ...limits, schema: { ...schema, packageFolders } }
}
