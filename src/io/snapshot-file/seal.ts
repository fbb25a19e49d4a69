// The seal of a zip: its comment holds a SHA-256 over all that comes before the digits, so that no damage anywhere goes unnoticed, while
// any tool still reads it as a plain zip. Of each part that is stored as it is, its own SHA-256 is hashed in place of its bytes: parts can be
// hashed side by side, by whoever makes them, and none has to be hashed twice.
// Owns the comment's form and where it lies; never knows what is in the zip.

export const SEAL_PREFIX = 'merkle:'
/** Of older files, in which all bytes are hashed one after the other. Equally long. */
export const PLAIN_SEAL_PREFIX = 'sha256:'
const DIGITS = 64
/** The end-of-directory record, and the comment behind it, which ends the file. */
export const SEAL_BYTES = 22 + SEAL_PREFIX.length + DIGITS
const DIRECTORY_END = 0x06054b50

/** Bytes at the end of the file that the seal does not cover: its own digits. */
export const UNSEALED_BYTES = DIGITS

export interface Seal {
  sha256: string
  /** Whether stored parts count by their own SHA-256. */
  hashesParts: boolean
}

/** The seal in the last SEAL_BYTES bytes of a file, or undefined where they are none. */
export function readSeal(end: Buffer): Seal | undefined {
  if (end.length !== SEAL_BYTES || end.readUInt32LE(0) !== DIRECTORY_END) return undefined
  const comment = end.toString('latin1', 22)
  const prefix = comment.slice(0, SEAL_PREFIX.length)
  const sha256 = comment.slice(SEAL_PREFIX.length)
  if (end.readUInt16LE(20) !== comment.length || !/^[0-9a-f]{64}$/.test(sha256)) return undefined
  if (prefix !== SEAL_PREFIX && prefix !== PLAIN_SEAL_PREFIX) return undefined
  return { sha256, hashesParts: prefix === SEAL_PREFIX }
}

/** How many bytes lie behind the last seal in these; undefined where there is none. */
export function bytesBehindSeal(end: Buffer): number | undefined {
  for (let at = end.length - SEAL_BYTES; at >= 0; at--)
    if (readSeal(end.subarray(at, at + SEAL_BYTES)) !== undefined)
      return end.length - SEAL_BYTES - at
  return undefined
}

/** Whether the bytes end as some zip does. */
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
