// Snapshots of a running simulation: copied by the clock, written by other threads, one at a time.
// Owns the snapshot in progress and its thread, which stays for a while. The caller owns the
// simulation's status.

import { Worker } from 'node:worker_threads'
import type { WorldCopy } from '../../core/fabric/worker/clock-work.ts'
import type { SnapshotOutcome } from '../../core/lifecycle/life.ts'
import type { SimulationSchema } from '../../core/schema/schema.ts'
import type { WorkerPlan } from '../../core/wire/plan.ts'
import type { AppState } from '../../core/wire/worker-protocol.ts'
import { heddleVersion } from '../../io/files/heddle-version.ts'
import { discard } from '../../io/shm/libc.ts'
import type {
  SimulationHeader,
  SnapshotOrder,
  SnapshotThreadCommand,
  SnapshotThreadReport,
} from './snapshot-thread.ts'
import { threadMemory } from './thread-memory.ts'

const HEDDLE_VERSION = heddleVersion()

export interface SnapshotInProgress {
  /** Never rejects: it resolves to an outcome with an error. */
  finished: Promise<SnapshotOutcome>
  /** Leaves nothing behind; `finished` resolves with an error. */
  cancel(): void
}

export function simulationHeader(
  { simulationName, executionId }: WorkerPlan,
  { schema, schemaText }: { schema: SimulationSchema; schemaText: string },
  apps: readonly AppState[],
): SimulationHeader {
  const grids = schema.domains.flatMap((domain) => {
    if (domain.lifecycle !== 'BySpatialSubdivision') return []
    const { minX, maxX, minY, maxY } = schema.strategies.find(
      (strategy) => strategy.name === domain.strategy,
    )!.bounds
    const bounds = { x: [minX, maxX] as [number, number], y: [minY, maxY] as [number, number] }
    return [{ domain: domain.name, columns: domain.grid.x, rows: domain.grid.y, bounds }]
  })
  const running = apps.map(({ domain, name, lifecycle, status }) => ({
    domain,
    name,
    lifecycle,
    status,
  }))
  return {
    simulationName,
    executionId,
    schemaText,
    heddleVersion: HEDDLE_VERSION,
    grids,
    apps: running,
  }
}

interface SnapshotOptions extends Omit<SnapshotOrder, 'room'> {
  /** True if the copy already exists, so that no memory is needed. */
  isCopied: boolean
  /** Copies the world at one tick. Called once, when there is memory. */
  copyInto(room: SharedArrayBuffer): Promise<WorldCopy>
  /** Called with the snapshot's tick. */
  copied(tick: number): void
}

/** A room is not reused if it is more than this many times too large. */
const SPARE_MAX = 2

/**
 * How long the thread and its memory wait for the next snapshot. Starting a thread takes longer
 * than writing a small snapshot.
 */
const LINGER_MS = 60_000

/** Makes one simulation's snapshots. */
export class Snapshots {
  #thread: Worker | undefined
  #lingering: NodeJS.Timeout | undefined
  #inProgress: { hear(report: SnapshotThreadReport): void } | undefined
  /** The memory of the snapshot before, which the next one reuses. */
  #room: SharedArrayBuffer | undefined

  /** Starts a snapshot. Call it when the one before has finished. */
  start({ isCopied, copyInto, copied, ...order }: SnapshotOptions): SnapshotInProgress {
    clearTimeout(this.#lingering)
    const thread = this.#thread ?? this.#startThread()
    this.#thread = thread
    const { promise: finished, resolve } = Promise.withResolvers<SnapshotOutcome>()
    const cancel = (reason: string) => {
      if (this.#inProgress === inProgress) tell(thread, { kind: 'cancel', reason })
    }
    const used = isCopied ? new SharedArrayBuffer(0) : this.#roomOf(order.copyBytes)
    const copy = async (room: SharedArrayBuffer) => {
      // A reused room returns as another object for the same memory.
      if (!used) {
        if (this.#room) discard(this.#room)
        this.#room = room
      }
      const copy = await copyInto(room)
      copied(copy.tick)
      tell(thread, { kind: 'copied', copy, takenAtMs: Date.now() })
    }
    const inProgress = {
      hear: (report: SnapshotThreadReport) => {
        if (report.kind === 'room') copy(report.room).catch((cause: Error) => cancel(cause.message))
        else {
          this.#inProgress = undefined
          // Ending the thread also ends its unfinished work.
          if ('error' in report.outcome) this.#letGo(thread)
          else this.#lingering = setTimeout(() => this.#letGo(thread), LINGER_MS).unref()
          resolve(report.outcome)
        }
      },
    }
    this.#inProgress = inProgress
    tell(thread, { kind: 'make', order: { ...order, room: used } })
    return { finished, cancel: () => cancel('the snapshot was cancelled') }
  }

  #startThread(): Worker {
    const thread = new Worker(new URL('./snapshot-thread.ts', import.meta.url), threadMemory)
    const lost = (error: string) => {
      if (this.#thread !== thread) return
      if (this.#inProgress) this.#inProgress.hear({ kind: 'finished', outcome: { error } })
      else this.#letGo(thread)
    }
    thread.on('message', (report: SnapshotThreadReport) => this.#inProgress?.hear(report))
    thread.on('error', (error) => lost((error as Error).message))
    thread.on('exit', () => lost('the snapshot thread ended without a word'))
    return thread
  }

  #letGo(thread: Worker): void {
    const room = this.#room
    this.#thread = undefined
    this.#room = undefined
    void thread.terminate().then(() => room && discard(room))
  }

  #roomOf(bytes: number): SharedArrayBuffer | undefined {
    const room = this.#room
    return room && room.byteLength >= bytes && room.byteLength <= bytes * SPARE_MAX
      ? room
      : undefined
  }
}

function tell(thread: Worker, command: SnapshotThreadCommand): void {
  thread.postMessage(command)
}
