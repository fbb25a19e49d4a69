// The threads that encode a world's partitions side by side, and the order in which their work goes into the file.
// Owns the threads from their start to their end; never knows the zip or the manifest.

import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { SideColumns } from '../../core/fabric/worker/side-columns.ts'
import { partitionPath } from '../../core/snapshot/manifest.ts'
import type { EncodedPartition, PartitionSummary } from '../../joints/snapshot/encode-partition.ts'
import { SnapshotError } from '../../joints/snapshot/snapshot-file.ts'
import type { EncoderCommand, EncoderReport } from './encoder-thread.ts'
import { threadMemory } from './thread-memory.ts'

/** A thread for so much of a world: below it, one that starts costs more than it does. */
const BYTES_PER_THREAD = 8 * 1024 ** 2

export class Encoders {
  readonly #encoders: Encoder[]

  /** As many as `countFor` says. They are scheduled as the thread that starts them is. */
  constructor(worldBytes: number) {
    this.#encoders = Array.from({ length: Encoders.countFor(worldBytes) }, () => new Encoder())
  }

  /** As many threads as are worth it for a world of that size, and as there are processors. */
  static countFor(worldBytes: number): number {
    return Math.max(1, Math.min(availableParallelism(), Math.ceil(worldBytes / BYTES_PER_THREAD)))
  }

  get count(): number {
    return this.#encoders.length
  }

  /** The world's partitions in their order, each to be taken before the next; the threads are at work on later ones meanwhile. */
  *encoded(sides: readonly SideColumns[]): Generator<EncodedPartition> {
    const encoderOf = (at: number) => this.#encoders[at % this.#encoders.length]
    for (const encoder of this.#encoders) encoder.tell({ kind: 'world', sides: [...sides] })
    for (const at of sides.keys()) encoderOf(at).tell({ kind: 'encode', at })
    for (const [at, { domain, name }] of sides.entries()) {
      let done: PartitionSummary | undefined
      const pieces = encoderOf(at).pieces((summary) => {
        done = summary
      })
      yield { path: partitionPath(domain, name), pieces, summary: () => done! }
    }
  }

  /** They hold on to the world that they have encoded no longer, and wait for another. */
  forget(): void {
    for (const encoder of this.#encoders) encoder.tell({ kind: 'world', sides: [] })
  }

  async end(): Promise<void> {
    await Promise.all(this.#encoders.map((encoder) => encoder.end()))
  }
}

class Encoder {
  readonly #thread = new Worker(new URL('./encoder-thread.ts', import.meta.url), threadMemory)
  readonly #reports: EncoderReport[] = []
  #failure: Error | undefined
  #wake: () => void = () => undefined

  constructor() {
    this.#thread.on('message', (report: EncoderReport) => {
      this.#reports.push(report)
      this.#wake()
    })
    this.#thread.on('error', (error) => this.#fail(error as Error))
    this.#thread.on('exit', () =>
      this.#fail(new Error('a thread that encoded the snapshot has ended')),
    )
  }

  tell(command: EncoderCommand): void {
    this.#thread.postMessage(command)
  }

  /** The pieces of the next partition that it was told to encode. */
  async *pieces(done: (summary: PartitionSummary) => void): AsyncGenerator<Uint8Array> {
    for (;;) {
      const report = await this.#next()
      if (report.kind === 'failed') throw new SnapshotError(report.fault)
      if (report.kind === 'done') {
        done(report.summary)
        return
      }
      yield report.bytes
      this.tell({ kind: 'taken', memory: report.bytes.buffer })
    }
  }

  async end(): Promise<void> {
    await this.#thread.terminate()
  }

  async #next(): Promise<EncoderReport> {
    for (;;) {
      const report = this.#reports.shift()
      if (report) return report
      if (this.#failure) throw this.#failure
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error
    this.#wake()
  }
}
