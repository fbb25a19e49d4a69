// Segments that processes share: ranges of sparse files in a folder on a tmpfs, mapped by offset.
// Owns files and mappings; never interprets their content. A mapping lives as long as the process:
// reservations cost no memory.
// All segments lie in a few very long buffers. V8 counts the length of each new buffer as memory
// that the heap holds, and then collects garbage. With a buffer for each segment this would take
// some milliseconds a segment, in every process of a large world.

import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmdirSync,
  type Stats,
  unlinkSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import type { Range, Segment, Segments } from '../../base/memory.ts'
import { type Address, allocate, mapFile, release, reserveAddresses } from './libc.ts'

export interface SharedSegment extends Segment {
  /** The segment's address in this process, for futexes. */
  readonly address: Address
}

export class SharedSegments implements Segments {
  readonly #folder: string
  /** Ranges by name and by offset. */
  readonly #open = new Map<string, Map<number, SharedSegment>>()
  /** Segments by name. */
  readonly #files = new Map<string, OpenFile>()

  /** The folder must exist, on a tmpfs. */
  constructor(folder: string) {
    this.#folder = folder
  }

  /**
   * Creates a file that only this user can access. Throws if it cannot be created or exists
   * already.
   */
  create(name: string, bytes: number): void {
    const path = join(this.#folder, name)
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
      const file = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600)
      try {
        ftruncateSync(file, bytes)
      } finally {
        closeSync(file)
      }
    } catch (cause) {
      throw new Error(`cannot make the fabric's file '${name}'`, { cause })
    }
  }

  /** Throws with `cause` if the file cannot be opened or mapped. */
  open(name: string, range: Range, writable: boolean): SharedSegment {
    const already = this.#open.get(name)?.get(range.offsetBytes)
    if (already && already.bytes >= range.bytes) return already
    const { file, bytes } = this.#openFile(name, writable)
    const end = range.offsetBytes + range.bytes
    // Pages beyond the end of a file can be mapped, but touching one ends the process.
    if (bytes < end)
      throw new Error(
        `the fabric's file '${name}' has ${bytes} bytes, and ${end} are needed: ` +
          'somebody shortened it',
      )
    const place = takeAddresses(range.bytes)
    mapFile(place.address, file, range, writable)
    const segment: SharedSegment = {
      ...place,
      name,
      bytes: range.bytes,
      claim: (offset, count) => count === 0 || allocate(file, range.offsetBytes + offset, count),
      release: (offset, count) => release(file, range.offsetBytes + offset, count),
    }
    const ranges = this.#open.get(name) ?? new Map<number, SharedSegment>()
    this.#open.set(name, ranges.set(range.offsetBytes, segment))
    return segment
  }

  /** Frees the files' memory at once, even while other processes have them mapped. */
  remove(name: string): void {
    const path = join(this.#folder, name)
    const stats = lstatSync(path, { throwIfNoEntry: false })
    if (!stats?.isDirectory()) {
      this.#removeFile(name, stats)
      return
    }
    for (const file of readdirSync(path))
      this.#removeFile(`${name}/${file}`, lstatSync(join(path, file)))
    rmdirSync(path)
  }

  #removeFile(name: string, stats: Stats | undefined): void {
    const path = join(this.#folder, name)
    const open = this.#files.get(name)
    if (open) closeSync(open.file)
    this.#files.delete(name)
    this.#open.delete(name)
    if (!stats) return
    if (stats.isFile()) {
      const file = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW)
      try {
        release(file, 0, fstatSync(file).size)
      } finally {
        closeSync(file)
      }
    }
    unlinkSync(path)
  }

  #openFile(name: string, writable: boolean): OpenFile {
    const already = this.#files.get(name)
    if (already) return already
    try {
      const path = join(this.#folder, name)
      const access = writable ? constants.O_RDWR : constants.O_RDONLY
      const file = openSync(path, access | constants.O_NOFOLLOW)
      const opened = { file, bytes: fstatSync(file).size }
      this.#files.set(name, opened)
      return opened
    } catch (cause) {
      throw new Error(`cannot open the fabric's file '${name}'`, { cause })
    }
  }
}

interface OpenFile {
  file: number
  bytes: number
}

interface Reservation {
  address: Address
  buffer: ArrayBuffer
  usedBytes: number
}

const RESERVATION_BYTES = 2 ** 40
const RESERVATION_BYTES_MIN = 2 ** 32
const ALIGNMENT_BYTES = 2 ** 16
let reservation: Reservation | undefined

/** A range of addresses that this thread has not used, and the buffer in which it lies. */
function takeAddresses(bytes: number): {
  address: Address
  buffer: ArrayBuffer
  startBytes: number
} {
  if (!reservation || reservation.usedBytes + bytes > reservation.buffer.byteLength)
    reservation = reserve(bytes)
  const { address, buffer, usedBytes } = reservation
  reservation.usedBytes += Math.ceil(bytes / ALIGNMENT_BYTES) * ALIGNMENT_BYTES
  return { address: address + BigInt(usedBytes), buffer, startBytes: usedBytes }
}

/**
 * Reserves fewer addresses than wanted if the process may not have so many, but at least `bytes`.
 */
function reserve(bytes: number): Reservation {
  for (let wantedBytes = RESERVATION_BYTES; ; wantedBytes /= 2) {
    try {
      return { ...reserveAddresses(Math.max(bytes, wantedBytes)), usedBytes: 0 }
    } catch (error) {
      if (wantedBytes <= RESERVATION_BYTES_MIN) throw error
    }
  }
}
