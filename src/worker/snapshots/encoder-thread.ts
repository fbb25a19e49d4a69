// Encodes partitions of a copied world for the snapshot thread, which takes them piece by piece.
// Owns the current partition and the memory of its pieces. That memory is allocated once and
// reused.

import { type MessagePort, parentPort } from 'node:worker_threads'
import { Scratch } from '../../base/scratch.ts'
import { type SideColumns, stateOfSide } from '../../core/fabric/worker/side-columns.ts'
import { isSnapshotFault, type SnapshotFault } from '../../core/snapshot/snapshot-fault.ts'
import { encodeState, type PartitionSummary } from '../../joints/snapshot/encode-partition.ts'

export type EncoderCommand =
  /** Sides of all partitions: arriving entities are in the sides of their sources. */
  | { kind: 'world'; sides: SideColumns[] }
  | { kind: 'encode'; at: number }
  /** A piece was taken, and its memory can be reused. */
  | { kind: 'taken'; memory: ArrayBufferLike }

export type EncoderReport =
  | { kind: 'piece'; bytes: Uint8Array }
  | { kind: 'done'; summary: PartitionSummary }
  | { kind: 'failed'; fault: SnapshotFault }

/** Most pieces in use, including the one being taken. A piece is about 65,536 entities. */
const PIECES_MAX = 3

class EncoderThread {
  readonly #port: MessagePort
  /** Working memory for the current partition. */
  #scratch = new Scratch()
  #sides: SideColumns[] = []
  #piecesOut = 0
  /** Memory of pieces that were taken. */
  #spare: ArrayBufferLike[] = []
  #longestPieceBytes = 0
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
      this.#spare = []
      this.#longestPieceBytes = 0
    } else if (command.kind === 'encode')
      this.#work = this.#work.then(() => this.#encode(command.at))
    else {
      this.#piecesOut--
      this.#spare.push(command.memory)
      this.#wake()
    }
  }

  async #encode(at: number): Promise<void> {
    this.#scratch.reuse()
    const roomFor = (bytes: number) => this.#roomFor(bytes)
    const encoded = encodeState(stateOfSide(this.#sides, at, this.#scratch), { roomFor })
    if (isSnapshotFault(encoded)) return this.#say({ kind: 'failed', fault: encoded })
    for (const bytes of encoded.pieces) {
      this.#piecesOut++
      this.#say({ kind: 'piece', bytes })
      await this.#mayGoOn()
    }
    this.#say({ kind: 'done', summary: encoded.summary() })
  }

  async #mayGoOn(): Promise<void> {
    while (this.#piecesOut === PIECES_MAX) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /**
   * Reuses returned memory if it is large enough, else allocates as much as the longest piece. The
   * memory is shared, since transferred buffers would count as garbage for the collector.
   */
  #roomFor(bytes: number): Uint8Array {
    this.#longestPieceBytes = Math.max(this.#longestPieceBytes, bytes)
    const spare = this.#spare.pop()
    const memory =
      spare && spare.byteLength >= bytes ? spare : new SharedArrayBuffer(this.#longestPieceBytes)
    return new Uint8Array(memory, 0, bytes)
  }

  #say(report: EncoderReport): void {
    this.#port.postMessage(report)
  }
}

new EncoderThread(parentPort!)
