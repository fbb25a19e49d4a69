// Segments that processes share: sparse files in a folder on a tmpfs, mapped whole.
// Owns files and mappings; never knows what stands in them. A mapping lives as long as the process: reservations cost no memory.
//
// All segments lie in a few very long buffers. A buffer each would be simpler, but V8 counts each new one's length as memory that the heap holds on to, and
// collects garbage: some milliseconds a segment, in every process of a large world.

import { closeSync, constants, fstatSync, ftruncateSync, openSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { Segment, Segments } from '../../base/memory.ts'
import { type Address, allocate, mapFile, release, reserveAddresses } from './libc.ts'

export interface SharedSegment extends Segment {
  /** Where the segment is in this process: futexes need it. */
  readonly address: Address
}

export class SharedSegments implements Segments {
  readonly #folder: string
  readonly #open = new Map<string, SharedSegment & { file: number }>()

  /** The folder must exist, on a tmpfs. */
  constructor(folder: string) {
    this.#folder = folder
  }

  /** Throws with `cause` where the file can't be made or mapped. */
  open(name: string, bytes: number, writable: boolean): SharedSegment {
    const already = this.#open.get(name)
    if (already && already.bytes >= bytes) return already
    const path = join(this.#folder, name)
    let file: number
    try {
      file =
        already?.file ?? openSync(path, writable ? constants.O_RDWR | constants.O_CREAT : constants.O_RDONLY, 0o600)
      if (writable && fstatSync(file).size < bytes) ftruncateSync(file, bytes)
    } catch (cause) {
      throw new Error(`cannot open the fabric's segment '${name}'`, { cause })
    }
    const place = takeAddresses(bytes)
    mapFile(place.address, file, bytes, writable)
    const segment = {
      ...place,
      name,
      bytes,
      file,
      claim: (offset: number, count: number) => count === 0 || allocate(file, offset, count),
      release: (offset: number, count: number) => release(file, offset, count),
    }
    this.#open.set(name, segment)
    return segment
  }

  /** Other processes may still map the file: its memory is given back all the same, at once. */
  remove(name: string): void {
    const path = join(this.#folder, name)
    const open = this.#open.get(name)
    if (open) closeSync(open.file)
    this.#open.delete(name)
    try {
      const file = openSync(path, constants.O_RDWR)
      try {
        release(file, 0, fstatSync(file).size)
      } finally {
        closeSync(file)
      }
      unlinkSync(path)
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause
    }
  }
}

interface Reservation {
  address: Address
  buffer: ArrayBuffer
  usedBytes: number
}

const reservationBytes = 2 ** 40
const reservationBytesMin = 2 ** 32
const alignmentBytes = 2 ** 16
let reservation: Reservation | undefined

/** A range of addresses that nobody in this thread has used, and the buffer in which it lies. */
function takeAddresses(bytes: number): { address: Address; buffer: ArrayBuffer; startBytes: number } {
  if (!reservation || reservation.usedBytes + bytes > reservation.buffer.byteLength) reservation = reserve(bytes)
  const { address, buffer, usedBytes } = reservation
  reservation.usedBytes += Math.ceil(bytes / alignmentBytes) * alignmentBytes
  return { address: address + BigInt(usedBytes), buffer, startBytes: usedBytes }
}

/** Less than wanted where the process may not have so many addresses, but not less than `bytes`. */
function reserve(bytes: number): Reservation {
  for (let wantedBytes = reservationBytes; ; wantedBytes /= 2) {
    try {
      return { ...reserveAddresses(Math.max(bytes, wantedBytes)), usedBytes: 0 }
    } catch (error) {
      if (wantedBytes <= reservationBytesMin) throw error
    }
  }
}
