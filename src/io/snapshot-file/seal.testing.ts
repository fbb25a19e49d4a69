// Seals bytes that tests have made or changed, to create damage that only the other checks can see.
// Never imported by a program.

import { createHash } from 'node:crypto'
import { PLAIN_SEAL_PREFIX, UNSEALED_BYTES } from './seal.ts'

/** A comment as long as a seal. */
export const SEAL_PLACEHOLDER: string = PLAIN_SEAL_PREFIX + '0'.repeat(UNSEALED_BYTES)

/**
 * Returns the zip with a matching plain seal at its end, in place of its seal or placeholder;
 * unchanged if it is too short for one.
 */
export function resealed(bytes: Uint8Array): Buffer {
  const all = Buffer.from(bytes)
  const end = all.length - UNSEALED_BYTES
  if (end < PLAIN_SEAL_PREFIX.length) return all
  all.write(PLAIN_SEAL_PREFIX, end - PLAIN_SEAL_PREFIX.length, 'latin1')
  all.write(createHash('sha256').update(all.subarray(0, end)).digest('hex'), end, 'latin1')
  return all
}
