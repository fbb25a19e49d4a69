// A process beside a benchmark that measures on demand: a reference that must not share the
// benchmark's process.
// Owns its start, its end and the messages. The program answers each message with one of its own.

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Bench } from './benchmark.ts'

/** Programs of benchmarks: apps and references. */
export const appsFolder = join(import.meta.dirname, '../apps')

export class OtherProcess {
  readonly #file: string
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown[]>

  /** Runs a file of bench/apps with these options of Node; it ends with the benchmark. */
  constructor(
    bench: Bench,
    file: string,
    settings: readonly (string | number)[],
    nodeOptions: readonly string[] = process.execArgv,
  ) {
    this.#file = file
    this.#child = fork(join(appsFolder, file), settings.map(String), { execArgv: [...nodeOptions] })
    this.#exited = once(this.#child, 'exit')
    bench.defer(() => this.#end())
  }

  /** Sends a message and returns the answer. Throws if the process ends instead. */
  async ask<Answer>(message: number | object): Promise<Answer> {
    const answered = once(this.#child, 'message')
    this.#child.send(message)
    const ended = this.#exited.then((how) =>
      Promise.reject(new Error(`${this.#file} has ended: ${how}`)),
    )
    const [answer] = await Promise.race([answered, ended])
    return answer as Answer
  }

  async #end(): Promise<void> {
    this.#child.kill()
    await this.#exited
  }
}
