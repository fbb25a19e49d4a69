// Asks again and again until something has a status.
// Owns pauses, time limits and the words of a wait that ends badly; what a status means is the
// caller's to say.

import { setTimeout as sleep } from 'node:timers/promises'
import { HeddleWaitError } from './errors.ts'

/** AbortSignal, where the project that compiles has types for it: those of Node or of browsers. */
export type Signal = typeof globalThis extends { AbortSignal: { prototype: infer Known } }
  ? Known
  : object

export interface WaitOptions {
  /** When to give up; 600,000 unless told. */
  readonly timeoutMs?: number
  /** The longest pause between two questions; 1,000 unless told. The first ones are shorter. */
  readonly pollMs?: number
  readonly signal?: Signal
  /** Told after each question. */
  readonly onProgress?: (progress: WaitProgress) => void
}

export interface WaitProgress {
  readonly status: string
  readonly elapsedMs: number
}

/** What one question found. */
export interface Seen<Result> {
  readonly status: string
  /** Set once it is as it should be. */
  readonly result?: Result
  /** Set once it never will be: the reason, for people. */
  readonly failure?: string
}

const TIMEOUT_MS = 600_000
const POLL_MS = 1_000
const FIRST_POLL_MS = 50

/**
 * Throws HeddleWaitError at a failure and at the time limit, the signal's reason where it is
 * aborted, and what `look` throws.
 */
export async function waitFor<Result>(
  what: string,
  look: () => Promise<Seen<Result>>,
  options: WaitOptions,
): Promise<Result> {
  const { timeoutMs = TIMEOUT_MS, pollMs = POLL_MS, signal, onProgress } = options
  const startedAtMs = performance.now()
  for (let pauseMs = Math.min(FIRST_POLL_MS, pollMs); ; pauseMs = Math.min(pauseMs * 1.5, pollMs)) {
    const { status, result, failure } = await look()
    const elapsedMs = performance.now() - startedAtMs
    onProgress?.({ status, elapsedMs })
    if (result !== undefined) return result
    if (failure !== undefined) throw new HeddleWaitError('failed', status, failure)
    const leftMs = timeoutMs - elapsedMs
    if (leftMs <= 0) {
      throw new HeddleWaitError(
        'timeout',
        status,
        `after ${timeoutMs / 1000} s ${what} is still ${status}`,
      )
    }
    await sleep(Math.min(pauseMs, leftMs), undefined, signal && { signal })
  }
}
