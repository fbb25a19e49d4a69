// How much shared memory one simulation may claim where the operator doesn't say.
// Owns the share; never counts what is claimed.

import { totalmem } from 'node:os'

/**
 * Half of the memory that this process may use: the machine's, or its group's limit. The other half
 * is left for apps and other programs.
 */
export function defaultMemoryBytesMax(): number {
  return Math.floor(
    Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY) / 2,
  )
}
