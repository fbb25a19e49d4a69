// Makes one snapshot's file and puts it into the object store, beside the simulation: encoding and compression never delay a tick.
// Owns the writing of one snapshot; its state was copied before, and is this thread's alone.

import { setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import type { ObjectsConfig } from '../base/objects-config.ts'
import type { PartitionState, SnapshotHeader } from '../core/snapshot/partition-state.ts'
import type { ObjectLocation } from '../core/wire/worker-protocol.ts'
import { openObjects } from '../io/objects/open-objects.ts'
import { writeSnapshot } from './snapshot-file.ts'

export interface SnapshotThreadData {
  objects: ObjectsConfig
  location: ObjectLocation
  header: Omit<SnapshotHeader, 'stateHash'>
  partitions: PartitionState[]
}

export type SnapshotThreadReport = { bytes: number; entities: number; stateHash: string } | { error: string }

const lowPriority = 10

async function run({
  objects: config,
  location,
  header,
  partitions,
}: SnapshotThreadData): Promise<SnapshotThreadReport> {
  const cancelled = new AbortController()
  parentPort!.once('message', () => cancelled.abort(new Error('the snapshot was cancelled')))
  const objects = await openObjects(config)
  try {
    const { stream, finished } = writeSnapshot(header, partitions)
    await objects.put(location.bucket, location.key, stream, {
      contentType: 'application/zip',
      signal: cancelled.signal,
    })
    const { bytes, entities, stateHash } = await finished
    return { bytes, entities, stateHash }
  } catch (cause) {
    return { error: (cause as Error).message }
  } finally {
    await objects.close()
  }
}

// On Linux a priority belongs to a thread: 0 is the calling one.
setPriority(0, lowPriority)
const report = await run(workerData as SnapshotThreadData)
parentPort!.postMessage(report)
parentPort!.close()
