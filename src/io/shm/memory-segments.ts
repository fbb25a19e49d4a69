// Segments inside one process, for standalone applications and tests: the twin of the shared ones.
// Owns plain buffers; never leaves the process.

import { PAGE_BYTES, type Range, type Segment, type Segments } from '../../base/memory.ts'

/**
 * `limitBytes` is the most that can be claimed in all, so that tests can simulate a full machine.
 */
export class MemorySegments implements Segments {
  readonly #files = new Map<string, MemoryFile>()
  readonly #limitBytes: number
  claimedBytes = 0

  constructor(options: { limitBytes?: number } = {}) {
    this.#limitBytes = options.limitBytes ?? Number.POSITIVE_INFINITY
  }

  get names(): string[] {
    return [...this.#files.keys()]
  }

  create(name: string, bytes: number): void {
    if (this.#files.has(name))
      throw new Error(`cannot make the fabric's file '${name}': it is there`)
    this.#files.set(name, { bytes, segments: new Map() })
  }

  open(name: string, { offsetBytes, bytes }: Range): Segment {
    const file = this.#files.get(name)
    if (!file) throw new Error(`cannot open the fabric's file '${name}': there is none`)
    const end = offsetBytes + bytes
    if (file.bytes < end)
      throw new Error(`the fabric's file '${name}' has ${file.bytes} bytes, and ${end} are needed`)
    const existing = file.segments.get(offsetBytes)
    if (existing) {
      if (bytes > existing.buffer.byteLength) existing.buffer.resize(bytes)
      return existing
    }
    const segment: MemorySegment = {
      name,
      startBytes: 0,
      get bytes() {
        return this.buffer.byteLength
      },
      buffer: new ArrayBuffer(bytes, { maxByteLength: Math.max(bytes, SEGMENT_BYTES_MAX) }),
      claimedPages: new Set(),
      claim: (offset, count) => this.#claim(segment, offset, count),
      release: (offset, count) => this.#release(segment, offset, count),
    }
    file.segments.set(offsetBytes, segment)
    return segment
  }

  remove(name: string): void {
    for (const [other, { segments }] of this.#files) {
      if (other !== name && !other.startsWith(`${name}/`)) continue
      for (const { claimedPages } of segments.values())
        this.claimedBytes -= claimedPages.size * PAGE_BYTES
      this.#files.delete(other)
    }
  }

  #claim(segment: MemorySegment, offsetBytes: number, bytes: number): boolean {
    const added: number[] = []
    const end = Math.ceil((offsetBytes + bytes) / PAGE_BYTES)
    for (let page = Math.floor(offsetBytes / PAGE_BYTES); page < end; page++)
      if (!segment.claimedPages.has(page)) added.push(page)
    if (this.claimedBytes + added.length * PAGE_BYTES > this.#limitBytes) return false
    for (const page of added) segment.claimedPages.add(page)
    this.claimedBytes += added.length * PAGE_BYTES
    return true
  }

  #release(segment: MemorySegment, offsetBytes: number, bytes: number): void {
    const end = (offsetBytes + bytes) / PAGE_BYTES
    for (let page = offsetBytes / PAGE_BYTES; page < end; page++)
      if (segment.claimedPages.delete(page)) this.claimedBytes -= PAGE_BYTES
    new Uint8Array(segment.buffer, offsetBytes, bytes).fill(0)
  }
}

interface MemoryFile {
  bytes: number
  /** Buffers by offset. */
  segments: Map<number, MemorySegment>
}

interface MemorySegment extends Segment {
  claimedPages: Set<number>
}

const SEGMENT_BYTES_MAX = 2 ** 30
