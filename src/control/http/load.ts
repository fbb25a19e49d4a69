// How much the server takes on at once: requests being answered, and bytes of bodies in memory.
// Owns the counts; never answers a request: each service refuses in its own form.

import type { ServerResponse } from 'node:http'

export class Load {
  /** API requests with a complete body. */
  readonly apiRequests: Budget
  readonly s3Requests: Budget
  readonly bodyBytes: Budget

  /** The limits may change. Requests that exceed a lowered limit are still finished. */
  constructor(limits: { readonly requestsMax: number; readonly bodyBytesMax: number }) {
    this.apiRequests = new Budget(() => limits.requestsMax)
    this.s3Requests = new Budget(() => limits.requestsMax)
    this.bodyBytes = new Budget(() => limits.bodyBytesMax)
  }
}

/** An amount that requests share, each until its answer is over. */
class Budget {
  readonly #max: () => number
  #taken = 0

  constructor(max: () => number) {
    this.#max = max
  }

  get taken(): number {
    return this.#taken
  }

  /**
   * The account of one request: returns false if less is left than it asks for. Its amount returns
   * to the budget when the answer has been sent or cut off.
   */
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
