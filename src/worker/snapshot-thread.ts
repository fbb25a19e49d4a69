// Makes one snapshot's file and puts it into the object store, beside the simulation: encoding and compression never delay a tick.
// Owns the memory that the world is copied into, and the writing of one snapshot. All its threads run when no other has work.

import { parentPort, workerData } from 'node:worker_threads'
import { pageBytes } from '../base/memory.ts'
import type { ObjectsConfig } from '../base/objects-config.ts'
import type { SnapshotHeader } from '../core/snapshot/partition-state.ts'
import type { ObjectLocation } from '../core/wire/worker-protocol.ts'
import { runWhenIdle } from '../io/launch/idle.ts'
import { openObjects } from '../io/objects/open-objects.ts'
import type { WorldCopy } from './clock-messages.ts'
import { Encoders } from './encoders.ts'
import { writeSnapshot } from './snapshot-file.ts'

/** What a snapshot says of its simulation, whatever its tick. */
export type SimulationHeader = Omit<SnapshotHeader, 'stateHash' | 'tick' | 'nextIdLane' | 'takenAtMs'>

export interface SnapshotThreadData {
  objects: ObjectsConfig
  location: ObjectLocation
  header: SimulationHeader
  /** What a copy of the world takes now. */
  copyBytes: number
  /** One that is there already. */
  room: SharedArrayBuffer | undefined
}

export type SnapshotThreadCommand =
  | { kind: 'copied'; copy: WorldCopy; takenAtMs: number }
  | { kind: 'cancel'; reason: string }

export type SnapshotThreadReport =
  /** The world may be copied into it. */
  { kind: 'room'; room: SharedArrayBuffer } | { kind: 'finished'; outcome: SnapshotOutcome }

export type SnapshotOutcome = { bytes: number; entities: number; stateHash: string } | { error: string }

/** For what is created until the copy is made, and for the copies after it. */
const spareShare = 1 / 8

/** Memory that is there already when the world is copied into it: then copying is all that it takes. */
function makeRoom(copyBytes: number): SharedArrayBuffer {
  const bytes = Math.ceil(copyBytes * (1 + spareShare))
  const room = new SharedArrayBuffer(bytes)
  const touched = new Uint8Array(room)
  for (let at = 0; at < bytes; at += pageBytes) touched[at] = 1
  return room
}

async function make({
  objects: config,
  location,
  header,
  copyBytes,
  room,
}: SnapshotThreadData): Promise<SnapshotOutcome> {
  const cancelled = new AbortController()
  const copied = new Promise<Extract<SnapshotThreadCommand, { kind: 'copied' }>>((resolve, reject) => {
    parentPort!.on('message', (command: SnapshotThreadCommand) => {
      if (command.kind === 'copied') return resolve(command)
      const reason = new Error(command.reason)
      reject(reason)
      cancelled.abort(reason)
    })
  })
  // It may be refused before anybody waits for it.
  copied.catch(() => undefined)
  const encoders = new Encoders(copyBytes)
  try {
    say({ kind: 'room', room: room ?? makeRoom(copyBytes) })
    const objects = await openObjects(config)
    try {
      const { copy, takenAtMs } = await copied
      const { tick, nextIdLane, sides } = copy
      const { stream, finished } = writeSnapshot({ ...header, tick, nextIdLane, takenAtMs }, encoders.encoded(sides))
      await objects.put(location.bucket, location.key, stream, {
        contentType: 'application/zip',
        signal: cancelled.signal,
      })
      const { bytes, manifest } = await finished
      return { bytes, entities: manifest.entities, stateHash: manifest.stateHash }
    } finally {
      await objects.close()
    }
  } catch (cause) {
    return { error: (cause as Error).message }
  } finally {
    await encoders.end()
  }
}

function say(report: SnapshotThreadReport): void {
  parentPort!.postMessage(report)
}

runWhenIdle()
say({ kind: 'finished', outcome: await make(workerData as SnapshotThreadData) })
parentPort!.close()
