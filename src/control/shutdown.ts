// Ends all simulations of a data folder, whether control runs or not.
// Owns the order: store the wish, end control, stop workers, remove remains. Never deletes a
// simulation.

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
  /** The process that served, if there was one. */
  control?: EndedControl
  /** The simulations that were not over, and how they ended. */
  simulations: EndedSimulation[]
}

export interface EndedControl {
  pid: number
  /** Whether it had to be killed. */
  isKilled: boolean
}

interface ShutdownOptions {
  data: DataFolder
  host: WorkerHost
  log: Logger
  /** Called with a line for users whenever something takes long. */
  say(text: string): void
  /** How long control may take to end by itself before it is killed. */
  controlLimitMs?: number
}

export const CONTROL_LIMIT_MS = 15_000
/** How long a worker may take to stop before it is killed. */
const STOP_LIMIT_MS = 30_000
const RETRY_MS = 50
/** Waits below this are not reported. */
const SAY_AFTER_MS = 1_000

/** Also finds running worlds if the store is missing or does not know them. */
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
  // Killed workers may have left halves of objects. Opening the store clears them.
  await (await FolderObjects.open(data.objects)).close()
  await host.tidy()
  const simulations = [...known, ...strays]
  if (isCopied && store !== undefined && simulations.length > 0) await storeEnds(options, store)
  return { simulations, ...(control !== undefined && { control }) }
}

/**
 * Stores the wish first, so that a control that ends or restarts meanwhile knows it. Returns
 * undefined if the disk is full: ending goes on without it.
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

/** Tries again, because the ended processes may have made room. */
async function storeEnds({ data, say }: ShutdownOptions, copy: Store): Promise<void> {
  let store: Store | undefined
  try {
    store = openSqliteStore(data.store)
    for (const record of await copy.listSimulations()) {
      const { executionId, targetStatus, workerStatus, failure } = record
      if (targetStatus === 'STOPPED') await store.setTargetStatus(executionId, targetStatus)
      if (workerStatus !== undefined)
        await store.setWorkerStatus(executionId, workerStatus, failure)
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

async function endStrays(
  { data, host, say }: ShutdownOptions,
  store: Store | undefined,
): Promise<EndedSimulation[]> {
  const strays = await findStrays(host, (await store?.listSimulations()) ?? [])
  const names = strays.map(({ name }) => name).join(', ')
  if (strays.length > 0) say(`ends what runs and the store ${data.store} doesn't know: ${names}`)
  return Promise.all(
    strays.map(async (stray) => {
      return { name: stray.name, status: await endStray(stray, host, STOP_LIMIT_MS) }
    }),
  )
}

/** The simulations that were not over before. */
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

/** Stores that all simulations must end, and returns those that have not yet. */
async function wishStopped(store: Store): Promise<SimulationRecord[]> {
  const records = (await store.listSimulations()).filter((record) => !isOver(record))
  for (const record of records) await store.setTargetStatus(record.executionId, 'STOPPED')
  return records
}

/**
 * Asks control to end, and kills it if it does not. Once its process is gone, this process takes
 * the lock.
 */
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
    // Control releases the lock before its process ends, and holds none after the file was deleted.
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
  // No worker is started here, so the host needs no way to launch one.
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

/** Returns false if it has just ended. */
function signal(pid: number, name: 'SIGTERM' | 'SIGKILL'): boolean {
  try {
    return process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    return false
  }
}
