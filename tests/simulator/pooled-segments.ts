// Memory for thousands of short histories: pooled segments that know which of their pages were
// claimed.
// Owns the buffers, the pool, and the rule that memory is claimed before it is written. Never knows
// the content.

import { PAGE_BYTES, type Range, type Segment, type Segments } from '../../src/base/memory.ts'
import type { Random } from './random.ts'

/** The memory of one history. */
export interface HistorySegments extends Segments {
  /** Most bytes that may be claimed. A lower value simulates a full machine. */
  limitBytes: number
  claimedBytes: number
  readonly names: string[]
  /** The same memory as another process sees it. */
  forProcess(): Segments
  /** Writes random bytes into the writable part of a file, as a process may before it dies. */
  scribble(name: string, startBytes: number, endBytes: number, random: Random, count: number): void
  /**
   * Returns the name of a segment that was written beyond its claims. On a real machine that can
   * kill the process.
   */
  writtenUnclaimed(): string | undefined
  /** Returns all memory to the pool. Call it only after `writtenUnclaimed` found nothing. */
  release(): void
}

export class PooledSegments implements HistorySegments {
  limitBytes = Number.POSITIVE_INFINITY
  claimedBytes = 0
  readonly #open = new Map<string, PooledSegment>()
  readonly #removed: PooledSegment[] = []
  /** File lengths, by name. */
  readonly #files = new Map<string, number>()
  readonly #headroomBytes: number

  /** A segment may grow by `headroomBytes` after it is first opened. */
  constructor(options: { headroomBytes: number }) {
    this.#headroomBytes = options.headroomBytes
  }

  get names(): string[] {
    return [...this.#files.keys()]
  }

  create(name: string, bytes: number): void {
    if (this.#files.has(name))
      throw new Error(`cannot make the fabric's file '${name}': it is there`)
    this.#files.set(name, bytes)
  }

  open(name: string, { offsetBytes, bytes }: Range): Segment {
    const fileBytes = this.#files.get(name)
    if (fileBytes === undefined)
      throw new Error(`cannot open the fabric's file '${name}': there is none`)
    const end = offsetBytes + bytes
    if (fileBytes < end)
      throw new Error(`the fabric's file '${name}' has ${fileBytes} bytes, and ${end} are needed`)
    const key = `${name}@${offsetBytes}`
    const existing = this.#open.get(key)
    if (existing) {
      if (existing.buffer.byteLength < bytes)
        throw new Error(`segment '${name}' grew by more than the headroom`)
      return existing
    }
    const buffer = takeBuffer(Math.ceil((bytes + this.#headroomBytes) / PAGE_BYTES) * PAGE_BYTES)
    const segment: PooledSegment = {
      name,
      offsetBytes,
      buffer,
      startBytes: 0,
      bytes: buffer.byteLength,
      claimed: new Uint8Array(buffer.byteLength / PAGE_BYTES),
      claim: (offsetBytes, claimBytes) => this.#claim(segment, offsetBytes, claimBytes),
      release: (offsetBytes, releaseBytes) => this.#release(segment, offsetBytes, releaseBytes),
    }
    this.#open.set(key, segment)
    return segment
  }

  forProcess(): Segments {
    return this
  }

  remove(name: string): void {
    for (const file of this.#files.keys())
      if (file === name || file.startsWith(`${name}/`)) this.#files.delete(file)
    for (const [key, segment] of this.#open) {
      if (this.#files.has(segment.name)) continue
      this.#open.delete(key)
      this.#removed.push(segment)
      for (const claimed of segment.claimed) this.claimedBytes -= claimed * PAGE_BYTES
    }
  }

  scribble(
    name: string,
    startBytes: number,
    endBytes: number,
    random: Random,
    count: number,
  ): void {
    const holds = ({ offsetBytes, bytes }: PooledSegment) =>
      offsetBytes <= startBytes && endBytes <= offsetBytes + bytes
    const segment = [...this.#open.values()].find((open) => open.name === name && holds(open))
    if (!segment) return
    const bytes = new Uint8Array(segment.buffer)
    for (let done = 0; done < count; done++) {
      const at = random.between(startBytes, endBytes - 1) - segment.offsetBytes
      if (segment.claimed[Math.floor(at / PAGE_BYTES)])
        bytes[at] = random.chance(0.3) ? random.below(4) : random.word()
    }
  }

  writtenUnclaimed(): string | undefined {
    for (const segment of [...this.#open.values(), ...this.#removed]) {
      const bytes = Buffer.from(segment.buffer)
      for (let page = 0; page < segment.claimed.length; page++) {
        if (segment.claimed[page]) continue
        const start = page * PAGE_BYTES
        if (bytes.compare(zeroPage, 0, PAGE_BYTES, start, start + PAGE_BYTES) !== 0)
          return `${segment.name}, page ${page} (byte ${start})`
      }
    }
    return undefined
  }

  release(): void {
    for (const { buffer, claimed } of [...this.#open.values(), ...this.#removed]) {
      const bytes = new Uint8Array(buffer)
      for (let page = 0; page < claimed.length; page++)
        if (claimed[page]) bytes.fill(0, page * PAGE_BYTES, (page + 1) * PAGE_BYTES)
      pool.get(buffer.byteLength)!.push(buffer)
    }
    this.#open.clear()
    this.#files.clear()
    this.#removed.length = 0
  }

  #claim(segment: PooledSegment, offsetBytes: number, bytes: number): boolean {
    const first = Math.floor(offsetBytes / PAGE_BYTES)
    const end = Math.ceil((offsetBytes + bytes) / PAGE_BYTES)
    let added = 0
    for (let page = first; page < end; page++) if (!segment.claimed[page]) added++
    if (this.claimedBytes + added * PAGE_BYTES > this.limitBytes && added > 0) return false
    segment.claimed.fill(1, first, end)
    this.claimedBytes += added * PAGE_BYTES
    return true
  }

  #release(segment: PooledSegment, offsetBytes: number, bytes: number): void {
    const end = (offsetBytes + bytes) / PAGE_BYTES
    for (let page = offsetBytes / PAGE_BYTES; page < end; page++) {
      this.claimedBytes -= segment.claimed[page] * PAGE_BYTES
      segment.claimed[page] = 0
    }
    new Uint8Array(segment.buffer, offsetBytes, bytes).fill(0)
  }
}

interface PooledSegment extends Segment {
  offsetBytes: number
  /** One byte per page: 1 if it is claimed. */
  claimed: Uint8Array
}

const zeroPage = Buffer.alloc(PAGE_BYTES)
/** Buffers of zeros, by length. */
const pool = new Map<number, ArrayBuffer[]>()

function takeBuffer(bytes: number): ArrayBuffer {
  let buffers = pool.get(bytes)
  if (!buffers) {
    buffers = []
    pool.set(bytes, buffers)
  }
  return buffers.pop() ?? new ArrayBuffer(bytes)
}
