// Waiting with an end: every step of the demo has a name and a limit.
// Owns timeouts and interruption; never knows what it waits for.

import { setTimeout as sleep } from 'node:timers/promises'

export class StepFailure extends Error {
  constructor(step: string, reason: string, options?: ErrorOptions) {
    super(`${step}: ${reason}`, options)
    this.name = 'StepFailure'
  }
}

/** Runs a step; what fails in it, fails with the step's name. The signal ends it as well. */
export async function step<Result>(
  name: string,
  timeoutMs: number,
  interrupted: AbortSignal,
  body: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const ended = new AbortController()
  const signal = AbortSignal.any([interrupted, AbortSignal.timeout(timeoutMs), ended.signal])
  const aborted = new Promise<never>((_, reject) => {
    const abort = () => {
      const reason = interrupted.aborted ? 'interrupted' : `not done after ${timeoutMs / 1000} s`
      reject(new StepFailure(name, reason))
    }
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort)
  })
  aborted.catch(() => undefined)
  try {
    return await Promise.race([body(signal), aborted])
  } catch (error) {
    if (error instanceof StepFailure) throw error
    throw new StepFailure(name, (error as Error).message, { cause: error })
  } finally {
    ended.abort()
  }
}

/** Asks again and again until there is an answer. */
export async function until<Result>(
  signal: AbortSignal,
  intervalMs: number,
  probe: () => Promise<Result | undefined>,
): Promise<Result> {
  for (;;) {
    signal.throwIfAborted()
    const found = await probe()
    if (found !== undefined) return found
    await sleep(intervalMs, undefined, { signal })
  }
}
