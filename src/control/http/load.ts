// How much the server takes on at once: requests being answered, and bytes of bodies in memory.
// Owns the counts; never answers anybody: each service sheds what is too much in its own form.

import type { ServerResponse } from 'node:http'

export class Load {
  /** API requests whose bodies have come whole. */
  readonly apiRequests: Budget
  readonly s3Requests: Budget
  readonly bodyBytes: Budget

  /** The limits may change: what is over them then is let through to its end. */
  constructor(limits: { readonly requestsMax: number; readonly bodyBytesMax: number }) {
    this.apiRequests = new Budget(() => limits.requestsMax)
    this.s3Requests = new Budget(() => limits.requestsMax)
    this.bodyBytes = new Budget(() => limits.bodyBytesMax)
  }
}

/** An amount that requests take from, each until its answer is over. */
class Budget {
  readonly #max: () => number
  #taken = 0

  constructor(max: () => number) {
    this.#max = max
  }

  get taken(): number {
    return this.#taken
  }

  /** What a request takes with: false where that is more than there is. All is given back when the answer has been sent or cut off. */
  account(response: ServerResponse): (amount: number) => boolean {
    let own = 0
    response.once('close', () => {
      this.#taken -= own
      own = 0
    })
    return (amount) => {
      if (response.closed) return true
      if (this.#taken + amount > this.#max()) return false
      this.#taken += amount
      own += amount
      return true
    }
  }
}
