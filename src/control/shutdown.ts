// The end of all simulations of a data folder, whether control runs or not.
// Owns the order: wish stored, control ended, workers stopped, remains removed; never deletes a simulation.

import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { isFinal } from '../core/lifecycle/simulation.ts'
import { defaultSnapshotSettings } from '../core/lifecycle/snapshot-settings.ts'
import { defaultSimulationLimits } from '../core/limits.ts'
import type { WorkerStatus } from '../core/wire/worker-protocol.ts'
import { killProcesses } from '../io/launch/processes.ts'
import { FolderObjects } from '../io/objects/folder-objects.ts'
import { openSqliteStore } from '../io/store/sqlite-store.ts'
import type { SimulationRecord, Store } from '../io/store/store.ts'
import { type DataFolder, makeDataFolder } from './data-folder.ts'
import { type Holder, type Lock, LockedError, readHolder, takeLock } from './lock.ts'
import { removeFabricFolderIfEmpty } from './supervision/remains.ts'
import { SUPERVISION_LIMITS } from './supervision/supervision.ts'
import { Supervisor } from './supervision/supervisor.ts'

export interface ShutdownReport {
  /** The process that served, where one did. */
  control?: Holder
  /** Simulations that were not over before, and how they ended. */
  simulations: { name: string; status: string }[]
}

export interface ShutdownOptions {
  data: DataFolder
  /** Where simulations have their memory if their plan does not say. */
  fabricFolder: string
  workerProgram: string
  log: Logger
}

/** How long control may take to end by itself before it is killed. */
const CONTROL_LIMIT_MS = 15_000
/** How long a worker may take to stop before it is killed. */
const STOP_LIMIT_MS = 30_000
const RETRY_MS = 50

export async function shutDown(options: ShutdownOptions): Promise<ShutdownReport> {
  const { data, fabricFolder } = options
  if (!existsSync(data.store)) {
    await removeFabricFolderIfEmpty(fabricFolder)
    return { simulations: [] }
  }
  makeDataFolder(data)
  await using opened = new AsyncDisposableStack()
  const store = openSqliteStore(data.store)
  opened.defer(() => store.close())
  // First the wish: a control that ends, or is started again meanwhile, knows it too.
  await wishStopped(store)
  const control = readHolder(data)
  const lock = await endControl(data)
  opened.defer(() => lock.release())
  const running = await wishStopped(store)
  const fabricFolders = await stopAll(options, store)
  const simulations = []
  for (const { name } of running) {
    const record = await store.findSimulation(name)
    simulations.push({ name, status: (record?.workerStatus as WorkerStatus | undefined)?.status ?? 'STOPPED' })
  }
  // Workers that were killed may have left halves of objects; who opens the store clears them away.
  await (await FolderObjects.open(data.objects)).close()
  for (const folder of fabricFolders) await removeFabricFolderIfEmpty(folder)
  return { simulations, ...(control !== undefined && { control }) }
}

/** All that are not over, after storing that they shall be. */
async function wishStopped(store: Store): Promise<SimulationRecord[]> {
  const records = (await store.listSimulations()).filter((record) => {
    const status = record.workerStatus as WorkerStatus | undefined
    return status === undefined || !isFinal(status.status)
  })
  for (const record of records) await store.setTargetStatus(record.executionId, 'STOPPED')
  return records
}

/** Takes the lock from control, by asking it to end and, if it does not, by ending it. */
async function endControl(data: DataFolder): Promise<Lock> {
  const killAtMs = Date.now() + CONTROL_LIMIT_MS
  let asked: number | undefined
  for (;;) {
    try {
      return takeLock(data)
    } catch (error) {
      if (!(error instanceof LockedError)) throw error
      if (Date.now() > killAtMs + CONTROL_LIMIT_MS) throw error
      const holder = readHolder(data)
      if (holder !== undefined && Date.now() > killAtMs) signal(holder.pid, 'SIGKILL')
      else if (holder !== undefined && holder.pid !== asked) signal(holder.pid, 'SIGTERM')
      asked = holder?.pid
      await sleep(RETRY_MS)
    }
  }
}

/** Gives the folders that held the simulations' memory. */
async function stopAll(options: ShutdownOptions, store: Store): Promise<Set<string>> {
  const { data, fabricFolder, workerProgram, log } = options
  const records = await store.listSimulations()
  const supervisor = new Supervisor({
    store,
    data,
    log,
    processes: { kill: killProcesses },
    workerProgram,
    fabricFolder,
    // No worker is started here, so the rest of a plan is of no use.
    region: '',
    accountId: '',
    objects: { kind: 'folder', folder: data.objects },
    appTimeoutMs: 0,
    simulationLimits: defaultSimulationLimits,
    snapshots: defaultSnapshotSettings,
    ...SUPERVISION_LIMITS,
    stopLimitMs: STOP_LIMIT_MS,
  })
  await supervisor.recover()
  await Promise.all(records.map((record) => supervisor.find(record.executionId)?.ended))
  await supervisor.close()
  return new Set([fabricFolder, ...records.map((record) => supervisor.fabricFolderOf(record.executionId))])
}

function signal(pid: number, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
