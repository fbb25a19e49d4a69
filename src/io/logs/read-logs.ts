// Reads log streams from their files, even while they are written and their older parts removed.
// Owns the place in a file that may be renamed meanwhile; never changes a file.

import { type FileHandle, open, readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { logPath, oldLogPath } from './log-streams.ts'
import type { LogLine, ReadOptions } from './logs.ts'
import { type LogCursor, mergeLines } from './merge-lines.ts'

const READ_BYTES = 64 * 1024
/** Limit for files of other programs, which may have no lines. */
const LINE_BYTES_MAX = 1024 * 1024

/**
 * Yields the lines of the streams in a folder, oldest first. A follower sees every later line if it
 * reads before a file passes two generations. Ends without an error when the signal is aborted.
 * Throws if a stream's name is invalid.
 */
export async function* readLogs(
  folder: string,
  options: ReadOptions = {},
): AsyncGenerator<LogLine> {
  const cursors = new Map<string, LogCursor>()
  const { stream } = options
  if (stream !== undefined) cursors.set(stream, new FileCursor(stream, logPath(folder, stream)))
  yield* mergeLines(async () => {
    if (stream === undefined) {
      for (const name of await listStreams(folder)) {
        if (!cursors.has(name)) cursors.set(name, new FileCursor(name, logPath(folder, name)))
      }
    }
    return cursors.values()
  }, options)
}

/** Returns the names of the streams in a folder, sorted; none if the folder does not exist. */
export async function listStreams(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(
    ignoreMissing,
  )
  const names = new Set<string>()
  for (const entry of entries ?? []) {
    const path = relative(folder, join(entry.parentPath, entry.name))
    const match = /^([A-Za-z0-9_./-]+)\.log(\.old)?$/.exec(path)
    if (match !== null && entry.isFile()) names.add(`/${match[1]}`)
  }
  return [...names].toSorted()
}

class FileCursor implements LogCursor {
  readonly stream: string
  readonly #path: string
  /** Identity of the file being read, whatever its name is now. */
  #file: string | undefined
  #offsetBytes = 0
  #partial: Buffer = Buffer.alloc(0)
  #time = new Date(0).toISOString()

  constructor(stream: string, path: string) {
    this.stream = stream
    this.#path = path
  }

  async read(): Promise<LogLine[]> {
    for (;;) {
      const bytes = await this.#readBytes()
      if (bytes === undefined) return []
      const all = Buffer.concat([this.#partial, bytes])
      const lastEnd = all.lastIndexOf(10) + 1
      const end = lastEnd === 0 && all.length > LINE_BYTES_MAX ? all.length : lastEnd
      this.#partial = all.subarray(end)
      if (end > 0) return this.#parse(all.toString('utf8', 0, end))
    }
  }

  #parse(text: string): LogLine[] {
    const lines = text.split('\n')
    if (lines.at(-1) === '') lines.pop()
    return lines.map((line) => {
      const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) (.*)$/s.exec(line)
      if (match !== null) this.#time = match[1]
      return { stream: this.stream, time: this.#time, text: match === null ? line : match[2] }
    })
  }

  /**
   * Returns the next bytes: the rest of the older file, then the newer one. Undefined at the end.
   */
  async #readBytes(): Promise<Buffer | undefined> {
    if (
      this.#file === undefined &&
      !(await this.#moveTo(oldLogPath(this.#path))) &&
      !(await this.#moveTo(this.#path))
    )
      return undefined
    for (;;) {
      const current = await this.#readFrom(this.#path)
      if (current !== undefined) return current.length > 0 ? current : undefined
      const old = await this.#readFrom(oldLogPath(this.#path))
      if (old !== undefined && old.length > 0) return old
      // After the older file, the newer one is next. If the place is in neither, its file was
      // removed, and the oldest is next.
      const isLost = old === undefined && (await this.#moveTo(oldLogPath(this.#path)))
      if (!isLost && !(await this.#moveTo(this.#path))) return undefined
    }
  }

  /** Returns undefined if the place is not in that file. */
  async #readFrom(path: string): Promise<Buffer | undefined> {
    const handle = await open(path, 'r').catch(ignoreMissing)
    if (handle === undefined) return undefined
    try {
      if ((await identityOf(handle)) !== this.#file) return undefined
      const { buffer, bytesRead } = await handle.read({
        buffer: Buffer.alloc(READ_BYTES),
        position: this.#offsetBytes,
      })
      this.#offsetBytes += bytesRead
      return buffer.subarray(0, bytesRead)
    } finally {
      await handle.close()
    }
  }

  /** Moves to the beginning of a file. Returns false if the file does not exist. */
  async #moveTo(path: string): Promise<boolean> {
    const handle = await open(path, 'r').catch(ignoreMissing)
    if (handle === undefined) return false
    try {
      this.#file = await identityOf(handle)
      this.#offsetBytes = 0
      this.#partial = Buffer.alloc(0)
      return true
    } finally {
      await handle.close()
    }
  }
}

/** Combines the inode with the time of its creation: inode numbers are soon used again. */
async function identityOf(handle: FileHandle): Promise<string> {
  const { ino, birthtimeNs } = await handle.stat({ bigint: true })
  return `${ino} ${birthtimeNs}`
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error
}
