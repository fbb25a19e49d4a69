// Random numbers from a seed: the same seed gives the same history on every machine.
// Owns one stream of numbers; never uses the clock or Math.random.

export class Random {
  #state: number

  /** Streams of different seeds are independent. */
  constructor(...seeds: readonly number[]) {
    let hash = 0x9e3779b9
    for (const seed of seeds) {
      hash = scatter(hash ^ (seed | 0))
      hash = scatter(hash ^ Math.floor(seed / 2 ** 32))
    }
    this.#state = hash
  }

  /** Returns an integer from 0 to 2^32 - 1. */
  word(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    return scatter(this.#state) >>> 0
  }

  /** Returns a number from 0 to below 1. */
  fraction(): number {
    return this.word() / 2 ** 32
  }

  /** Returns an integer from 0 to `count` - 1. */
  below(count: number): number {
    return Math.floor(this.fraction() * count)
  }

  /** Returns an integer from `least` to `most`, both included. */
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
