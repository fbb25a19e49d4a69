// Writes what the worker reports, and its apps' output, to the log streams and the worker's own
// output.
// Owns the names of the two service streams, and how many streams of ended apps stay. Never decides
// where streams are stored.

import type { LogStreams } from '../../io/logs/logs.ts'

interface JournalOptions {
  /** How many streams of ended apps stay, newest first. Default: all. */
  endedMax?: number
  /** Streams of apps that ended under an earlier worker, oldest first. */
  ended?: readonly string[]
}

export class Journal {
  #streams: LogStreams | undefined
  #endedMax = Number.POSITIVE_INFINITY
  /** Oldest first. */
  #ended = new Set<string>()
  readonly #tick: () => number

  constructor(tick: () => number) {
    this.#tick = tick
  }

  /** Also writes to these streams from now on. */
  open(
    streams: LogStreams,
    { endedMax = Number.POSITIVE_INFINITY, ended = [] }: JournalOptions = {},
  ): void {
    this.#streams = streams
    this.#endedMax = endedMax
    this.#ended = new Set(ended)
  }

  /** Records an action of the service. */
  note(text: string): void {
    const line = `tick=${this.#tick()} ${text}`
    console.log(line)
    this.#streams?.writer('/sim/management').write(`${line}\n`)
  }

  error(text: string): void {
    const line = `tick=${this.#tick()} ${text}`
    console.error(line)
    this.#streams?.writer('/sim/errors').write(`${line}\n`)
  }

  /** Records the state's hash at a tick, for comparing worlds. */
  stateHash(text: string): void {
    this.#streams?.writer('/sim/management').write(`${text}\n`)
  }

  /** Returns the function that writes an app's output. */
  appOutput(stream: string): (chunk: Buffer) => void {
    this.#ended.delete(stream)
    const writer = this.#streams?.writer(stream)
    return (chunk) => writer?.write(chunk)
  }

  /** Marks a stream as complete: it may be removed when more apps end. */
  appEnded(stream: string): void {
    this.#ended.add(stream)
    for (const oldest of this.#ended) {
      if (this.#ended.size <= this.#endedMax) return
      this.#ended.delete(oldest)
      this.#streams
        ?.remove(oldest)
        .catch((cause: Error) => this.error(`stream ${oldest} stays: ${cause.message}`))
    }
  }

  async close(): Promise<void> {
    await this.#streams?.close()
  }
}
