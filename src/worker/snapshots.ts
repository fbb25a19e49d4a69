// Snapshots of a running simulation: one at a time, copied by the clock, written by threads of their own.
// Owns the one in progress; the simulation's status is the caller's.

import { readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import type { SimulationSchema } from '../core/schema/schema.ts'
import type { AppState, WorkerPlan } from '../core/wire/worker-protocol.ts'
import type { WorldCopy } from './clock-messages.ts'
import type {
  SimulationHeader,
  SnapshotOutcome,
  SnapshotThreadCommand,
  SnapshotThreadData,
  SnapshotThreadReport,
} from './snapshot-thread.ts'

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
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
    const { minX, maxX, minY, maxY } = schema.strategies.find((strategy) => strategy.name === domain.strategy)!.bounds
    const bounds = { x: [minX, maxX] as [number, number], y: [minY, maxY] as [number, number] }
    return [{ domain: domain.name, columns: domain.grid.x, rows: domain.grid.y, bounds }]
  })
  const running = apps.map(({ domain, name, lifecycle, status }) => ({ domain, name, lifecycle, status }))
  return { simulationName, executionId, schemaText, heddleVersion: version, grids, apps: running }
}

export interface SnapshotOptions extends Omit<SnapshotThreadData, 'room'> {
  /** Copies the world at one tick; asked for once, when there is room. */
  copyInto(room: SharedArrayBuffer): Promise<WorldCopy>
  /** Told the tick that the snapshot is of. */
  copied(tick: number): void
}

/** A room that is more than so many times too large is not used again. */
const spareMax = 2

/** Makes one simulation's snapshots. */
export class Snapshots {
  /** Of the one before, until the engine collects it: snapshots that follow each other take turns in one room. */
  #lastRoom: WeakRef<SharedArrayBuffer> | undefined

  /** To be called when the one before has finished. */
  start({ copyInto, copied, ...options }: SnapshotOptions): SnapshotInProgress {
    const workerData: SnapshotThreadData = { ...options, room: this.#roomOf(options.copyBytes) }
    const thread = new Worker(new URL('./snapshot-thread.ts', import.meta.url), { workerData })
    const tell = (command: SnapshotThreadCommand) => thread.postMessage(command)
    const copy = async (room: SharedArrayBuffer) => {
      this.#lastRoom = new WeakRef(room)
      const copy = await copyInto(room)
      copied(copy.tick)
      tell({ kind: 'copied', copy, takenAtMs: Date.now() })
    }
    const finished = new Promise<SnapshotOutcome>((resolve) => {
      thread.on('message', (report: SnapshotThreadReport) => {
        if (report.kind === 'finished') resolve(report.outcome)
        else copy(report.room).catch((cause: Error) => tell({ kind: 'cancel', reason: cause.message }))
      })
      thread.once('error', (error) => resolve({ error: (error as Error).message }))
      thread.once('exit', () => resolve({ error: 'the snapshot thread ended without a word' }))
    })
    return { finished, cancel: () => tell({ kind: 'cancel', reason: 'the snapshot was cancelled' }) }
  }

  #roomOf(bytes: number): SharedArrayBuffer | undefined {
    const room = this.#lastRoom?.deref()
    return room && room.byteLength >= bytes && room.byteLength <= bytes * spareMax ? room : undefined
  }
}
