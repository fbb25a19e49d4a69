// Snapshots of a running simulation: one at a time, copied by the clock, written by a thread of its own.
// Owns the one in progress; the simulation's status is the caller's.

import { readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import type { ObjectsConfig } from '../base/objects-config.ts'
import type { SimulationSchema } from '../core/schema/schema.ts'
import { buffersOf, type SnapshotHeader } from '../core/snapshot/partition-state.ts'
import type { AppState, ObjectLocation, WorkerPlan } from '../core/wire/worker-protocol.ts'
import type { WorldCopy } from './clock-messages.ts'
import type { SnapshotThreadData, SnapshotThreadReport } from './snapshot-thread.ts'

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

export interface SnapshotInProgress {
  /** Never rejects: a failure is a report with an error. */
  finished: Promise<SnapshotThreadReport>
  /** Nothing of it stays behind; `finished` resolves with an error. */
  cancel(): void
}

/** What a snapshot says of its simulation, whatever its tick. */
export type SimulationHeader = Omit<SnapshotHeader, 'stateHash' | 'tick' | 'nextIdLane' | 'takenAtMs'>

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

export function startSnapshot(options: {
  copy: WorldCopy
  header: SimulationHeader
  location: ObjectLocation
  objects: ObjectsConfig
}): SnapshotInProgress {
  const { copy, header, location, objects } = options
  const data: SnapshotThreadData = {
    objects,
    location,
    header: { ...header, tick: copy.tick, nextIdLane: copy.nextIdLane, takenAtMs: Date.now() },
    partitions: copy.partitions,
  }
  const transferList = copy.partitions.flatMap(buffersOf)
  const thread = new Worker(new URL('./snapshot-thread.ts', import.meta.url), { workerData: data, transferList })
  const finished = new Promise<SnapshotThreadReport>((resolve) => {
    thread.once('message', resolve)
    thread.once('error', (error) => resolve({ error: (error as Error).message }))
    thread.once('exit', () => resolve({ error: 'the snapshot thread ended without a word' }))
  })
  return { finished, cancel: () => thread.postMessage('cancel') }
}
