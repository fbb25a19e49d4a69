// Writes records, one line each, to files; a new file begins when the last one is large or a day
// old.
// Owns the files' names, their order and what is kept; never knows what a record says.

import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

export class AuditError extends Error {
  override readonly name = 'AuditError'
}

interface AuditFilesOptions {
  folder: string
  /** Size at which a file is closed. */
  fileBytesMax: number
  /** Number of files kept, including the open one. */
  filesMax: number
  /** Set by tests; by default the machine's clock. */
  nowMs?: () => number
}

interface OpenFile {
  path: string
  descriptor: number
  inode: number
  /** When the file's day begins; the day ends 24 hours later. */
  dayAtMs: number
  bytes: number
}

/** `2026-01-31-000001.jsonl`: sorted by name, the files are sorted by time. */
const FILE_NAME = /^(\d{4}-\d{2}-\d{2})-(\d{6})\.jsonl$/
const NEWLINE = 10
const DAY_MS = 24 * 3_600_000
/** Reserves room for any record: readers skip empty lines, and the probe is cut off again. */
const PROBE = Buffer.alloc(128 * 1024, NEWLINE)
const syncData = promisify(fdatasync)

/** Returns the files of a folder, oldest first; none if the folder does not exist. */
export function auditFileNames(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => FILE_NAME.test(name))
      .sort()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

export class AuditFiles {
  readonly #options: AuditFilesOptions
  #file: OpenFile | undefined
  /** The sync under way, and the one that begins after it. */
  #syncing: Promise<void> | undefined
  #nextSync: Promise<void> | undefined
  #broken = false

  /** Makes the folder; the first record opens a file. */
  constructor(options: AuditFilesOptions) {
    this.#options = options
    mkdirSync(options.folder, { recursive: true, mode: 0o700 })
  }

  /**
   * Writes a record that outlives this process. Throws AuditError if it can't; nothing of the
   * record is then left.
   */
  append(line: string): void {
    this.#attempt((file) => {
      const bytes = Buffer.from(`${line}\n`)
      writeWhole(file.descriptor, bytes, file.bytes)
      file.bytes += bytes.length
    })
  }

  #attempt(write: (file: OpenFile) => void): void {
    try {
      write(this.#fileForNow())
      this.#broken = false
    } catch (error) {
      this.#broken = true
      throw new AuditError(
        `a record of ${this.#options.folder} can't be written: ${(error as Error).message}`,
        {
          cause: error,
        },
      )
    }
  }

  /**
   * Resolves once all appended records outlive the machine; one sync serves all callers. Throws
   * AuditError.
   */
  async sync(): Promise<void> {
    if (this.#nextSync === undefined) {
      const before = this.#syncing ?? Promise.resolve()
      const begin = async () => {
        this.#syncing = this.#nextSync
        this.#nextSync = undefined
        if (this.#file !== undefined) await syncData(this.#file.descriptor)
      }
      this.#nextSync = before.then(begin, begin)
    }
    try {
      await this.#nextSync
    } catch (error) {
      this.#broken = true
      throw new AuditError(
        `records of ${this.#options.folder} can't be synced: ${(error as Error).message}`,
        {
          cause: error,
        },
      )
    }
  }

  /** Checks for room again if the last record found none. Throws AuditError. */
  check(): void {
    if (!this.#broken) return
    this.#attempt(({ descriptor, bytes }) => {
      writeWhole(descriptor, PROBE, bytes)
      ftruncateSync(descriptor, bytes)
    })
  }

  async close(): Promise<void> {
    await this.#nextSync?.catch(() => undefined)
    await this.#syncing?.catch(() => undefined)
    const file = this.#file
    if (file === undefined) return
    this.#file = undefined
    try {
      fdatasyncSync(file.descriptor)
    } finally {
      closeSync(file.descriptor)
    }
  }

  #fileForNow(): OpenFile {
    const { folder, fileBytesMax, filesMax, nowMs = Date.now } = this.#options
    const atMs = nowMs()
    const current = this.#file
    const isToday =
      current !== undefined && atMs >= current.dayAtMs && atMs < current.dayAtMs + DAY_MS
    if (isToday && current.bytes < fileBytesMax && isThere(current)) return current
    const day = new Date(atMs).toISOString().slice(0, 10)
    const names = auditFileNames(folder)
    const [, lastDay, lastNumber] = FILE_NAME.exec(names.at(-1) ?? '') ?? []
    // Keeps the names in order even if the clock was set back.
    const nameDay = lastDay !== undefined && lastDay > day ? lastDay : day
    const isFirst = current === undefined
    const continues = isFirst && lastDay === day
    const number = lastDay === nameDay ? Number(lastNumber) + (continues ? 0 : 1) : 1
    const name = `${nameDay}-${String(number).padStart(6, '0')}.jsonl`
    const opened = open(join(folder, name), day)
    this.#file = opened
    if (current !== undefined) this.#letGo(current.descriptor)
    const kept = names.includes(name) ? names : [...names, name]
    for (const old of kept.slice(0, Math.max(0, kept.length - filesMax)))
      rmSync(join(folder, old), { force: true })
    if (opened.bytes < fileBytesMax) return opened
    return this.#fileForNow()
  }

  /** Syncs the records before it closes the file; a sync of it may be under way. */
  #letGo(descriptor: number): void {
    const close = () => closeSync(descriptor)
    try {
      fdatasyncSync(descriptor)
    } finally {
      if (this.#syncing === undefined) close()
      else void this.#syncing.then(close, close)
    }
  }
}

function open(path: string, day: string): OpenFile {
  const descriptor = openSync(path, 'a+', 0o600)
  try {
    const { size, ino } = fstatSync(descriptor)
    const last = Buffer.alloc(1)
    if (size > 0) readSync(descriptor, last, 0, 1, size - 1)
    // Ends a line that an earlier process left torn.
    const isTorn = size > 0 && last[0] !== NEWLINE
    if (isTorn) writeSync(descriptor, '\n')
    return {
      path,
      descriptor,
      inode: ino,
      dayAtMs: Date.parse(day),
      bytes: isTorn ? size + 1 : size,
    }
  } catch (error) {
    closeSync(descriptor)
    throw error
  }
}

/**
 * Checks that the file still has its name: nobody would read records of a deleted or moved file.
 */
function isThere({ path, inode }: OpenFile): boolean {
  return statSync(path, { throwIfNoEntry: false })?.ino === inode
}

/** Writes all bytes, or none. */
function writeWhole(descriptor: number, bytes: Buffer, fileBytes: number): void {
  try {
    let written = 0
    while (written < bytes.length) written += writeSync(descriptor, bytes, written)
  } catch (error) {
    ftruncateSync(descriptor, fileBytes)
    throw error
  }
}
