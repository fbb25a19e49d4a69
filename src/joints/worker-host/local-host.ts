// Workers as processes of this machine: their run folders, their memory on a tmpfs, their sockets.
// Owns where the parts of an execution are; never decides what happens to it.

import type { ChildProcess } from 'node:child_process'
import { mkdir, readdir } from 'node:fs/promises'
import { logFolderOf, workerSocketPath } from '../../core/wire/places.ts'
import type { SimulationPlan } from '../../core/wire/plan.ts'
import type { WorkerStatus } from '../../core/wire/worker-protocol.ts'
import { unixBus } from '../../io/bus/unix-bus.ts'
import { writeJsonFile } from '../../io/files/json-file.ts'
import { killProcesses } from '../../io/launch/processes.ts'
import { openLogStreams } from '../../io/logs/log-streams.ts'
import { listStreams, readLogs } from '../../io/logs/read-logs.ts'
import { removePackages } from '../../io/packages/packages.ts'
import { makeFabricFolder } from '../../io/shm/fabric-folder.ts'
import { connectWorker } from './connection.ts'
import { findLogFolder } from './find-logs.ts'
import { lastTick } from './last-tick.ts'
import { freeMemory, hasRemains, removeFabricFolderIfEmpty, removeUnpacked } from './remains.ts'
import { type RunFolder, readPlan, readStatus, runFolderIn } from './run-folder.ts'
import type {
  Extent,
  FoundExecution,
  SimulationLogs,
  Traces,
  WorkerConnection,
  WorkerHost,
} from './worker-host.ts'
import {
  endingOf,
  findFabricFolder,
  findWorkerProcess,
  startWorkerProcess,
  WORKER_PROGRAM,
} from './worker-process.ts'

interface LocalHostOptions {
  /** The parent of the run folders. */
  run: string
  /** The parent of the log groups' folders. */
  logs: string
  /** The parent of the shared memory of new executions. */
  fabricFolder: string
  /** Folders that packages and programs must not come from. */
  closedFolders: readonly string[]
  /** A program that replaces the real worker, for tests. */
  program?: string
}

export class LocalHost implements WorkerHost {
  readonly #options: LocalHostOptions
  readonly #program: string
  /** The processes that this host has started, by execution. */
  readonly #started = new Map<string, ChildProcess>()

  constructor(options: LocalHostOptions) {
    this.#options = options
    this.#program = options.program ?? WORKER_PROGRAM
  }

  async launch(plan: SimulationPlan): Promise<void> {
    const { executionId } = plan
    const { logs, closedFolders } = this.#options
    const folder = this.#folderOf(executionId)
    const fabricFolder = this.#fabricFolderOf(executionId)
    // Reports a fault here instead of by the exit code of a worker.
    makeFabricFolder(fabricFolder)
    await mkdir(folder.folder, { recursive: true, mode: 0o700 })
    await writeJsonFile(folder.plan, {
      ...plan,
      runFolder: folder.folder,
      logsFolder: logs,
      fabricFolder,
      closedFolders: [...closedFolders, fabricFolder],
    })
    this.#started.set(executionId, await startWorkerProcess(this.#program, folder, executionId))
  }

  connect(executionId: string): Promise<WorkerConnection> {
    const address = workerSocketPath(this.#fabricFolderOf(executionId), executionId)
    return connectWorker(unixBus, address)
  }

  async look(executionId: string): Promise<Traces> {
    const folder = this.#folderOf(executionId)
    const pid = findWorkerProcess(this.#program, folder)
    const status = readStatus(folder, executionId)
    const plan = readPlan(folder, executionId)
    const child = this.#started.get(executionId)
    const ending = child && endingOf(child)
    const places = { fabricFolder: this.#fabricFolderOf(executionId), runFolder: folder.folder }
    return {
      ...(pid !== undefined && { worker: `process ${pid}` }),
      ...(ending !== undefined && { ending }),
      ...(plan.content !== undefined && { plan: plan.content }),
      ...(status.content !== undefined && { status: status.content }),
      tick: lastTick(places, executionId, status.content),
      place: folder.folder,
      output: folder.workerLog,
      faults: [plan.fault, status.fault].filter((fault) => fault !== undefined),
    }
  }

  end(executionId: string): Promise<void> {
    return killProcesses(executionId)
  }

  async clear(executionId: string, extent: Extent): Promise<void> {
    await this.end(executionId)
    await freeMemory(this.#fabricFolderOf(executionId), executionId)
    const folder = this.#folderOf(executionId)
    if (extent !== 'memory') await removeUnpacked(folder)
    if (extent !== 'all') return
    await removePackages(folder.folder)
    this.#started.delete(executionId)
  }

  async conclude(simulationName: string, status: WorkerStatus, failure?: string): Promise<void> {
    const { executionId, tick, logGroup } = status
    const folder = this.#folderOf(executionId)
    if (failure !== undefined) {
      const places = { runFolder: folder.folder, logsFolder: this.#options.logs }
      const streams = openLogStreams(
        logFolderOf({ ...places, simulationName, executionId }, logGroup),
      )
      streams.writer('/sim/errors').write(`tick=${tick} simulation=FAILED ${failure}\n`)
      await streams.close()
    }
    await writeJsonFile(folder.status, status)
  }

  async list(): Promise<FoundExecution[]> {
    return (await this.#executionIds()).map((executionId) => {
      const fabricFolder = this.#fabricFolderOf(executionId)
      const folder = this.#folderOf(executionId)
      return { executionId, hasRemains: hasRemains(fabricFolder, executionId, folder) }
    })
  }

  async logs(name: string, executionId?: string): Promise<SimulationLogs | undefined> {
    const folder = findLogFolder(this.#options, name, executionId)
    if (folder === undefined) return undefined
    return { streams: () => listStreams(folder), read: (options) => readLogs(folder, options) }
  }

  async tidy(): Promise<void> {
    const used = (await this.#executionIds()).map((each) => this.#fabricFolderOf(each))
    for (const folder of new Set([this.#options.fabricFolder, ...used]))
      await removeFabricFolderIfEmpty(folder)
  }

  async #executionIds(): Promise<string[]> {
    try {
      return await readdir(this.#options.run)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw error
    }
  }

  #folderOf(executionId: string): RunFolder {
    return runFolderIn(this.#options.run, executionId)
  }

  /**
   * The folder that the execution was started with, even if the setting has changed since. If the
   * plan is damaged, the kernel knows where the socket is.
   */
  #fabricFolderOf(executionId: string): string {
    const { content, fault } = readPlan(this.#folderOf(executionId), executionId)
    const found = fault === undefined ? undefined : findFabricFolder(executionId)
    return content?.fabricFolder ?? found ?? this.#options.fabricFolder
  }
}
