// What the worker says of a simulation: to its log streams, and to the worker's own output.
// Owns the two service streams' names; where a schema names no log group, only the worker's output hears of it.

import type { LogStreams } from '../io/logs/log-streams.ts'

export class Journal {
  #streams: LogStreams | undefined
  readonly #tick: () => number

  constructor(tick: () => number) {
    this.#tick = tick
  }

  /** From now on into the streams too. */
  open(streams: LogStreams): void {
    this.#streams = streams
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

  /** Where an app's output goes; nowhere without a log group. */
  appOutput(stream: string): (chunk: Buffer) => void {
    const writer = this.#streams?.writer(stream)
    return (chunk) => writer?.write(chunk)
  }

  async close(): Promise<void> {
    await this.#streams?.close()
  }
}
