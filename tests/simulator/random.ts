// Random numbers that a seed decides: the same seed, the same history, on every machine.
// Owns one stream of numbers; never touches the clock or Math.random.

export class Random {
  #state: number

  /** Streams of different seeds have nothing to do with each other. */
  constructor(...seeds: readonly number[]) {
    let hash = 0x9e3779b9
    for (const seed of seeds) {
      hash = scatter(hash ^ (seed | 0))
      hash = scatter(hash ^ Math.floor(seed / 2 ** 32))
    }
    this.#state = hash
  }

  /** A whole number from 0 up to, and without, 2^32. */
  word(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    return scatter(this.#state) >>> 0
  }

  /** From 0 up to, and without, 1. */
  fraction(): number {
    return this.word() / 2 ** 32
  }

  /** A whole number from 0 up to, and without, `count`. */
  below(count: number): number {
    return Math.floor(this.fraction() * count)
  }

  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1)
  }

  chance(probability: number): boolean {
    return this.fraction() < probability
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)]
  }
}

function scatter(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x21f0aaad)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
  return mixed ^ (mixed >>> 15)
}
