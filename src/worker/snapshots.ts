// Snapshots of a running simulation: one at a time, copied by the clock, written by a thread of its own.
// Owns the one in progress; the simulation's status is the caller's.

import { Worker } from 'node:worker_threads'
import type { ObjectsConfig } from '../base/objects-config.ts'
import { buffersOf, type SnapshotHeader } from '../core/snapshot/partition-state.ts'
import type { ObjectLocation } from '../core/wire/worker-protocol.ts'
import type { WorldCopy } from './clock-messages.ts'
import type { SnapshotThreadData, SnapshotThreadReport } from './snapshot-thread.ts'

export interface SnapshotInProgress {
  /** Never rejects: a failure is a report with an error. */
  finished: Promise<SnapshotThreadReport>
  /** Nothing of it stays behind; `finished` resolves with an error. */
  cancel(): void
}

export function startSnapshot(options: {
  copy: WorldCopy
  header: Omit<SnapshotHeader, 'stateHash' | 'tick' | 'nextIdLane' | 'takenAtMs'>
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
