// Log streams as files: `/sim/management` is `sim/management.log` in the folder, and its older part
// `sim/management.log.old`.
// Owns the writing; bounds every stream, and never blocks its writer.

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

/** Time that lines are gathered before they are written together. */
const GATHER_MS = 20
const REPORT_MS = 1000
const NEWLINE = Buffer.from('\n')

/**
 * Opens the streams of a folder; the first line makes the folder. Continues existing streams. Files
 * are readable by this user alone, as apps may write secrets.
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

/** Returns the file of a stream's newer part. Throws if the name is invalid. */
export function logPath(folder: string, stream: string): string {
  return `${join(folder, ...streamSegments(stream))}.log`
}

/** Returns the file of the older part. */
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
  /** The file's size; unknown until the first write. */
  #fileBytes: number | undefined
  /** True if the file's last line has no end. */
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
      // Drops the line if too much waits: the disk is slower than the rate, or hangs.
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

  /** Never throws. Drops what can't be written, and reports it once writing works again. */
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

  /** Takes as many of the oldest waiting lines as fit one file. */
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
    // A full disk or a killed process may have left a torn line.
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
