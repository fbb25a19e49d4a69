// Waits for conditions in tests, with generous limits and failures that name the condition.
// Owns the limit; never knows what it waits for.

import { setTimeout as sleep } from 'node:timers/promises'

const LIMIT_MS = 60_000
const INTERVAL_MS = 25

type Falsy = undefined | null | false | '' | 0

/**
 * Polls the condition until it returns something truthy, and returns that. Throws after a minute
 * (or `timeoutMs`), naming `what`, with the condition's last error as its cause.
 */
export async function waitFor<Result>(
  condition: () => Promise<Result> | Result,
  what: string | (() => string),
  timeoutMs = LIMIT_MS,
): Promise<Exclude<Result, Falsy>> {
  const giveUpAtMs = performance.now() + timeoutMs
  let lastError: unknown
  for (;;) {
    try {
      const found = await condition()
      if (found) return found as Exclude<Result, Falsy>
      lastError = undefined
    } catch (error) {
      if (error instanceof Hopeless) throw error
      lastError = error
    }
    if (performance.now() > giveUpAtMs) {
      const text = typeof what === 'string' ? what : what()
      throw new Error(`waited ${timeoutMs / 1000} s for ${text}`, { cause: lastError })
    }
    await sleep(INTERVAL_MS)
  }
}

/** Thrown by a condition that can't become true any more. */
export class Hopeless extends Error {
  override readonly name = 'Hopeless'
}
