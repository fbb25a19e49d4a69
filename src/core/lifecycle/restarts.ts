// Whether an app that failed is started again.
// Owns the rule; never starts anything, and never reads a clock.

import { failureLimits } from '../limits.ts'

export class RestartBudget {
  readonly #restartedAtMs: number[] = []

  /** An app failed at `nowMs`: true where it is to be started again, which is counted. */
  mayRestart(nowMs: number): boolean {
    const { restartsMax, withinMs } = failureLimits
    while (this.#restartedAtMs.length > 0 && nowMs - this.#restartedAtMs[0] >= withinMs) this.#restartedAtMs.shift()
    if (this.#restartedAtMs.length >= restartsMax) return false
    this.#restartedAtMs.push(nowMs)
    return true
  }
}
