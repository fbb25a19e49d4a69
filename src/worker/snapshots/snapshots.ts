// Snapshots of a running simulation: one at a time, copied by the clock, written by threads of their own, which stay for a while.
// Owns the one in progress and the thread; the simulation's status is the caller's.

import { readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import type { WorldCopy } from '../../core/fabric/worker/clock-work.ts'
import type { SnapshotOutcome } from '../../core/lifecycle/life.ts'
import type { SimulationSchema } from '../../core/schema/schema.ts'
import type { WorkerPlan } from '../../core/wire/plan.ts'
import type { AppState } from '../../core/wire/worker-protocol.ts'
import { discard } from '../../io/shm/libc.ts'
import type {
  SimulationHeader,
  SnapshotOrder,
  SnapshotThreadCommand,
  SnapshotThreadReport,
} from './snapshot-thread.ts'
import { threadMemory } from './thread-memory.ts'

const { version } = JSON.parse(
  readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
) as {
  version: string
}

export interface SnapshotInProgress {
  /** Never rejects: a failure is a report with an error. */
  finished: Promise<SnapshotOutcome>
  /** Nothing of it stays behind; `finished` resolves with an error. */
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
  return { simulationName, executionId, schemaText, heddleVersion: version, grids, apps: running }
}

interface SnapshotOptions extends Omit<SnapshotOrder, 'room'> {
  /** The copy is there already: no room is needed for it. */
  isCopied: boolean
  /** Copies the world at one tick; asked for once, when there is room. */
  copyInto(room: SharedArrayBuffer): Promise<WorldCopy>
  /** Told the tick that the snapshot is of. */
  copied(tick: number): void
}

/** A room that is more than so many times too large is not used again. */
const SPARE_MAX = 2

/** Loading what a snapshot needs takes longer than writing a small one: so long, the thread and the memory of one wait for the next. */
const LINGER_MS = 60_000

/** Makes one simulation's snapshots. */
export class Snapshots {
  #thread: Worker | undefined
  #lingering: NodeJS.Timeout | undefined
  #inProgress: { hear(report: SnapshotThreadReport): void } | undefined
  /** Of the one before: snapshots that follow each other take turns in one room. */
  #room: SharedArrayBuffer | undefined

  /** To be called when the one before has finished. */
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
      // One that was used before comes back as another object for the same memory.
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
          // What it was in the middle of ends with the thread.
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
