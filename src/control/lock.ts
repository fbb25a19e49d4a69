// Makes sure that only one control process at a time uses a data folder.
// Owns the lock and the note that names its holder; never ends the holder.
// The lock is a file lock of the operating system, taken through SQLite. It ends with its process,
// however that ends. So no lock is ever stale, and two processes can never both take one over.

import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { diskFault } from '../base/disk-fault.ts'
import { isAlive, startTimeOf } from '../io/launch/processes.ts'
import { keepToUser } from '../io/store/private-file.ts'
import type { DataFolder } from './data-folder.ts'

/** The holder of the lock. The start time tells it from a later process with the same number. */
export interface Holder {
  pid: number
  /** In the kernel's ticks since the machine started: field 22 of /proc/<pid>/stat. */
  startTime: number
  /** The address it serves, once it does. */
  url?: string
  /** The region that callers sign for. */
  region?: string
}

export interface Lock {
  /** Tells others the address that this process serves, and the region that callers sign for. */
  announce(place: { url: string; region: string }): void
  release(): void
}

/** Another process uses the folder. */
export class LockedError extends Error {
  override readonly name = 'LockedError'
  readonly holder: Holder | undefined
  constructor(folder: string, holder: Holder | undefined) {
    const who =
      holder === undefined
        ? 'another process'
        : `process ${holder.pid}${holder.url ? ` (${holder.url})` : ''}`
    super(
      `the data folder ${folder} is in use by ${who}; ` +
        `stop it with heddle down, or use another --data folder`,
    )
    this.holder = holder
  }
}

/**
 * Throws LockedError if another process holds the lock, or holds an earlier lock file that was
 * deleted or replaced.
 */
export function takeLock(data: DataFolder): Lock {
  let database: DatabaseSync | undefined
  try {
    keepToUser(data.lock)
    database = new DatabaseSync(data.lock, { timeout: 0 })
    // Nothing is ever written there, so a full disk is no problem.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (error) {
    database?.close()
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY)
      throw new LockedError(data.folder, findHolder(data))
    const fault = diskFault(error)
    const why = fault === undefined ? (error as Error).message : `its disk ${fault}`
    throw new Error(`the data folder ${data.folder} can't be used: ${why}`, { cause: error })
  }
  const other = readHolder(data)
  if (other !== undefined && other.pid !== process.pid) {
    database.close()
    throw new LockedError(data.folder, other)
  }
  const self: Holder = { pid: process.pid, startTime: startTimeOf(process.pid) ?? 0 }
  noteHolder(data, self)
  return {
    announce({ url, region }) {
      noteHolder(data, { ...self, url, region })
    },
    release() {
      if (!database.isOpen) return
      rmSync(data.holder, { force: true })
      database.close()
    },
  }
}

/** Writes no note if the disk is full: the kernel still knows the holder. */
function noteHolder(data: DataFolder, holder: Holder): void {
  try {
    writeFileSync(data.holder, JSON.stringify(holder), { mode: 0o600 })
  } catch (error) {
    if (diskFault(error) === undefined) throw error
  }
}

/** Names the holder if its note is written. Returns undefined if that process is gone. */
export function readHolder(data: DataFolder): Holder | undefined {
  if (!existsSync(data.holder)) return undefined
  const holder = parseHolder(readFileSync(data.holder, 'utf8'))
  return holder !== undefined && isAlive(holder.pid, holder.startTime) ? holder : undefined
}

/** Names the holder from the kernel if the note was deleted. */
export function findHolder(data: DataFolder): Holder | undefined {
  return readHolder(data) ?? lockingProcess(data.lock)
}

const SQLITE_BUSY = 5

/** Parses `/proc/locks`, with lines such as `1: POSIX  ADVISORY  WRITE 123 08:01:456 0 EOF`. */
function lockingProcess(path: string): Holder | undefined {
  const inode = statSync(path, { throwIfNoEntry: false })?.ino
  for (const line of readFileSync('/proc/locks', 'utf8').split('\n')) {
    const [, pid, lockedInode] = / WRITE (\d+) \w+:\w+:(\d+) /.exec(line) ?? []
    if (Number(lockedInode) !== inode) continue
    const startTime = startTimeOf(Number(pid))
    if (startTime !== undefined) return { pid: Number(pid), startTime }
  }
  return undefined
}

function parseHolder(text: string): Holder | undefined {
  try {
    const holder = JSON.parse(text)
    return typeof holder?.pid === 'number' && typeof holder.startTime === 'number'
      ? holder
      : undefined
  } catch {
    return undefined // half written: its process has just started
  }
}
