// What the worker says of a simulation, and what its apps say: to its log streams, and to the worker's own output.
// Owns the names of the two service streams, and how many streams of ended apps are kept; never decides where the streams lie.

import type { LogStreams } from '../../io/logs/logs.ts'

interface JournalOptions {
  /** The newest so many streams of apps that have ended stay; all of them where absent. */
  endedMax?: number
  /** Streams of apps that a worker before this one has left, oldest first. */
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

  /** From now on into these streams too. */
  open(
    streams: LogStreams,
    { endedMax = Number.POSITIVE_INFINITY, ended = [] }: JournalOptions = {},
  ): void {
    this.#streams = streams
    this.#endedMax = endedMax
    this.#ended = new Set(ended)
  }

  /** What the service did. */
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

  /** The state of the world at a tick, for those who compare worlds. */
  stateHash(text: string): void {
    this.#streams?.writer('/sim/management').write(`${text}\n`)
  }

  /** Where an app's output goes. */
  appOutput(stream: string): (chunk: Buffer) => void {
    this.#ended.delete(stream)
    const writer = this.#streams?.writer(stream)
    return (chunk) => writer?.write(chunk)
  }

  /** The app of this stream writes no more: its stream may make way for those of apps that end later. */
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
