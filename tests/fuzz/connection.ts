// One connection to the server under test that takes any bytes.
// Owns its socket, and cuts the received bytes into answers; never judges one.

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface Answer {
  status: number
  /** Names in lower case. */
  headers: Map<string, string>
  body: Buffer
}

/** Thrown if an answer takes too long: the server hangs. */
class NoAnswer extends Error {
  override readonly name = 'NoAnswer'
}

const ANSWER_LIMIT_MS = 60_000

export class Connection {
  readonly #socket: Socket
  #received = Buffer.alloc(0)
  #isEnded = false
  #wake: () => void = () => undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk) => {
      this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk])
      this.#wake()
    })
    const end = () => {
      this.#isEnded = true
      this.#wake()
    }
    socket.on('error', end).on('close', end).on('end', end)
  }

  /** Throws if the server does not listen any more. */
  static async open(endpoint: URL): Promise<Connection> {
    const socket = connect({ host: endpoint.hostname, port: Number(endpoint.port), noDelay: true })
    await once(socket, 'connect')
    return new Connection(socket)
  }

  get isOpen(): boolean {
    return !this.#isEnded
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes)
  }

  /** Ends the sending side. */
  endWriting(): void {
    this.#socket.end()
  }

  close(): void {
    this.#socket.destroy()
  }

  /**
   * Returns the next answer; undefined if the connection ends without one. `hasBody` is false for
   * answers to HEAD. Throws NoAnswer.
   */
  async answer(hasBody: boolean): Promise<Answer | undefined> {
    const timer = setTimeout(() => {
      this.#socket.destroy(new NoAnswer())
      timedOut = true
    }, ANSWER_LIMIT_MS)
    let timedOut = false
    try {
      for (;;) {
        const answer = this.#cut(hasBody)
        if (answer !== undefined) return answer
        if (timedOut) throw new NoAnswer(`no answer within ${ANSWER_LIMIT_MS / 1000} s`)
        if (this.#isEnded) return undefined
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    } finally {
      clearTimeout(timer)
    }
  }

  /** Takes a whole answer from the received bytes. */
  #cut(hasBody: boolean): Answer | undefined {
    const headEnd = this.#received.indexOf('\r\n\r\n')
    if (headEnd === -1) return undefined
    const [statusLine = '', ...lines] = this.#received.toString('latin1', 0, headEnd).split('\r\n')
    const status = Number(/^HTTP\/1\.1 (\d{3})(?: |$)/.exec(statusLine)?.[1])
    if (Number.isNaN(status)) throw new Error(`this is no answer: ${statusLine}`)
    const headers = new Map(
      lines.map((line) => {
        const colon = line.indexOf(':')
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
      }),
    )
    const start = headEnd + 4
    if (status === 100) {
      this.#received = this.#received.subarray(start)
      return this.#cut(hasBody)
    }
    const isBare = !hasBody || status === 204 || status === 304
    const whole = isBare ? { body: Buffer.alloc(0), end: start } : this.#body(start, headers)
    if (whole === undefined) return undefined
    this.#received = this.#received.subarray(whole.end)
    return { status, headers, body: whole.body }
  }

  #body(start: number, headers: Map<string, string>): { body: Buffer; end: number } | undefined {
    if (headers.get('transfer-encoding') === 'chunked') return this.#chunks(start)
    const length = headers.get('content-length')
    if (length === undefined)
      return this.#isEnded ? this.#until(start, this.#received.length) : undefined
    return this.#until(start, start + Number(length))
  }

  #until(start: number, end: number): { body: Buffer; end: number } | undefined {
    return this.#received.length < end
      ? undefined
      : { body: this.#received.subarray(start, end), end }
  }

  #chunks(start: number): { body: Buffer; end: number } | undefined {
    const chunks: Buffer[] = []
    for (let offset = start; ; ) {
      const lineEnd = this.#received.indexOf('\r\n', offset)
      if (lineEnd === -1) return undefined
      const bytes = Number.parseInt(this.#received.toString('latin1', offset, lineEnd), 16)
      const end = lineEnd + 2 + bytes + 2
      if (this.#received.length < end) return undefined
      if (bytes === 0) return { body: Buffer.concat(chunks), end }
      chunks.push(this.#received.subarray(lineEnd + 2, end - 2))
      offset = end
    }
  }
}
