// Waiting on a word of shared memory until another process changes it.
// Owns the pairing of a segment with its address; never holds state of its own.

import { type Address, futexWait, futexWaitAsync, futexWakeAll } from './libc.ts'
import type { SharedSegment } from './shared-segments.ts'

export interface Futex {
  /**
   * Sleeps while the word holds `expected`, at most `timeoutMs`. It can wake early, so the caller
   * must check the word again.
   */
  wait(expected: number, timeoutMs: number): void
  /** The same without blocking the event loop. */
  waitAsync(expected: number, timeoutMs: number): Promise<void>
  /** Wakes all waiters of the word, in all processes. */
  wake(): void
}

export function futexAt(segment: SharedSegment, offsetBytes: number): Futex {
  const word: Address = segment.address + BigInt(offsetBytes)
  return {
    wait: (expected, timeoutMs) => futexWait(word, expected, timeoutMs),
    waitAsync: (expected, timeoutMs) => futexWaitAsync(word, expected, timeoutMs),
    wake: () => futexWakeAll(word),
  }
}
