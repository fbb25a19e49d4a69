// Caches answers until their facts change. Owns the cache; the code that makes an answer names a
// revision of the facts that it depends on.

export class Remembered<Answer> {
  readonly #revision: () => string
  readonly #countMax: number
  readonly #answers = new Map<string, Answer>()
  #madeAt = ''

  /** `revision` must return another text after each change of a fact that an answer depends on. */
  constructor(revision: () => string, countMax: number) {
    this.#revision = revision
    this.#countMax = countMax
  }

  /**
   * The answer to `question`: from the cache, or made anew. Callers must not change it. Exceptions
   * of `make` are not cached.
   */
  answer(question: string, make: () => Promise<Answer>): Answer | Promise<Answer> {
    const revision = this.#revision()
    if (revision !== this.#madeAt) {
      this.#answers.clear()
      this.#madeAt = revision
    }
    return this.#answers.get(question) ?? this.#make(question, make, revision)
  }

  async #make(question: string, make: () => Promise<Answer>, revision: string): Promise<Answer> {
    const made = await make()
    // The answer may already be newer than its revision and is then dropped with it; it is never
    // older.
    if (this.#madeAt !== revision) return made
    if (this.#answers.size >= this.#countMax)
      this.#answers.delete(this.#answers.keys().next().value!)
    this.#answers.set(question, made)
    return made
  }
}
