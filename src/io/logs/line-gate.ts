// Turns output into lines with a time in front, and lets no more of them through than a stream may take.
// Owns the cutting of lines, the rate and the count of what was dropped; never writes anywhere.

import type { LogLimits } from './logs.ts'

/** Dropped lines are reported when there is room again for so much of a burst: seldom, as each report makes way for more to drop. */
const RESUME_SHARE = 0.25
const NEWLINE = 10

/** A line to be written, with its time and its end. */
export interface GateLine {
  content: Buffer
  /** What is lost where the line can't be written: itself, or the lines that it reports as dropped. */
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

  /** Whether there are drops that are not reported yet. */
  get hasDropped(): boolean {
    return this.#droppedLines > 0
  }

  /** The lines that are to be written. The chunk must not be changed afterwards. */
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
        // A copy, as this may wait for long, and would keep the whole chunk in memory.
        this.#partial.push(Buffer.from(chunk.subarray(start)))
        this.#partialBytes += end - start
        start = end
      }
    }
    return lines
  }

  /** The report of what was dropped, once it is due. */
  report(): GateLine[] {
    const lines: GateLine[] = []
    this.#reportTo(lines, this.#begin())
    return lines
  }

  /** The last lines: one that has no end yet, and the report. */
  end(): GateLine[] {
    const lines: GateLine[] = []
    const prefix = this.#begin()
    if (this.#partialBytes > 0) this.#endLine(lines, prefix, Buffer.alloc(0))
    this.#isDropping = false
    this.#reportTo(lines, prefix)
    return lines
  }

  /** Counts what passed and could not be written after all. */
  drop({ lines, bytes }: Pick<GateLine, 'lines' | 'bytes'>): void {
    this.#droppedLines += lines
    this.#droppedBytes += bytes
  }

  /** The time in front of lines; what passed since the last call gives allowance. */
  #begin(): Buffer {
    const nowMs = this.#now()
    const { bytesPerSecond, burstBytes } = this.#limits
    // A clock that was set back gives nothing.
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

/** `\r\n` at the end as `\n`. */
function withoutReturn(line: Buffer): Buffer {
  return line.at(-2) === 13 ? Buffer.concat([line.subarray(0, -2), Buffer.from('\n')]) : line
}

/** The last place at or before `bytes` where a UTF-8 character begins; `bytes` itself in what is no UTF-8. */
function characterStart(text: Buffer, bytes: number): number {
  let start = bytes
  while (start > 0 && bytes - start < 3 && isContinuation(text[start])) start--
  return start === 0 || isContinuation(text[start]) ? bytes : start
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80
}
