// How many records of one kind are taken over time.
// Owns the rate and the count of what was not taken; never sees a record.

interface RecordRate {
  perSecond: number
  /** So many may come at once, after a time without any. */
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

  /** Undefined for a record too many; otherwise how many of them there were since the last that was taken. */
  pass(): { dropped: number } | undefined {
    const nowMs = this.#nowMs()
    // A clock that was set back gives nothing.
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
