// The log of one process as a file of whole lines; the process goes on if the file can't be
// written.
// Owns the file, and what happens to lines that it can't take; never knows what a line says.

import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs'

interface ControlLogOptions {
  path: string
  /** Receives lines that the file can't take; by default standard error. May throw. */
  fallback?: (text: string) => void
}

/** Lines per outage sent to the fallback: it may be a terminal, or a file on the same disk. */
const FALLBACK_LINES_MAX = 20
const NEWLINE = 10

export class ControlLog {
  readonly #path: string
  readonly #fallback: (text: string) => void
  #descriptor: number | undefined
  /** True if the last line in the file has no end. */
  #isTorn = false
  /** Lines dropped since the last written line. */
  #dropped = 0

  /** The first line opens the file. */
  constructor({ path, fallback = (text) => void writeSync(2, text) }: ControlLogOptions) {
    this.#path = path
    this.#fallback = fallback
  }

  /**
   * Takes a line with its end. Never throws: a line that can't be written goes to the fallback, and
   * is counted.
   */
  write(line: string): void {
    try {
      const report = this.#dropped === 0 ? '' : reportLine(this.#dropped)
      this.#append(`${report}${line}`)
      this.#dropped = 0
    } catch (error) {
      this.#drop(line, error as Error)
    }
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor)
    this.#descriptor = undefined
  }

  #append(text: string): void {
    this.#descriptor ??= this.#open()
    const bytes = Buffer.from(this.#isTorn ? `\n${text}` : text)
    let written = 0
    try {
      while (written < bytes.length) written += writeSync(this.#descriptor, bytes, written)
      this.#isTorn = false
    } catch (error) {
      // Removes the beginning of a line written in part.
      if (written > 0) ftruncateSync(this.#descriptor, fstatSync(this.#descriptor).size - written)
      throw error
    }
  }

  #open(): number {
    const descriptor = openSync(this.#path, 'a+', 0o600)
    const { size } = fstatSync(descriptor)
    const last = Buffer.alloc(1)
    // An earlier process may have left a torn line, by ending or on a full disk.
    this.#isTorn =
      size > 0 && readSync(descriptor, last, 0, 1, size - 1) === 1 && last[0] !== NEWLINE
    return descriptor
  }

  #drop(line: string, { message }: Error): void {
    this.#dropped += 1
    if (this.#dropped > FALLBACK_LINES_MAX) return
    const why =
      this.#dropped === 1 ? `heddle: the log ${this.#path} can't be written: ${message}\n` : ''
    try {
      this.#fallback(`${why}${line}`)
    } catch {
      // Ignored: the log reports the count once it can be written.
    }
  }
}

function reportLine(lines: number): string {
  const record = {
    level: 40,
    time: Date.now(),
    lines,
    msg: 'lines of this log could not be written and were dropped',
  }
  return `${JSON.stringify(record)}\n`
}
