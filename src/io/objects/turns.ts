// Runs steps that concern the same thing one after the other, within this process.
// Owns the order; never knows what a step does.

export class Turns {
  readonly #last = new Map<string, Promise<unknown>>()

  /** Runs the step after all earlier steps of that name have ended, with success or not. */
  async take<T>(name: string, step: () => Promise<T>): Promise<T> {
    const before = this.#last.get(name) ?? Promise.resolve()
    const turn = before.then(step, step)
    this.#last.set(name, turn)
    try {
      return await turn
    } finally {
      if (this.#last.get(name) === turn) this.#last.delete(name)
    }
  }
}
