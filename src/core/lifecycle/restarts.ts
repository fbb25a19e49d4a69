// Whether and when something that failed restarts: an app, or a simulation whose worker was lost.
// Owns the rules; never starts anything, and never reads a clock.

import { failureLimits } from '../limits.ts'

interface RestartLimits {
  restartsMax: number
  withinMs: number
}

/** Whether something that failed at `nowMs` may restart, after restarts at these times. */
export function mayRestart(
  restartedAtMs: readonly number[],
  nowMs: number,
  limits: RestartLimits,
): boolean {
  return recent(restartedAtMs, nowMs, limits).length < limits.restartsMax
}

interface AppRestart {
  pauseMs: number
  /** The number of the process that computes the same tick; 2 for the first restart. */
  attempt: number
}

/** One app's restarts: limited within a time and for one tick, with growing pauses. */
export class RestartBudget {
  #restartedAtMs: number[] = []
  #tick = -1
  #attempt = 1

  /**
   * Records that an app failed at `nowMs`, in or before that tick. Returns undefined if that is
   * final, or else the restart, which counts.
   */
  restart(nowMs: number, tick: number): AppRestart | undefined {
    const count = recent(this.#restartedAtMs, nowMs, failureLimits).length
    this.#attempt = tick === this.#tick ? this.#attempt + 1 : 2
    this.#tick = tick
    if (count >= failureLimits.restartsMax || this.#attempt > failureLimits.restartsMax + 1)
      return undefined
    this.#restartedAtMs = [...this.#restartedAtMs, nowMs].slice(-failureLimits.restartsMax)
    const pauses = failureLimits.pausesMs
    return { pauseMs: pauses[Math.max(count, this.#attempt - 2)], attempt: this.#attempt }
  }
}

function recent(atMs: readonly number[], nowMs: number, { withinMs }: RestartLimits): number[] {
  return atMs.filter((each) => nowMs - each < withinMs)
}
