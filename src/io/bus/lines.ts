// Cuts a stream of bytes into lines.
// Owns the limit on a line's length; never knows sockets or what a line means.

const LINE_END = 0x0a

/** Takes chunks as they arrive and returns whole lines as text, without line ends. */
export class LineDecoder {
  readonly #bytesMax: number
  #parts: Buffer[] = []
  #partBytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /**
   * Returns the lines that this chunk completes. Throws RangeError for a line longer than allowed;
   * the decoder is unusable then.
   */
  push(chunk: Buffer): string[] {
    const lines: string[] = []
    let start = 0
    for (;;) {
      const end = chunk.indexOf(LINE_END, start)
      this.#keep(chunk.subarray(start, end === -1 ? chunk.length : end))
      if (end === -1) return lines
      lines.push(Buffer.concat(this.#parts, this.#partBytes).toString('utf8'))
      this.#parts = []
      this.#partBytes = 0
      start = end + 1
    }
  }

  #keep(part: Buffer): void {
    if (part.length === 0) return
    this.#partBytes += part.length
    if (this.#partBytes > this.#bytesMax)
      throw new RangeError(`a line is longer than ${this.#bytesMax} bytes`)
    this.#parts.push(part)
  }
}
