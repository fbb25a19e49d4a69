// Whether what failed is started again: an app, or a simulation whose worker was lost.
// Owns the rule; never starts anything, and never reads a clock.

import { failureLimits } from '../limits.ts'

export interface RestartLimits {
  restartsMax: number
  withinMs: number
}

/** Of what failed at `nowMs`, and was started again at these times. */
export function mayRestart(restartedAtMs: readonly number[], nowMs: number, limits: RestartLimits): boolean {
  return restartedAtMs.filter((atMs) => nowMs - atMs < limits.withinMs).length < limits.restartsMax
}

export class RestartBudget {
  #restartedAtMs: number[] = []

  /** An app failed at `nowMs`: true where it is to be started again, which is counted. */
  mayRestart(nowMs: number): boolean {
    const isAllowed = mayRestart(this.#restartedAtMs, nowMs, failureLimits)
    if (isAllowed) this.#restartedAtMs = [...this.#restartedAtMs, nowMs].slice(-failureLimits.restartsMax)
    return isAllowed
  }
}
