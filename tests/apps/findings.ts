// What an app finds that doubts what it reads: faults, each as a line of its output, and how much was looked at. Owns the lines; judges nothing.

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

  /** One line. */
  say(): void {
    console.log(`looked ${[...this.#looked].map(([what, count]) => `${what}=${count}`).join(' ')}`)
  }
}
