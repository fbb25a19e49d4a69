// Log streams as files: `/sim/management` is `sim/management.log` in the folder, its older part `sim/management.log.old`.
// Owns the writing; never lets a stream grow without bound, and never keeps its writer waiting.

import { appendFile, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type GateLine, LineGate } from './line-gate.ts'
import {
  DEFAULT_LOG_LIMITS,
  type LogLimits,
  type LogOptions,
  type LogStreams,
  type LogWriter,
  streamSegments,
} from './logs.ts'

export type { LogStreams, LogWriter }

/** Lines are gathered for so long, and then written together. */
const GATHER_MS = 20
const REPORT_MS = 1000
const NEWLINE = Buffer.from('\n')

/**
 * Opens the streams of a folder, which is made with its first line. Streams that are there from before are continued. Only this user may
 * read them: apps write what they like.
 */
export function openLogStreams(
  folder: string,
  { limits, now = Date.now }: LogOptions = {},
): LogStreams {
  const allLimits = { ...DEFAULT_LOG_LIMITS, ...limits }
  const streams = new Map<string, FileStream>()
  return {
    writer(stream) {
      const path = logPath(folder, stream)
      const known = streams.get(stream) ?? new FileStream(path, allLimits, now)
      streams.set(stream, known)
      return known
    },
    async flush() {
      await Promise.all([...streams.values()].map((stream) => stream.flush()))
    },
    async remove(stream) {
      const path = logPath(folder, stream)
      await streams.get(stream)?.close()
      streams.delete(stream)
      for (const file of [path, oldLogPath(path)]) await rm(file, { force: true })
    },
    async close() {
      await Promise.all([...streams.values()].map((stream) => stream.close()))
    },
  }
}

/** The file that holds a stream's newer part. Throws for a name that is none. */
export function logPath(folder: string, stream: string): string {
  return `${join(folder, ...streamSegments(stream))}.log`
}

/** The file that holds the older part. */
export function oldLogPath(path: string): string {
  return `${path}.old`
}

class FileStream implements LogWriter {
  readonly #path: string
  readonly #limits: LogLimits
  readonly #gate: LineGate
  /** Lines that wait to be written. */
  #waiting: GateLine[] = []
  #waitingBytes = 0
  #gatherTimer: NodeJS.Timeout | undefined
  #writing: Promise<void> | undefined
  #reportTimer: NodeJS.Timeout | undefined
  /** Of the file; unknown until the first write. */
  #fileBytes: number | undefined
  /** Its last line has no end. */
  #isTorn = false

  constructor(path: string, limits: LogLimits, now: () => number) {
    this.#path = path
    this.#limits = limits
    this.#gate = new LineGate(limits, now)
  }

  write(chunk: Buffer | string): void {
    this.#add(this.#gate.pass(typeof chunk === 'string' ? Buffer.from(chunk) : chunk))
  }

  async flush(): Promise<void> {
    while (this.#waiting.length > 0 || this.#writing !== undefined) {
      this.#startWriting()
      await this.#writing
    }
  }

  async close(): Promise<void> {
    await this.flush()
    this.#add(this.#gate.end())
    await this.flush()
    clearTimeout(this.#reportTimer)
    this.#reportTimer = undefined
  }

  #add(lines: GateLine[]): void {
    for (const line of lines) {
      // Only a disk that is slower than the rate, or stands still, lets this much wait.
      if (this.#waitingBytes + line.content.length > this.#limits.burstBytes * 2)
        this.#gate.drop(line)
      else {
        this.#waiting.push(line)
        this.#waitingBytes += line.content.length
      }
    }
    if (this.#waiting.length > 0)
      this.#gatherTimer ??= setTimeout(() => this.#startWriting(), GATHER_MS)
    if (this.#gate.hasDropped) this.#reportLater()
  }

  #reportLater(): void {
    this.#reportTimer ??= setTimeout(() => {
      this.#reportTimer = undefined
      this.#add(this.#gate.report())
    }, REPORT_MS).unref()
  }

  #startWriting(): void {
    clearTimeout(this.#gatherTimer)
    this.#gatherTimer = undefined
    if (this.#waiting.length > 0) this.#writing ??= this.#writeAll()
  }

  /** Never throws: what can't be written is dropped, and said once writing works again. */
  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const lines = this.#takeBatch()
      try {
        await this.#append(Buffer.concat(lines.map(({ content }) => content)))
      } catch {
        for (const line of lines) this.#gate.drop(line)
        this.#fileBytes = undefined
        this.#reportLater()
      }
    }
    this.#writing = undefined
  }

  /** The first lines that wait, as many as fit one file. */
  #takeBatch(): GateLine[] {
    let count = 0
    let bytes = 0
    while (
      count < this.#waiting.length &&
      (count === 0 || bytes + this.#waiting[count].content.length <= this.#limits.streamBytesMax)
    ) {
      bytes += this.#waiting[count++].content.length
    }
    this.#waitingBytes -= bytes
    return this.#waiting.splice(0, count)
  }

  async #append(bytes: Buffer): Promise<void> {
    this.#fileBytes ??= await this.#sizeOfFile()
    if (this.#fileBytes > 0 && this.#fileBytes + bytes.length > this.#limits.streamBytesMax) {
      await rename(this.#path, oldLogPath(this.#path))
      this.#fileBytes = 0
      this.#isTorn = false
    }
    // A disk that was full, or a process that was killed, may have left the beginning of a line.
    const whole = this.#isTorn ? Buffer.concat([NEWLINE, bytes]) : bytes
    await appendFile(this.#path, whole, { mode: 0o600 })
    this.#isTorn = false
    this.#fileBytes += whole.length
  }

  async #sizeOfFile(): Promise<number> {
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 })
    this.#isTorn = false
    try {
      await using file = await open(this.#path, 'r')
      const { size } = await file.stat()
      const { bytesRead, buffer } = await file.read(Buffer.alloc(1), 0, 1, Math.max(0, size - 1))
      this.#isTorn = bytesRead === 1 && !buffer.equals(NEWLINE)
      return size
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0
      throw error
    }
  }
}
