// The log streams of one simulation: bounded files, one a stream, written line by line.
// Owns rotation and the limits; never blocks a writer and never keeps more in memory than one line. What is dropped is counted and said.

import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { oldStreamFile, streamFile } from './stream-files.ts'

export interface LogStreams {
  /** The stream's writer; the same one for the same name. Throws where the name is no stream's. */
  writer(name: string): LogWriter
  /** Writes what is left of unfinished lines and of counts. */
  close(): Promise<void>
}

export interface LogWriter {
  /** Takes any piece of output; lines may be cut anywhere. */
  write(chunk: string | Uint8Array): void
}

export interface LogStreamsOptions {
  /** A stream's file is replaced when it is this long; one old file is kept. Default 8 MiB. */
  fileBytesMax?: number
  /** Bytes a second that a stream may write on average; more is dropped. Default 256 KiB. */
  bytesPerSecond?: number
  /** What a stream may write at once after a silence. Default 4 MiB. */
  burstBytes?: number
  /** A longer line is cut. Default 16 KiB. */
  lineBytesMax?: number
  now?: () => number
}

/** Opens the streams of a folder, which is made where it doesn't exist. Streams that are there already are continued. */
export function openLogStreams(folder: string, options: LogStreamsOptions = {}): LogStreams {
  const limits: Limits = {
    fileBytesMax: 8 * 1024 ** 2,
    bytesPerSecond: 256 * 1024,
    burstBytes: 4 * 1024 ** 2,
    lineBytesMax: 16 * 1024,
    now: Date.now,
    ...options,
  }
  const writers = new Map<string, StreamWriter>()
  return {
    writer(name) {
      let writer = writers.get(name)
      if (!writer) {
        writer = new StreamWriter(streamFile(folder, name), oldStreamFile(folder, name), limits)
        writers.set(name, writer)
      }
      return writer
    },
    async close() {
      for (const writer of writers.values()) writer.close()
      writers.clear()
    },
  }
}

type Limits = Required<LogStreamsOptions>

const newline = 0x0a

class StreamWriter implements LogWriter {
  readonly #path: string
  readonly #oldPath: string
  readonly #limits: Limits
  #file: number
  #fileBytes: number
  #line: Buffer[] = []
  #lineBytes = 0
  #lineCutBytes = 0
  #budgetBytes: number
  #budgetAtMs: number
  #droppedLines = 0
  #droppedBytes = 0

  constructor(path: string, oldPath: string, limits: Limits) {
    this.#path = path
    this.#oldPath = oldPath
    this.#limits = limits
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    this.#file = openSync(path, 'a', 0o600)
    this.#fileBytes = fstatSync(this.#file).size
    this.#budgetBytes = limits.burstBytes
    this.#budgetAtMs = limits.now()
  }

  write(chunk: string | Uint8Array): void {
    const bytes =
      typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    this.#refill()
    const lines: Buffer[] = []
    let start = 0
    for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, start)) {
      // Out of budget: the rest of the lines are only counted, so that endless output costs little more than a search for newlines.
      if (this.#budgetBytes <= 0 && this.#lineBytes === 0) {
        this.#droppedLines++
        this.#droppedBytes += end + 1 - start
      } else {
        this.#append(bytes.subarray(start, end))
        this.#finishLine(lines)
      }
      start = end + 1
    }
    this.#append(bytes.subarray(start))
    this.#put(lines)
  }

  close(): void {
    const lines: Buffer[] = []
    if (this.#lineBytes > 0) this.#finishLine(lines)
    this.#sayDropped(lines)
    this.#put(lines)
    closeSync(this.#file)
  }

  #append(piece: Buffer): void {
    const room = this.#limits.lineBytesMax - this.#lineBytes
    const kept = piece.subarray(0, Math.max(0, room))
    this.#lineCutBytes += piece.length - kept.length
    if (kept.length === 0) return
    this.#line.push(Buffer.from(kept))
    this.#lineBytes += kept.length
  }

  #finishLine(lines: Buffer[]): void {
    const cut = this.#lineCutBytes > 0 ? ` [${this.#lineCutBytes} bytes more, cut]` : ''
    const line = Buffer.concat([Buffer.from(`${this.#time()} `), ...this.#line, Buffer.from(`${cut}\n`)])
    this.#line = []
    this.#lineBytes = 0
    this.#lineCutBytes = 0
    if (this.#budgetBytes <= 0) {
      this.#droppedLines++
      this.#droppedBytes += line.length
      return
    }
    this.#sayDropped(lines)
    this.#budgetBytes -= line.length
    lines.push(line)
  }

  #sayDropped(lines: Buffer[]): void {
    if (this.#droppedLines === 0) return
    lines.push(
      Buffer.from(
        `${this.#time()} [dropped ${this.#droppedLines} lines, ${this.#droppedBytes} bytes: the stream wrote too much]\n`,
      ),
    )
    this.#droppedLines = 0
    this.#droppedBytes = 0
  }

  #put(lines: Buffer[]): void {
    if (lines.length === 0) return
    const bytes = Buffer.concat(lines)
    if (this.#fileBytes > 0 && this.#fileBytes + bytes.length > this.#limits.fileBytesMax) this.#rotate()
    writeSync(this.#file, bytes)
    this.#fileBytes += bytes.length
  }

  #rotate(): void {
    closeSync(this.#file)
    renameSync(this.#path, this.#oldPath)
    this.#file = openSync(this.#path, 'a', 0o600)
    this.#fileBytes = 0
  }

  #refill(): void {
    const nowMs = this.#limits.now()
    const earned = ((nowMs - this.#budgetAtMs) / 1000) * this.#limits.bytesPerSecond
    this.#budgetAtMs = nowMs
    // A stream that ran dry starts again once a second's worth has come together: its count of dropped lines is said once a while, not after every line.
    const wasDry = this.#budgetBytes <= 0
    this.#dryBytes = wasDry ? this.#dryBytes + earned : 0
    if (!wasDry) this.#budgetBytes = Math.min(this.#limits.burstBytes, this.#budgetBytes + earned)
    else if (this.#dryBytes >= this.#limits.bytesPerSecond)
      this.#budgetBytes = Math.min(this.#limits.burstBytes, this.#dryBytes)
  }

  #dryBytes = 0

  #time(): string {
    return new Date(this.#limits.now()).toISOString()
  }
}
