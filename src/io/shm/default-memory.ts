// How much shared memory one simulation may claim where the operator doesn't say.
// Owns the share; never counts what is claimed.

import { totalmem } from 'node:os'

/** Half of the machine's memory, or of what this process and its group may have of it: the other half is for apps and everybody else. */
export function defaultMemoryBytesMax(): number {
  return Math.floor(
    Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY) / 2,
  )
}
