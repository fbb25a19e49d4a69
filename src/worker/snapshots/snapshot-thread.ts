// Makes a simulation's snapshots, one after another, and stores them. Encoding and compression
// never delay a tick.
// Owns the memory for the copy, the writing, and the encoder threads, which stay for the next
// snapshot. All of these threads run only when no other has work.

import { type MessagePort, parentPort } from 'node:worker_threads'
import { PAGE_BYTES } from '../../base/memory.ts'
import type { SnapshotHeader } from '../../core/entities/partition-state.ts'
import type { WorldCopy } from '../../core/fabric/worker/clock-work.ts'
import type { SnapshotOutcome } from '../../core/lifecycle/life.ts'
import { runWhenIdle } from '../../io/launch/scheduling.ts'
import { writeSnapshot } from '../../joints/snapshot/snapshot-file.ts'
import { Encoders } from './encoders.ts'
import { openPlace, type SnapshotPlace } from './snapshot-place.ts'

/** The part of a snapshot's header that does not depend on the tick. */
export type SimulationHeader = Omit<
  SnapshotHeader,
  'stateHash' | 'tick' | 'nextIdLane' | 'takenAtMs'
>

export interface SnapshotOrder {
  place: SnapshotPlace
  header: SimulationHeader
  /** The bytes that a copy of the world needs now. */
  copyBytes: number
  /** Memory to reuse for the copy. */
  room: SharedArrayBuffer | undefined
}

export type SnapshotThreadCommand =
  /** Sent only after the snapshot before has finished. */
  | { kind: 'make'; order: SnapshotOrder }
  | { kind: 'copied'; copy: WorldCopy; takenAtMs: number }
  | { kind: 'cancel'; reason: string }

export type SnapshotThreadReport =
  /** The clock can copy the world into `room`. */
  | { kind: 'room'; room: SharedArrayBuffer }
  /** After an error the thread is unusable; the receiver must end it. */
  | { kind: 'finished'; outcome: SnapshotOutcome }

/** Spare memory for entities created before the copy, and for later copies. */
const SPARE_SHARE = 1 / 8

/** Allocates and touches the memory in advance, so that the clock only has to copy. */
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
    // It can reject before anything awaits it.
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

  /** Reuses the encoders of the snapshot before if their number fits. */
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
