// Reuses the memory of arrays that are dropped together: a caller that often makes large arrays
// would keep the garbage collector busy.

/** The constructor of a kind of arrays. */
export interface ArraysOf<Of> {
  new (buffer: ArrayBuffer, start: number, length: number): Of
  readonly BYTES_PER_ELEMENT: number
}

type NumberArray =
  | Float64Array
  | Float32Array
  | BigUint64Array
  | Uint32Array
  | Int32Array
  | Uint8Array

/** Grows to the most memory used between two calls of `reuse`, and never shrinks. */
export class Scratch {
  #buffer = new ArrayBuffer(0)
  #taken = 0

  /** Reuses the memory of all arrays taken so far; their contents change from here on. */
  reuse(): void {
    if (this.#taken > this.#buffer.byteLength) this.#buffer = new ArrayBuffer(this.#taken)
    this.#taken = 0
  }

  /** Returns an array with arbitrary contents. */
  take<Of extends NumberArray>(of: ArraysOf<Of>, length: number): Of {
    const start = this.#taken
    const bytes = length * of.BYTES_PER_ELEMENT
    this.#taken += (bytes + 7) & ~7
    const fits = this.#taken <= this.#buffer.byteLength
    return fits ? new of(this.#buffer, start, length) : new of(new ArrayBuffer(bytes), 0, length)
  }
}
