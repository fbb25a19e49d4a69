// The end of all simulations of a data folder, whether control runs or not.
// Owns the order: wish stored, control ended, workers stopped, remains removed; never deletes a simulation.

import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { diskFault } from '../base/disk-fault.ts'
import { isAlive } from '../io/launch/processes.ts'
import { FolderObjects } from '../io/objects/folder-objects.ts'
import { openSqliteStore } from '../io/store/sqlite-store.ts'
import type { SimulationRecord, Store } from '../io/store/store.ts'
import { openStoreCopy } from '../io/store/store-copy.ts'
import type { WorkerHost } from '../joints/worker-host/worker-host.ts'
import { type DataFolder, makeDataFolder } from './data-folder.ts'
import { isOver, storedStatus } from './known-status.ts'
import { findHolder, type Holder, type Lock, LockedError, takeLock } from './lock.ts'
import { endStray, findStrays } from './supervision/strays.ts'
import { SUPERVISION_LIMITS } from './supervision/supervision.ts'
import { Supervisor } from './supervision/supervisor.ts'

export interface ShutdownReport {
  /** The process that served, where one did. */
  control?: EndedControl
  /** Simulations that were not over before, and how they ended. */
  simulations: EndedSimulation[]
}

export interface EndedControl {
  pid: number
  /** It did not end by itself in time. */
  isKilled: boolean
}

export interface ShutdownOptions {
  data: DataFolder
  host: WorkerHost
  log: Logger
  /** Told of what takes long, in a line for people. */
  say(text: string): void
  /** How long control may take to end by itself before it is killed. */
  controlLimitMs?: number
}

export const CONTROL_LIMIT_MS = 15_000
/** How long a worker may take to stop before it is killed. */
const STOP_LIMIT_MS = 30_000
const RETRY_MS = 50
/** What takes no longer is not worth a word. */
const SAY_AFTER_MS = 1_000

/** Also looks at what runs where the store is missing, or knows nothing of it. */
export async function shutDown(options: ShutdownOptions): Promise<ShutdownReport> {
  const { data, host } = options
  if (!existsSync(data.store) && !existsSync(data.run)) {
    await host.tidy()
    return { simulations: [] }
  }
  makeDataFolder(data)
  await using opened = new AsyncDisposableStack()
  const onDisk = existsSync(data.store) ? await openWished(options) : undefined
  opened.defer(() => onDisk?.close())
  const { control, lock } = await endControl(options)
  opened.defer(() => lock.release())
  const isCopied = onDisk === undefined && existsSync(data.store)
  const store = isCopied ? openStoreCopy(data.store) : onDisk
  if (isCopied) opened.defer(() => store?.close())
  const strays = await endStrays(options, store)
  const known = store === undefined ? [] : await endKnown(options, store)
  // Workers that were killed may have left halves of objects; who opens the store clears them away.
  await (await FolderObjects.open(data.objects)).close()
  await host.tidy()
  const simulations = [...known, ...strays]
  if (isCopied && store !== undefined && simulations.length > 0) await storeEnds(options, store)
  return { simulations, ...(control !== undefined && { control }) }
}

/**
 * First the wish: a control that ends, or is started again meanwhile, knows it too. Undefined where
 * the disk doesn't take it: that keeps nothing from being ended.
 */
async function openWished({ data, say }: ShutdownOptions): Promise<Store | undefined> {
  let store: Store | undefined
  try {
    store = openSqliteStore(data.store)
    await wishStopped(store)
    return store
  } catch (error) {
    await store?.close()
    const fault = diskFault(error)
    if (fault === undefined) throw error
    say(`the disk of ${data.store} ${fault}: all is ended, whether that can be stored or not`)
    return undefined
  }
}

/** What has ended may have made room. */
async function storeEnds({ data, say }: ShutdownOptions, copy: Store): Promise<void> {
  let store: Store | undefined
  try {
    store = openSqliteStore(data.store)
    for (const record of await copy.listSimulations()) {
      const { executionId, targetStatus, workerStatus, failure } = record
      if (targetStatus === 'STOPPED') await store.setTargetStatus(executionId, targetStatus)
      if (workerStatus !== undefined) await store.setWorkerStatus(executionId, workerStatus, failure)
    }
  } catch (error) {
    const fault = diskFault(error)
    if (fault === undefined) throw error
    say(
      `the disk of ${data.store} still ${fault}, so the next heddle up takes the simulations for ` +
        'lost: it starts those again that want that (heddle:restart-on-loss), and shows the ' +
        'others as FAILED; make room and run heddle down again to have all of them stopped',
    )
  } finally {
    await store?.close()
  }
}

interface EndedSimulation {
  name: string
  /** How it ended. */
  status: string
}

async function endStrays({ data, host, say }: ShutdownOptions, store: Store | undefined): Promise<EndedSimulation[]> {
  const strays = await findStrays(host, (await store?.listSimulations()) ?? [])
  const names = strays.map(({ name }) => name).join(', ')
  if (strays.length > 0) say(`ends what runs and the store ${data.store} doesn't know: ${names}`)
  return Promise.all(
    strays.map(async (stray) => {
      return { name: stray.name, status: await endStray(stray, host, STOP_LIMIT_MS) }
    }),
  )
}

/** Those that were not over before. */
async function endKnown(options: ShutdownOptions, store: Store): Promise<EndedSimulation[]> {
  const running = new Set((await wishStopped(store)).map(({ executionId }) => executionId))
  await stopAll(options, store)
  const records = await store.listSimulations()
  return records
    .filter(({ executionId }) => running.has(executionId))
    .map((record) => ({
      name: record.name,
      status: storedStatus(record).status?.status ?? 'STOPPED',
    }))
}

/** All that are not over, after storing that they shall be. */
async function wishStopped(store: Store): Promise<SimulationRecord[]> {
  const records = (await store.listSimulations()).filter((record) => !isOver(record))
  for (const record of records) await store.setTargetStatus(record.executionId, 'STOPPED')
  return records
}

/** Has control end, by asking it to and, if it does not, by ending it; once its process is gone the lock is ours. */
async function endControl({
  data,
  say,
  controlLimitMs = CONTROL_LIMIT_MS,
}: ShutdownOptions): Promise<{ lock: Lock; control?: EndedControl }> {
  const beganAtMs = Date.now()
  let lock: Lock | undefined
  let holder: Holder | undefined
  let asked: number | undefined
  let isSaid = false
  let isKilled = false
  for (;;) {
    // It lets go of the lock before its process ends, and of a lock that was deleted it has none.
    if (lock === undefined) holder = findHolder(data) ?? holder
    lock ??= tryLock(data)
    const isAliveStill = holder !== undefined && isAlive(holder.pid, holder.startTime)
    if (lock !== undefined && !isAliveStill)
      return { lock, ...(holder !== undefined && { control: { pid: holder.pid, isKilled } }) }
    const tookMs = Date.now() - beganAtMs
    const what = holder === undefined ? 'an unknown process' : `control, process ${holder.pid}`
    if (tookMs > 2 * controlLimitMs) {
      lock?.release()
      throw new Error(`${what}, can't be ended; it uses ${data.folder}`)
    }
    if (tookMs > SAY_AFTER_MS && !isSaid) {
      isSaid = true
      const why = lock === undefined ? `it holds ${data.lock}` : 'its process goes on'
      say(`waits for ${what}, to end: ${why}; it is killed after ${controlLimitMs / 1000} s`)
    }
    if (isAliveStill && tookMs > controlLimitMs && !isKilled) {
      isKilled = signal(holder!.pid, 'SIGKILL')
      say(`kills ${what}`)
    } else if (isAliveStill && holder!.pid !== asked) {
      asked = holder!.pid
      signal(asked, 'SIGTERM')
    }
    await sleep(RETRY_MS)
  }
}

function tryLock(data: DataFolder): Lock | undefined {
  try {
    return takeLock(data)
  } catch (error) {
    if (error instanceof LockedError) return undefined
    throw error
  }
}

async function stopAll({ host, log, say }: ShutdownOptions, store: Store): Promise<void> {
  const records = await store.listSimulations()
  // No worker is started here, so nothing is said of how to launch one.
  const limits = { ...SUPERVISION_LIMITS, stopLimitMs: STOP_LIMIT_MS }
  const supervisor = new Supervisor({ store, host, log, ...limits })
  await supervisor.recover()
  const goingOn = () => records.filter((each) => supervisor.find(each.executionId) !== undefined)
  const telling = setTimeout(() => {
    const names = goingOn().map(({ name }) => name)
    const limit = `killed after ${STOP_LIMIT_MS / 1000} s`
    if (names.length > 0) say(`waits for simulations to stop: ${names.join(', ')}; ${limit}`)
  }, SAY_AFTER_MS)
  await Promise.all(records.map((record) => supervisor.find(record.executionId)?.ended))
  clearTimeout(telling)
  await supervisor.close()
}

/** False where it has just ended. */
function signal(pid: number, name: 'SIGTERM' | 'SIGKILL'): boolean {
  try {
    return process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    return false
  }
}
