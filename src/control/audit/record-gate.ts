// Limits how many records of one kind are written over time. Owns the rate and the count of refused
// records; never sees a record.

interface RecordRate {
  perSecond: number
  /** How many may come at once after a pause. */
  atOnce: number
}

export class RecordGate {
  readonly #rate: RecordRate
  readonly #nowMs: () => number
  #allowance: number
  #atMs: number
  #dropped = 0

  constructor(rate: RecordRate, nowMs: () => number) {
    this.#rate = rate
    this.#nowMs = nowMs
    this.#allowance = rate.atOnce
    this.#atMs = nowMs()
  }

  /**
   * Undefined if the record is refused; otherwise how many were refused since the last accepted
   * one.
   */
  pass(): { dropped: number } | undefined {
    const nowMs = this.#nowMs()
    // A clock that was set back adds nothing.
    const gained = (Math.max(0, nowMs - this.#atMs) * this.#rate.perSecond) / 1000
    this.#allowance = Math.min(this.#rate.atOnce, this.#allowance + gained)
    this.#atMs = nowMs
    if (this.#allowance < 1) {
      this.#dropped += 1
      return undefined
    }
    this.#allowance -= 1
    const dropped = this.#dropped
    this.#dropped = 0
    return { dropped }
  }
}
