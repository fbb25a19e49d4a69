// Locks by which one process knows that another one lives, whatever namespace that one is in.
// Owns the POSIX locks of this process and their rule: closing any descriptor of a file drops the
// lock on it, so a locked file is opened once. Call it from one thread of a process.

import { closeSync, constants, fstatSync, openSync, statSync } from 'node:fs'
import koffi from 'koffi'

const fcntl = koffi.load(null).func('int fcntl(int file, int command, ...)')
const GET_LOCK = 5
const SET_LOCK = 6
const WRITE_LOCK = 1
const NO_LOCK = 2
const ERROR_NUMBERS = { interrupted: 4, tryAgain: 11, accessDenied: 13 }
/**
 * `struct flock`: the type is a short at 0, the holder an int at 24. The rest is 0, which stands
 * for the whole file.
 */
const LOCK_BYTES = 32
const LOCK_HOLDER_OFFSET = 24

interface FileLock {
  /** A second call does nothing. The end of the process also releases the lock. */
  release(): void
}

/** Locked files by device and inode, since one file can have several names. */
const held = new Set<string>()

/**
 * Takes the lock of an existing, writable file. Returns undefined if another process has the lock.
 * Processes that this one starts do not inherit it. Throws the system's error.
 */
export function lockFile(path: string): FileLock | undefined {
  if (isHeldHere(path)) return undefined
  const file = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW)
  if (call(file, SET_LOCK, WRITE_LOCK) === undefined) {
    closeSync(file)
    return undefined
  }
  const id = idOf(fstatSync(file))
  held.add(id)
  return {
    release: () => {
      if (held.delete(id)) closeSync(file)
    },
  }
}

/**
 * Whether any process, this one included, has the file's lock. False if the file does not exist.
 */
export function isLocked(path: string): boolean {
  if (isHeldHere(path)) return true
  const file = openIfThere(path)
  if (file === undefined) return false
  try {
    return call(file, GET_LOCK, WRITE_LOCK)!.type !== NO_LOCK
  } finally {
    closeSync(file)
  }
}

/**
 * The process that has the file's lock; undefined if none has it, or one that this process cannot
 * see.
 */
export function lockHolder(path: string): number | undefined {
  const file = openIfThere(path)
  if (file === undefined) return undefined
  try {
    const lock = call(file, GET_LOCK, WRITE_LOCK)!
    return lock.type === NO_LOCK || lock.pid <= 0 ? undefined : lock.pid
  } finally {
    closeSync(file)
  }
}

/** Returns the lock's state afterwards; undefined if another process has the lock. */
function call(
  file: number,
  command: number,
  type: number,
): { type: number; pid: number } | undefined {
  const lock = new Uint8Array(LOCK_BYTES)
  const view = new DataView(lock.buffer)
  view.setInt16(0, type, true)
  while (fcntl(file, command, 'uint8_t *', lock) === -1) {
    const errorNumber = koffi.errno()
    if (errorNumber === ERROR_NUMBERS.tryAgain || errorNumber === ERROR_NUMBERS.accessDenied)
      return undefined
    if (errorNumber !== ERROR_NUMBERS.interrupted)
      throw new Error(`a lock of a file failed with error number ${errorNumber}`)
  }
  return { type: view.getInt16(0, true), pid: view.getInt32(LOCK_HOLDER_OFFSET, true) }
}

function isHeldHere(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat !== undefined && held.has(idOf(stat))
}

function idOf({ dev, ino }: { dev: number; ino: number }): string {
  return `${dev}:${ino}`
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
