// The requests of one client that wait for their answers.
// Owns numbers, time limits and settlement; never sends anything.

import { BusError } from './bus.ts'

interface Waiting {
  resolve(answer: unknown): void
  reject(error: BusError): void
  timer: NodeJS.Timeout
}

export class PendingRequests {
  readonly #waiting = new Map<number, Waiting>()
  #lastId = 0

  /** Returns a new request's number, and the promise of its answer. */
  open(timeoutMs: number): { id: number; answer: Promise<unknown> } {
    this.#lastId += 1
    const id = this.#lastId
    const answer = new Promise<unknown>((resolve, reject) => {
      const timer = setTimeout(
        () => this.fail(id, new BusError('Timeout', `no answer within ${timeoutMs} ms`)),
        timeoutMs,
      )
      this.#waiting.set(id, { resolve, reject, timer })
    })
    return { id, answer }
  }

  /** Ignores late answers, and answers to unknown numbers. */
  settle(id: number, answer: unknown): void {
    this.#take(id)?.resolve(answer)
  }

  fail(id: number, error: BusError): void {
    this.#take(id)?.reject(error)
  }

  failAll(message: string): void {
    for (const id of [...this.#waiting.keys()]) this.fail(id, new BusError('Closed', message))
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) return undefined
    this.#waiting.delete(id)
    clearTimeout(waiting.timer)
    return waiting
  }
}
