// The worker's status: one document, written to disk and sent to control at every change.
// Owns its file; never decides its content. A full disk does not end the world: the file is written
// later.

import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { STATUS_FILE } from '../../core/wire/places.ts'
import type { WorkerStatus } from '../../core/wire/worker-protocol.ts'

const WRITE_AGAIN_MS = 1000

export class StatusBook {
  #status: WorkerStatus
  readonly #file: string
  readonly #publish: (status: WorkerStatus) => void
  #scheduled: NodeJS.Immediate | undefined
  #writingAgain: NodeJS.Timeout | undefined

  constructor(runFolder: string, initial: WorkerStatus, publish: (status: WorkerStatus) => void) {
    this.#status = initial
    this.#file = join(runFolder, STATUS_FILE)
    this.#publish = publish
    this.#write()
  }

  /** Writes and sends the status once per turn of the event loop, with the latest value. */
  show(status: WorkerStatus): void {
    this.#status = status
    this.#scheduled ??= setImmediate(() => this.flush())
  }

  flush(): void {
    if (this.#scheduled) clearImmediate(this.#scheduled)
    this.#scheduled = undefined
    this.#write()
    this.#publish(this.#status)
  }

  #write(): void {
    const temporary = `${this.#file}.new`
    try {
      writeFileSync(temporary, JSON.stringify(this.#status), { mode: 0o600, flush: true })
      renameSync(temporary, this.#file)
      clearInterval(this.#writingAgain)
      this.#writingAgain = undefined
    } catch (error) {
      if (this.#writingAgain !== undefined) return
      console.error(
        `${this.#file} can't be written, and is tried again: ${(error as Error).message}`,
      )
      this.#writingAgain = setInterval(() => this.#write(), WRITE_AGAIN_MS).unref()
    }
  }
}
