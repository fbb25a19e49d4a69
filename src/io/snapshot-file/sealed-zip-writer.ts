// Writes named parts into one sealed zip, as a stream.
// Owns the zip's form, the order (it asks for a part after the one before has been taken) and the
// cleanup when either end breaks. Never knows what the parts contain, and keeps none of it. Headers
// precede their parts, so sizes and checksums follow each part in a descriptor, and again in the
// directory at the end.

import { createHash } from 'node:crypto'
import { crc32, deflateRawSync } from 'node:zlib'
import { SEAL_PREFIX } from './seal.ts'

/** Paths are relative, with `/`. */
export type ZipPart =
  /** Deflated. */
  | { path: string; text: string }
  /** Stored without compression. */
  | {
      path: string
      /**
       * Read once, as fast as the zip is taken. The writer is done with a piece when it asks for
       * the next.
       */
      pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>
      /** SHA-256 of all pieces, in hex; called after they have been taken. */
      sha256(): string
    }

interface WrittenZip {
  /** Size of the whole file. */
  bytes: number
  /** The digest in the seal. */
  sha256: string
}

interface SealedZipWriting {
  /**
   * The zip's bytes; they fail if a part fails. Returning from the generator stops the parts. A
   * chunk's memory may be reused once the next is asked for.
   */
  bytes: AsyncGenerator<Uint8Array, void, undefined>
  /**
   * Resolves when all bytes have been taken. Rejects if that failed or was stopped. Stays pending
   * if reading never began.
   */
  finished: Promise<WrittenZip>
}

/** `modifiedAtMs` is the time that unpacked files will have. */
export function writeSealedZip(
  parts: Iterable<ZipPart> | AsyncIterable<ZipPart>,
  modifiedAtMs: number,
): SealedZipWriting {
  const zip = new Zip(modifiedAtMs)
  const { promise: finished, resolve, reject } = Promise.withResolvers<WrittenZip>()
  // The bytes fail as well, so a caller that only reads them need not handle this rejection.
  finished.catch(() => undefined)
  async function* bytes(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* zip.bytes(parts)
      resolve(zip.written)
    } catch (error) {
      reject(error)
      throw error
    } finally {
      reject(new Error('the zip was not taken to its end'))
    }
  }
  return { bytes: bytes(), finished }
}

/** What the directory says about a part. */
interface Entry {
  path: Buffer
  method: number
  crc: number
  packedBytes: number
  bytes: number
  offset: number
}

const LOCAL_HEADER = 0x04034b50
const DESCRIPTOR = 0x08074b50
const DIRECTORY_ENTRY = 0x02014b50
const DIRECTORY_END_64 = 0x06064b50
const DIRECTORY_END_64_LOCATOR = 0x07064b50
const DIRECTORY_END = 0x06054b50
const STORED = 0
const DEFLATED = 8
/** Sizes follow the part; names are UTF-8. */
const FLAGS = 0x0808
const VERSION_NEEDED = 20
const VERSION_NEEDED_64 = 45
/** Made on Unix, so that unpackers use the file's mode. */
const VERSION_MADE_BY = (3 << 8) | VERSION_NEEDED_64
const FILE_MODE = 0o100644
const MAX_16 = 0xffff
const MAX_32 = 0xffff_ffff

class Zip {
  readonly #hash = createHash('sha256')
  readonly #entries: Entry[] = []
  readonly #time: number
  #length = 0
  #sha256 = ''

  constructor(modifiedAtMs: number) {
    this.#time = dosTime(modifiedAtMs)
  }

  get written(): WrittenZip {
    return { bytes: this.#length, sha256: this.#sha256 }
  }

  async *bytes(parts: Iterable<ZipPart> | AsyncIterable<ZipPart>): AsyncGenerator<Uint8Array> {
    for await (const part of parts) yield* this.#part(part)
    yield this.#sealed(this.#directory())
    this.#sha256 = this.#hash.digest('hex')
    const digits = Buffer.from(this.#sha256, 'latin1')
    this.#length += digits.length
    yield digits
  }

  async *#part(part: ZipPart): AsyncGenerator<Uint8Array> {
    const { path } = part
    const isText = 'text' in part
    const name = Buffer.from(path)
    const entry = {
      path: name,
      method: isText ? DEFLATED : STORED,
      crc: 0,
      packedBytes: 0,
      bytes: 0,
      offset: this.#length,
    }
    this.#entries.push(entry)
    yield this.#sealed(
      record(30 + name.length)
        .u32(LOCAL_HEADER)
        .u16(VERSION_NEEDED, FLAGS, entry.method)
        .u32(this.#time, 0, 0, 0)
        .u16(name.length, 0)
        .raw(name).bytes,
    )
    if (isText) {
      const plain = Buffer.from(part.text)
      entry.crc = crc32(plain)
      entry.bytes = plain.length
      const packed = deflateRawSync(plain)
      entry.packedBytes = packed.length
      yield this.#sealed(packed)
    } else {
      for await (const piece of part.pieces) {
        if (piece.length === 0) continue
        entry.crc = crc32(piece, entry.crc)
        entry.bytes += piece.length
        if (entry.bytes >= MAX_32) throw new Error(`${path} is too large for a zip of this form`)
        this.#length += piece.length
        yield piece
      }
      this.#hash.update(part.sha256(), 'hex')
      entry.packedBytes = entry.bytes
    }
    yield this.#sealed(record(16).u32(DESCRIPTOR, entry.crc, entry.packedBytes, entry.bytes).bytes)
  }

  #directory(): Buffer {
    const start = this.#length
    const records = this.#entries.map((entry) => {
      const isFar = entry.offset >= MAX_32
      const { path } = entry
      const fixed = record(46 + path.length + (isFar ? 12 : 0))
        .u32(DIRECTORY_ENTRY)
        .u16(VERSION_MADE_BY, isFar ? VERSION_NEEDED_64 : VERSION_NEEDED, FLAGS, entry.method)
        .u32(this.#time, entry.crc, entry.packedBytes, entry.bytes)
        .u16(path.length, isFar ? 12 : 0, 0, 0, 0)
        .u32((FILE_MODE << 16) >>> 0, isFar ? MAX_32 : entry.offset)
        .raw(path)
      return isFar ? fixed.u16(1, 8).u64(entry.offset).bytes : fixed.bytes
    })
    const bytes = records.reduce((sum, { length }) => sum + length, 0)
    const count = records.length
    const is64 = start + bytes >= MAX_32 || count >= MAX_16
    if (is64) {
      const end = record(56 + 20)
        .u32(DIRECTORY_END_64)
        .u64(44)
        .u16(VERSION_MADE_BY, VERSION_NEEDED_64)
        .u32(0, 0)
        .u64(count, count, bytes, start)
        .u32(DIRECTORY_END_64_LOCATOR, 0)
        .u64(start + bytes)
        .u32(1)
      records.push(end.bytes)
    }
    const end = record(22 + SEAL_PREFIX.length)
      .u32(DIRECTORY_END)
      .u16(0, 0, is64 ? MAX_16 : count, is64 ? MAX_16 : count)
      .u32(is64 ? MAX_32 : bytes, is64 ? MAX_32 : start)
      .u16(SEAL_PREFIX.length + 64)
      .raw(Buffer.from(SEAL_PREFIX, 'latin1'))
    return Buffer.concat([...records, end.bytes])
  }

  #sealed(bytes: Uint8Array): Uint8Array {
    this.#hash.update(bytes)
    this.#length += bytes.length
    return bytes
  }
}

/** A record's numbers in order, little endian. */
class Fields {
  readonly bytes: Buffer
  #at = 0

  constructor(length: number) {
    this.bytes = Buffer.alloc(length)
  }

  u16(...values: number[]): this {
    for (const value of values) this.#at = this.bytes.writeUInt16LE(value, this.#at)
    return this
  }

  u32(...values: number[]): this {
    for (const value of values) this.#at = this.bytes.writeUInt32LE(value, this.#at)
    return this
  }

  u64(...values: number[]): this {
    for (const value of values) this.#at = this.bytes.writeBigUInt64LE(BigInt(value), this.#at)
    return this
  }

  raw(bytes: Uint8Array): this {
    this.bytes.set(bytes, this.#at)
    this.#at += bytes.length
    return this
  }
}

function record(length: number): Fields {
  return new Fields(length)
}

/**
 * Puts the time into the low half and the date into the high half, in UTC. The format covers the
 * years 1980 to 2107, in steps of two seconds.
 */
function dosTime(atMs: number): number {
  const at = new Date(Math.min(Math.max(atMs, Date.UTC(1980, 0, 1)), Date.UTC(2107, 11, 31)))
  const time = (at.getUTCHours() << 11) | (at.getUTCMinutes() << 5) | (at.getUTCSeconds() >> 1)
  const date = ((at.getUTCFullYear() - 1980) << 9) | ((at.getUTCMonth() + 1) << 5) | at.getUTCDate()
  return ((date << 16) | time) >>> 0
}
