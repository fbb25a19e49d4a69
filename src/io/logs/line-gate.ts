// Turns output into lines with a time in front, and limits them to the rate of a stream.
// Owns the cutting of lines, the rate and the count of dropped lines; never writes anywhere.

import type { LogLimits } from './logs.ts'

/**
 * Share of a burst that must be free before drops are reported: frequent reports would cause
 * further drops.
 */
const RESUME_SHARE = 0.25
const NEWLINE = 10

/** A line to write, with its time and its end. */
export interface GateLine {
  content: Buffer
  /**
   * Number of lines lost if this line can't be written: itself, or the lines that it reports as
   * dropped.
   */
  lines: number
  bytes: number
}

export class LineGate {
  readonly #limits: LogLimits
  readonly #now: () => number
  /** The beginning of a line that has no end yet, at most `lineBytesMax`. */
  #partial: Buffer[] = []
  #partialBytes = 0
  /** Bytes that may pass now. */
  #allowance: number
  #allowanceAtMs: number
  #isDropping = false
  #droppedLines = 0
  #droppedBytes = 0

  constructor(limits: LogLimits, now: () => number) {
    this.#limits = limits
    this.#now = now
    this.#allowance = limits.burstBytes
    this.#allowanceAtMs = now()
  }

  /** True if some drops are not reported yet. */
  get hasDropped(): boolean {
    return this.#droppedLines > 0
  }

  /** Returns the lines to write. The caller must not change the chunk afterwards. */
  pass(chunk: Buffer): GateLine[] {
    const lines: GateLine[] = []
    const prefix = this.#begin()
    for (let start = 0; start < chunk.length; ) {
      const newline = chunk.indexOf(NEWLINE, start)
      const end = newline < 0 ? chunk.length : newline
      const room = this.#limits.lineBytesMax - this.#partialBytes
      if (end - start > room) {
        const cut = start + characterStart(chunk.subarray(start, end), room)
        this.#endLine(lines, prefix, chunk.subarray(start, cut))
        start = cut
      } else if (newline >= 0) {
        this.#endLine(lines, prefix, chunk.subarray(start, end))
        start = end + 1
      } else {
        // Copied: it may wait for long, and a view would keep the whole chunk in memory.
        this.#partial.push(Buffer.from(chunk.subarray(start)))
        this.#partialBytes += end - start
        start = end
      }
    }
    return lines
  }

  /** Returns the report of dropped lines, once it is due. */
  report(): GateLine[] {
    const lines: GateLine[] = []
    this.#reportTo(lines, this.#begin())
    return lines
  }

  /** Returns the last lines: one without an end, and the report. */
  end(): GateLine[] {
    const lines: GateLine[] = []
    const prefix = this.#begin()
    if (this.#partialBytes > 0) this.#endLine(lines, prefix, Buffer.alloc(0))
    this.#isDropping = false
    this.#reportTo(lines, prefix)
    return lines
  }

  /** Counts a line that passed but could not be written. */
  drop({ lines, bytes }: Pick<GateLine, 'lines' | 'bytes'>): void {
    this.#droppedLines += lines
    this.#droppedBytes += bytes
  }

  /**
   * Adds the allowance gained since the last call, and returns the time to put in front of lines.
   */
  #begin(): Buffer {
    const nowMs = this.#now()
    const { bytesPerSecond, burstBytes } = this.#limits
    // A clock that was set back gains nothing.
    const gained = (Math.max(0, nowMs - this.#allowanceAtMs) * bytesPerSecond) / 1000
    this.#allowance = Math.min(burstBytes, this.#allowance + gained)
    this.#allowanceAtMs = nowMs
    if (this.#allowance >= burstBytes * RESUME_SHARE) this.#isDropping = false
    return Buffer.from(`${new Date(nowMs).toISOString()} `)
  }

  #endLine(lines: GateLine[], prefix: Buffer, rest: Buffer): void {
    const bytes = this.#partialBytes + rest.length
    const parts = [prefix, ...this.#partial, rest]
    this.#partial = []
    this.#partialBytes = 0
    if (prefix.length + bytes + 1 > this.#allowance) this.#isDropping = true
    if (this.#isDropping) {
      this.drop({ lines: 1, bytes: bytes + 1 })
      return
    }
    this.#reportTo(lines, prefix)
    this.#allowance -= prefix.length + bytes + 1
    const content = Buffer.concat([...parts, Buffer.from('\n')])
    lines.push({
      content: bytes > 0 ? withoutReturn(content) : content,
      lines: 1,
      bytes: bytes + 1,
    })
  }

  #reportTo(lines: GateLine[], prefix: Buffer): void {
    if (this.#droppedLines === 0 || this.#isDropping) return
    const text = `[heddle] dropped ${this.#droppedLines} lines, ${this.#droppedBytes} bytes\n`
    lines.push({
      content: Buffer.concat([prefix, Buffer.from(text)]),
      lines: this.#droppedLines,
      bytes: this.#droppedBytes,
    })
    this.#droppedLines = 0
    this.#droppedBytes = 0
  }
}

/** Turns a final `\r\n` into `\n`. */
function withoutReturn(line: Buffer): Buffer {
  return line.at(-2) === 13 ? Buffer.concat([line.subarray(0, -2), Buffer.from('\n')]) : line
}

/**
 * Returns the last place at or before `bytes` where a UTF-8 character begins; `bytes` itself if the
 * text is no UTF-8.
 */
function characterStart(text: Buffer, bytes: number): number {
  let start = bytes
  while (start > 0 && bytes - start < 3 && isContinuation(text[start])) start--
  return start === 0 || isContinuation(text[start]) ? bytes : start
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80
}
