// Waits for an object store that was restarted with the machine and does not answer, or has no
// keys, yet.
// Owns how long, and which faults can pass by themselves; never reads anything itself.

import { setTimeout as sleep } from 'node:timers/promises'
import { ObjectsError, type ObjectsFault } from '../../io/objects/objects.ts'

/** The time limit for the object store to answer after a restart of the machine. */
const ANSWER_LIMIT_MS = 300_000
const ANSWER_RETRY_MS = 1000
const PASSING_FAULTS: ReadonlySet<ObjectsFault | undefined> = new Set([
  'Unavailable',
  'AccessDenied',
])

/** One time limit, which all reads of a start share. */
export class Patience {
  readonly #giveUpAtMs = performance.now() + ANSWER_LIMIT_MS
  readonly #signal: AbortSignal

  constructor(signal: AbortSignal) {
    this.#signal = signal
  }

  /**
   * Repeats `read` while the object store's fault can pass. Throws the last failure, or the
   * signal's reason.
   */
  async with<Result>(read: () => Promise<Result>): Promise<Result> {
    for (;;) {
      try {
        return await read()
      } catch (cause) {
        if (!PASSING_FAULTS.has(faultOf(cause)) || performance.now() > this.#giveUpAtMs) throw cause
      }
      await sleep(ANSWER_RETRY_MS, undefined, { signal: this.#signal })
    }
  }
}

/** The object store's fault that caused a failure, if one did. */
export function faultOf(failure: unknown): ObjectsFault | undefined {
  if (failure instanceof ObjectsError) return failure.fault
  return failure instanceof Error && failure.cause !== undefined
    ? faultOf(failure.cause)
    : undefined
}
