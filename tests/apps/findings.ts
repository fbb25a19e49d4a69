// The findings of a checking app: faults, each printed as a line, and how much was checked.
// Owns the lines; judges nothing.

export class Findings {
  readonly #looked = new Map<string, number>()
  #faults = 0

  looked(what: string, count: number): void {
    this.#looked.set(what, (this.#looked.get(what) ?? 0) + count)
  }

  fault(tick: number, text: string | undefined): void {
    if (text === undefined || ++this.#faults > 20) return
    console.log(`fault in tick ${tick}: ${text}`)
  }

  /** Prints the count in one line. */
  say(): void {
    console.log(`looked ${[...this.#looked].map(([what, count]) => `${what}=${count}`).join(' ')}`)
  }
}
