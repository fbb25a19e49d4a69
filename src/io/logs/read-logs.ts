// Reads log streams from their files, also while they are written and their older parts are let go.
// Owns the place in a file that may be renamed under it; never changes a file.

import { type FileHandle, open, readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { logPath, oldLogPath } from './log-streams.ts'
import type { LogLine, ReadOptions } from './logs.ts'
import { type LogCursor, mergeLines } from './merge-lines.ts'

const READ_BYTES = 64 * 1024
/** Files that this project didn't write may have no lines. */
const LINE_BYTES_MAX = 1024 * 1024

/**
 * The lines of the streams in a folder, oldest first. A follower sees every line that is written later, as long as it reads before two
 * generations of a file have passed. Ends without an error when the signal is aborted. Throws for a stream's name that is none.
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

/** The names of the streams in a folder, sorted. None where there is no such folder. */
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
  /** Which file the place is in, whatever its name is by now. */
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

  /** The next bytes: to the end of the older file, and then on in the newer one. Undefined at the end. */
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
      // At the end of the older file the newer one is next; where the place is in neither, the file was let go, and the oldest is next.
      const isLost = old === undefined && (await this.#moveTo(oldLogPath(this.#path)))
      if (!isLost && !(await this.#moveTo(this.#path))) return undefined
    }
  }

  /** Undefined where the place isn't in that file. */
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

  /** To the beginning of a file. False where there is none. */
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

/** An inode's number is used again soon; with the time of its making it isn't. */
async function identityOf(handle: FileHandle): Promise<string> {
  const { ino, birthtimeNs } = await handle.stat({ bigint: true })
  return `${ino} ${birthtimeNs}`
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error
}
