// Segments inside one process, for standalone applications, tests and the simulator: the twin of the shared ones.
// Owns plain buffers; never leaves the process.

import { PAGE_BYTES, type Segment, type Segments } from '../../base/memory.ts'

/** `limitBytes` bounds what can be claimed in all, so that a full machine can be played. */
export class MemorySegments implements Segments {
  readonly #segments = new Map<string, MemorySegment>()
  readonly #limitBytes: number
  claimedBytes = 0

  constructor(options: { limitBytes?: number } = {}) {
    this.#limitBytes = options.limitBytes ?? Number.POSITIVE_INFINITY
  }

  get names(): string[] {
    return [...this.#segments.keys()]
  }

  open(name: string, bytes: number): Segment {
    const existing = this.#segments.get(name)
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
      buffer: new ArrayBuffer(bytes, { maxByteLength: Math.max(bytes, segmentBytesMax) }),
      claimedPages: new Set(),
      claim: (offsetBytes, claimBytes) => this.#claim(segment, offsetBytes, claimBytes),
      release: (offsetBytes, releaseBytes) => this.#release(segment, offsetBytes, releaseBytes),
    }
    this.#segments.set(name, segment)
    return segment
  }

  remove(name: string): void {
    this.claimedBytes -= (this.#segments.get(name)?.claimedPages.size ?? 0) * PAGE_BYTES
    this.#segments.delete(name)
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

interface MemorySegment extends Segment {
  claimedPages: Set<number>
}

const segmentBytesMax = 2 ** 30
