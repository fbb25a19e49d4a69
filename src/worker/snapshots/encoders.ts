// The threads that encode a world's partitions in parallel, and the order of their output in the
// file.
// Owns the threads from start to end; never knows the zip or the manifest.

import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { SideColumns } from '../../core/fabric/worker/side-columns.ts'
import { partitionPath } from '../../core/snapshot/manifest.ts'
import type { EncodedPartition, PartitionSummary } from '../../joints/snapshot/encode-partition.ts'
import { SnapshotError } from '../../joints/snapshot/snapshot-file.ts'
import type { EncoderCommand, EncoderReport } from './encoder-thread.ts'
import { threadMemory } from './thread-memory.ts'

/** World bytes per encoder thread. Below this, starting another thread costs more than it saves. */
const BYTES_PER_THREAD = 8 * 1024 ** 2

export class Encoders {
  readonly #encoders: Encoder[]

  /** Starts `countFor(worldBytes)` threads. They inherit the scheduling of the calling thread. */
  constructor(worldBytes: number) {
    this.#encoders = Array.from({ length: Encoders.countFor(worldBytes) }, () => new Encoder())
  }

  /** The number of threads for a world of that size, at most one per processor. */
  static countFor(worldBytes: number): number {
    return Math.max(1, Math.min(availableParallelism(), Math.ceil(worldBytes / BYTES_PER_THREAD)))
  }

  get count(): number {
    return this.#encoders.length
  }

  /** Yields the world's partitions in order. Take each before the next: the threads work ahead. */
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

  /** Releases the encoded world; the threads stay for the next one. */
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

  /** Yields the pieces of the next partition that it was told to encode. */
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
