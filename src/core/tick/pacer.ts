// When the next tick is due.
// Owns the schedule; never reads a clock: the caller says what time it is.

/**
 * Keeps a clock at its rate: it may run slower than the target, never faster. Times are in ms of
 * any monotonic clock.
 */
export class Pacer {
  readonly #tickMs: number
  #dueMs = 0

  /** `tickRate` is in ticks a second; 0 is unlimited: every tick is due at once. */
  constructor(tickRate: number) {
    this.#tickMs = tickRate === 0 ? 0 : 1000 / tickRate
  }

  /** The clock starts (again): the next tick is due now. */
  start(nowMs: number): void {
    this.#dueMs = nowMs
  }

  /** Returns the time until the next tick is due; 0 or less if it is. */
  dueInMs(nowMs: number): number {
    return this.#dueMs - nowMs
  }

  /**
   * Records the release of a tick. The next one keeps to the schedule, so that small delays do not
   * add up. Delays beyond one tick are not made up for. Returns how many ticks were missed.
   */
  released(nowMs: number): number {
    if (this.#tickMs === 0) {
      this.#dueMs = nowMs
      return 0
    }
    const lateMs = nowMs - this.#dueMs
    const missed = Math.floor(lateMs / this.#tickMs)
    this.#dueMs = missed > 0 ? nowMs + this.#tickMs : this.#dueMs + this.#tickMs
    return missed
  }
}
