// Answers that are given again while nothing has changed of what they are made of.
// Owns the remembering; whoever makes an answer says what it depends on, as a revision.

export class Remembered<Answer> {
  readonly #revision: () => string
  readonly #countMax: number
  readonly #answers = new Map<string, Answer>()
  #madeAt = ''

  /** `revision` must give another text after each change of anything that an answer is made of. */
  constructor(revision: () => string, countMax: number) {
    this.#revision = revision
    this.#countMax = countMax
  }

  /** The answer to `question`: at once where it is known, and made anew where it has to be. Nobody may change it. What `make` throws is not remembered. */
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
    // It may be newer than its revision already, and is forgotten with it then; it is never older.
    if (this.#madeAt !== revision) return made
    if (this.#answers.size >= this.#countMax)
      this.#answers.delete(this.#answers.keys().next().value!)
    this.#answers.set(question, made)
    return made
  }
}
