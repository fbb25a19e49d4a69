// The seal of a zip: its comment holds the SHA-256 of every byte before the digits, so that no damage anywhere goes unnoticed, while
// any tool still reads it as a plain zip.
// Owns the comment's form and where it lies; never knows what is in the zip.

import { createHash } from 'node:crypto'
import { Transform, type TransformCallback } from 'node:stream'

const SEAL_PREFIX = 'sha256:'
const DIGITS = 64
/** What the zip's writer is given as its comment; SealStream puts the digits in. */
export const SEAL_PLACEHOLDER = SEAL_PREFIX + '0'.repeat(DIGITS)
/** The end-of-directory record, and the comment behind it, which ends the file. */
export const SEAL_BYTES = 22 + SEAL_PLACEHOLDER.length
const DIRECTORY_END = 0x06054b50

/** Bytes at the end of the file that the seal does not cover: its own digits. */
export const UNSEALED_BYTES = DIGITS

/** The digits in the last SEAL_BYTES bytes of a file, or undefined where they are no seal. */
export function readSeal(end: Buffer): string | undefined {
  if (end.length !== SEAL_BYTES || end.readUInt32LE(0) !== DIRECTORY_END) return undefined
  const comment = end.toString('latin1', 22)
  const digits = comment.slice(SEAL_PREFIX.length)
  if (end.readUInt16LE(20) !== comment.length || !comment.startsWith(SEAL_PREFIX)) return undefined
  return /^[0-9a-f]{64}$/.test(digits) ? digits : undefined
}

/** Whether the bytes end as some zip does. */
export function endsAsZip(end: Buffer): boolean {
  for (let at = end.length - 22; at >= 0; at--) {
    if (end.readUInt32LE(at) === DIRECTORY_END && at + 22 + end.readUInt16LE(at + 20) === end.length) return true
  }
  return false
}

/** Passes a zip whose comment is SEAL_PLACEHOLDER through, and puts the digits into its last bytes. */
export class SealStream extends Transform {
  /** Both are right once the stream has ended. */
  bytes = 0
  sha256 = ''
  readonly #hash = createHash('sha256')
  #held: Buffer = Buffer.alloc(0)

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    if (chunk.length >= DIGITS) {
      this.#pass(this.#held)
      this.#pass(chunk.subarray(0, chunk.length - DIGITS))
      this.#held = chunk.subarray(chunk.length - DIGITS)
    } else {
      const all = Buffer.concat([this.#held, chunk])
      const passed = Math.max(0, all.length - DIGITS)
      this.#pass(all.subarray(0, passed))
      this.#held = all.subarray(passed)
    }
    done()
  }

  override _flush(done: TransformCallback): void {
    this.sha256 = this.#hash.digest('hex')
    this.bytes += DIGITS
    done(null, Buffer.from(this.sha256, 'latin1'))
  }

  #pass(bytes: Buffer): void {
    if (bytes.length === 0) return
    this.#hash.update(bytes)
    this.bytes += bytes.length
    this.push(bytes)
  }
}
