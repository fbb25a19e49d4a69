// Memory for arrays that are done with together, and is used again for the next ones: who makes
// large arrays often would have the collector run all the time.

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

/** It grows to what was needed between two calls of `reuse`, and stays so large. */
export class Scratch {
  #buffer = new ArrayBuffer(0)
  #taken = 0

  /** What was taken is given up: its contents change from here on. */
  reuse(): void {
    if (this.#taken > this.#buffer.byteLength) this.#buffer = new ArrayBuffer(this.#taken)
    this.#taken = 0
  }

  /** An array whose contents are what happened to be there. */
  take<Of extends NumberArray>(of: ArraysOf<Of>, length: number): Of {
    const start = this.#taken
    const bytes = length * of.BYTES_PER_ELEMENT
    this.#taken += (bytes + 7) & ~7
    const fits = this.#taken <= this.#buffer.byteLength
    return fits ? new of(this.#buffer, start, length) : new of(new ArrayBuffer(bytes), 0, length)
  }
}
