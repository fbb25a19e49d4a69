// Encodes partitions of a copied world for the snapshot's thread, which asks for one after another and takes them piece by piece.
// Owns the partition in work; its memory is bounded by the pieces that have been asked for.

import { type MessagePort, parentPort } from 'node:worker_threads'
import { Scratch } from '../base/scratch.ts'
import { type SideColumns, stateOfSide } from '../core/fabric/side-columns.ts'
import { isSnapshotFault, type SnapshotFault } from '../core/snapshot/snapshot-fault.ts'
import { encodeState, type PartitionSummary } from './encode-partition.ts'

export type EncoderCommand =
  /** Of all partitions: entities that change over are in the sides of others. */
  | { kind: 'world'; sides: SideColumns[] }
  | { kind: 'encode'; at: number }
  /** One more piece may be sent. */
  | { kind: 'more' }

export type EncoderReport =
  | { kind: 'piece'; bytes: Uint8Array<ArrayBuffer> }
  | { kind: 'done'; summary: PartitionSummary }
  | { kind: 'failed'; fault: SnapshotFault }

/** Pieces on their way; one is about a batch of 65,536 entities. */
const piecesAhead = 2

class EncoderThread {
  readonly #port: MessagePort
  /** Of the state in work. */
  #scratch = new Scratch()
  #sides: SideColumns[] = []
  #maySend = piecesAhead
  #wake: () => void = () => undefined
  #work: Promise<void> = Promise.resolve()

  constructor(port: MessagePort) {
    this.#port = port
    port.on('message', (command: EncoderCommand) => this.#obey(command))
  }

  #obey(command: EncoderCommand): void {
    if (command.kind === 'world') {
      this.#sides = command.sides
      this.#scratch = new Scratch()
    } else if (command.kind === 'encode') this.#work = this.#work.then(() => this.#encode(command.at))
    else {
      this.#maySend++
      this.#wake()
    }
  }

  async #encode(at: number): Promise<void> {
    this.#scratch.reuse()
    const encoded = encodeState(stateOfSide(this.#sides, at, this.#scratch))
    if (isSnapshotFault(encoded)) return this.#say({ kind: 'failed', fault: encoded })
    for (const bytes of encoded.pieces) {
      await this.#mayGoOn()
      this.#say({ kind: 'piece', bytes }, [bytes.buffer])
    }
    this.#say({ kind: 'done', summary: encoded.summary() })
  }

  async #mayGoOn(): Promise<void> {
    while (this.#maySend === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    this.#maySend--
  }

  #say(report: EncoderReport, transfer: ArrayBuffer[] = []): void {
    this.#port.postMessage(report, transfer)
  }
}

new EncoderThread(parentPort!)
