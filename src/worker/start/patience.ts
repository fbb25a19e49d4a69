// The wait for an object store that was started again together with the machine, and does not answer yet, or knows no keys yet.
// Owns how long, and which faults may pass by themselves; never reads anything itself.

import { setTimeout as sleep } from 'node:timers/promises'
import { ObjectsError, type ObjectsFault } from '../../io/objects/objects.ts'

/** How long the object store may take to answer where the machine, and it too, was started again. */
const ANSWER_LIMIT_MS = 300_000
const ANSWER_RETRY_MS = 1000
const passingFaults: ReadonlySet<ObjectsFault | undefined> = new Set([
  'Unavailable',
  'AccessDenied',
])

/** One wait, which all that is read for a start shares. */
export class Patience {
  readonly #giveUpAtMs = performance.now() + ANSWER_LIMIT_MS
  readonly #signal: AbortSignal

  constructor(signal: AbortSignal) {
    this.#signal = signal
  }

  /** What `read` gives, again and again while the object store's fault may pass. Throws its last failure, or the signal's reason. */
  async with<Result>(read: () => Promise<Result>): Promise<Result> {
    for (;;) {
      try {
        return await read()
      } catch (cause) {
        if (!passingFaults.has(faultOf(cause)) || performance.now() > this.#giveUpAtMs) throw cause
      }
      await sleep(ANSWER_RETRY_MS, undefined, { signal: this.#signal })
    }
  }
}

/** Of the object store, where it is the reason of a failure. */
export function faultOf(failure: unknown): ObjectsFault | undefined {
  if (failure instanceof ObjectsError) return failure.fault
  return failure instanceof Error && failure.cause !== undefined
    ? faultOf(failure.cause)
    : undefined
}
