// Makes a simulation's snapshots, one after another, and puts them where they are to be: encoding and compression never delay a tick.
// Owns the memory that the world is copied into, the writing, and the threads that encode, which stay for the next snapshot. All of them run when no other thread has work.

import { type MessagePort, parentPort } from 'node:worker_threads'
import { PAGE_BYTES } from '../../base/memory.ts'
import type { SnapshotHeader } from '../../core/entities/partition-state.ts'
import type { WorldCopy } from '../../core/fabric/worker/clock-work.ts'
import type { SnapshotOutcome } from '../../core/lifecycle/life.ts'
import { runWhenIdle } from '../../io/launch/scheduling.ts'
import { writeSnapshot } from '../../joints/snapshot/snapshot-file.ts'
import { Encoders } from './encoders.ts'
import { openPlace, type SnapshotPlace } from './snapshot-place.ts'

/** What a snapshot says of its simulation, whatever its tick. */
export type SimulationHeader = Omit<
  SnapshotHeader,
  'stateHash' | 'tick' | 'nextIdLane' | 'takenAtMs'
>

export interface SnapshotOrder {
  place: SnapshotPlace
  header: SimulationHeader
  /** What a copy of the world takes now. */
  copyBytes: number
  /** One that is there already. */
  room: SharedArrayBuffer | undefined
}

export type SnapshotThreadCommand =
  /** Once the one before has finished. */
  | { kind: 'make'; order: SnapshotOrder }
  | { kind: 'copied'; copy: WorldCopy; takenAtMs: number }
  | { kind: 'cancel'; reason: string }

export type SnapshotThreadReport =
  /** The world may be copied into it. */
  | { kind: 'room'; room: SharedArrayBuffer }
  /** After an error the thread is of no more use: whoever hears of it ends it. */
  | { kind: 'finished'; outcome: SnapshotOutcome }

/** For what is created until the copy is made, and for the copies after it. */
const SPARE_SHARE = 1 / 8

/** Memory that is there already when the world is copied into it: then copying is all that it takes. */
function makeRoom(copyBytes: number): SharedArrayBuffer {
  const bytes = Math.ceil(copyBytes * (1 + SPARE_SHARE))
  const room = new SharedArrayBuffer(bytes)
  const touched = new Uint8Array(room)
  for (let at = 0; at < bytes; at += PAGE_BYTES) touched[at] = 1
  return room
}

interface Making {
  copied: PromiseWithResolvers<Extract<SnapshotThreadCommand, { kind: 'copied' }>>
  cancelled: AbortController
}

class SnapshotThread {
  readonly #port: MessagePort
  #encoders: Encoders | undefined
  #making: Making | undefined

  constructor(port: MessagePort) {
    this.#port = port
    port.on('message', (command: SnapshotThreadCommand) => this.#obey(command))
  }

  #obey(command: SnapshotThreadCommand): void {
    if (command.kind === 'make') void this.#make(command.order)
    else if (command.kind === 'copied') this.#making?.copied.resolve(command)
    else {
      const reason = new Error(command.reason)
      this.#making?.copied.reject(reason)
      this.#making?.cancelled.abort(reason)
    }
  }

  async #make(order: SnapshotOrder): Promise<void> {
    const making: Making = { copied: Promise.withResolvers(), cancelled: new AbortController() }
    // It may be refused before anybody waits for it.
    making.copied.promise.catch(() => undefined)
    this.#making = making
    const outcome = await this.#made(order, making).catch((cause: Error) => ({
      error: cause.message,
    }))
    this.#making = undefined
    this.#say({ kind: 'finished', outcome })
  }

  async #made(
    { place, header, copyBytes, room }: SnapshotOrder,
    { copied, cancelled }: Making,
  ): Promise<SnapshotOutcome> {
    this.#say({ kind: 'room', room: room ?? makeRoom(copyBytes) })
    const encoders = await this.#encodersFor(copyBytes)
    const open = await openPlace(place)
    try {
      const { copy, takenAtMs } = await copied.promise
      const { tick, nextIdLane, sides } = copy
      const { bytes: zip, finished } = writeSnapshot(
        { ...header, tick, nextIdLane, takenAtMs },
        encoders.encoded(sides),
      )
      await open.put(zip, cancelled.signal)
      const { bytes, manifest } = await finished
      encoders.forget()
      return { bytes, entities: manifest.entities, stateHash: manifest.stateHash }
    } finally {
      await open.close()
    }
  }

  /** Those of the snapshot before, where they are as many as this one wants. */
  async #encodersFor(worldBytes: number): Promise<Encoders> {
    if (this.#encoders?.count !== Encoders.countFor(worldBytes)) {
      await this.#encoders?.end()
      this.#encoders = new Encoders(worldBytes)
    }
    return this.#encoders!
  }

  #say(report: SnapshotThreadReport): void {
    this.#port.postMessage(report)
  }
}

runWhenIdle()
new SnapshotThread(parentPort!)
