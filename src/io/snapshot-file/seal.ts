// The seal of a zip: its comment ends in a SHA-256 over everything before the digits. Any damage is
// noticed, and any tool still reads a plain zip. For a stored part, the seal hashes the part's own
// SHA-256 in place of its bytes, so that its maker can hash parts in parallel, and each only once.
// Owns the comment's form and position; never knows what is in the zip.

export const SEAL_PREFIX = 'merkle:'
/** Prefix of older files, which hash all bytes in order. As long as the newer prefix. */
export const PLAIN_SEAL_PREFIX = 'sha256:'
const DIGITS = 64
/** The end-of-directory record and the comment, which end the file. */
export const SEAL_BYTES = 22 + SEAL_PREFIX.length + DIGITS
const DIRECTORY_END = 0x06054b50

/** Bytes at the end of the file that the seal does not cover: its own digits. */
export const UNSEALED_BYTES = DIGITS

export interface Seal {
  sha256: string
  /** True if stored parts count by their own SHA-256. */
  hashesParts: boolean
}

/** Returns the seal in the last SEAL_BYTES bytes of a file; undefined if there is none. */
export function readSeal(end: Buffer): Seal | undefined {
  if (end.length !== SEAL_BYTES || end.readUInt32LE(0) !== DIRECTORY_END) return undefined
  const comment = end.toString('latin1', 22)
  const prefix = comment.slice(0, SEAL_PREFIX.length)
  const sha256 = comment.slice(SEAL_PREFIX.length)
  if (end.readUInt16LE(20) !== comment.length || !/^[0-9a-f]{64}$/.test(sha256)) return undefined
  if (prefix !== SEAL_PREFIX && prefix !== PLAIN_SEAL_PREFIX) return undefined
  return { sha256, hashesParts: prefix === SEAL_PREFIX }
}

/** Returns the number of bytes behind the last seal; undefined if there is none. */
export function bytesBehindSeal(end: Buffer): number | undefined {
  for (let at = end.length - SEAL_BYTES; at >= 0; at--)
    if (readSeal(end.subarray(at, at + SEAL_BYTES)) !== undefined)
      return end.length - SEAL_BYTES - at
  return undefined
}

/** True if the bytes end like a zip. */
export function endsAsZip(end: Buffer): boolean {
  for (let at = end.length - 22; at >= 0; at--) {
    if (
      end.readUInt32LE(at) === DIRECTORY_END &&
      at + 22 + end.readUInt16LE(at + 20) === end.length
    )
      return true
  }
  return false
}
