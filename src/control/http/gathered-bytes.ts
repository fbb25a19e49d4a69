// A body kept in memory as its bytes come in. Owns one growing buffer, so that many small chunks
// take no more memory than few large ones; never reads a stream itself.

const FIRST_CAPACITY_BYTES = 4096

export class GatheredBytes {
  readonly #hold: (bytes: number) => boolean
  #buffer = Buffer.alloc(0)
  #length = 0

  /** `hold` is called before more memory is taken, with the number of bytes. */
  constructor(hold: (bytes: number) => boolean = () => true) {
    this.#hold = hold
  }

  get length(): number {
    return this.#length
  }

  /** All bytes added, without a copy: read it only after the last `add`. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  /** False if no more memory may be taken; then none of the chunk is kept. */
  add(chunk: Uint8Array): boolean {
    const length = this.#length + chunk.length
    if (length > this.#buffer.length && !this.#grow(length)) return false
    this.#buffer.set(chunk, this.#length)
    this.#length = length
    return true
  }

  #grow(length: number): boolean {
    const capacity = Math.max(length, 2 * this.#buffer.length, FIRST_CAPACITY_BYTES)
    if (!this.#hold(capacity - this.#buffer.length)) return false
    const grown = Buffer.alloc(capacity)
    grown.set(this.bytes)
    this.#buffer = grown
    return true
  }
}
