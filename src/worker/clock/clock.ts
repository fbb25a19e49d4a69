// The clock as the worker's main thread sees it. Commands go in; reports come out as events and
// promises.
// Owns the thread; touches the fabric only to wake the thread.

import { EventEmitter } from 'node:events'
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import type { ControlBlock } from '../../core/fabric/memory/control-block.ts'
import type { ClockReport, WorldCopy } from '../../core/fabric/worker/clock-work.ts'
import type { ClockCommand, CopiedTicks } from '../../core/tick/clock-machine.ts'
import { type Futex, futexAt } from '../../io/shm/futex.ts'
import type { SharedSegment } from '../../io/shm/shared-segments.ts'
import type { ClockThreadData } from './clock-messages.ts'
import { TrustedTick } from './trusted-tick.ts'

interface ClockEvents {
  started: []
  stopped: []
  late: [{ tick: number; forMs: number; partitions: number[] }]
  /** A partition's app wrote invalid numbers for the tick. The clock waits for another process. */
  refused: [{ tick: number; partition: number; incarnation: number; fault: string }]
  /** A partition without an app cannot continue from its committed state. */
  damaged: [{ tick: number; partition: number; fault: string }]
  stateHash: [{ tick: number; entities: number; handoffs: number; stateHash: string }]
  /** The thread failed: a programmer's error, or the memory was overwritten. */
  failed: [reason: string]
}

const LOOK_EACH_MS = 1_000

export class Clock extends EventEmitter<ClockEvents> {
  readonly #control: ControlBlock
  readonly #wake: Futex
  readonly #port: MessagePort
  readonly #thread: Worker
  readonly #waiting = new Map<number, PromiseWithResolvers<ClockReport>>()
  readonly #finished: Promise<void>
  readonly #trusted: TrustedTick
  readonly #looking: NodeJS.Timeout
  readonly #commandCount = new Int32Array(new SharedArrayBuffer(4))
  #nextRequest = 1
  #hasEnded = false

  constructor(control: ControlBlock, settings: Omit<ClockThreadData, 'commandCount'>) {
    super()
    this.#control = control
    this.#trusted = new TrustedTick(control)
    // The thread checks this itself only while ticks run.
    this.#looking = setInterval(() => this.#lookAtMemory(), LOOK_EACH_MS).unref()
    this.#wake = futexAt(control.wakeSegment as SharedSegment, control.wakeWordOffset)
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    const data: ClockThreadData = { ...settings, commandCount: this.#commandCount.buffer }
    this.#thread = new Worker(new URL('./clock-thread.ts', import.meta.url), {
      workerData: { data, port: port2 },
      transferList: [port2],
    })
    this.#thread.on('error', (error) => this.#fail(error as Error))
    this.#finished = new Promise((resolve) =>
      this.#thread.once('exit', () => {
        this.#hasEnded = true
        clearInterval(this.#looking)
        for (const { reject } of this.#waiting.values()) reject(clockHasEnded())
        this.#waiting.clear()
        resolve()
      }),
    )
    port1.on('message', (report: ClockReport) => this.#hear(report))
  }

  /** The newest committed tick that can be trusted. */
  get tick(): number {
    return this.#trusted.tick
  }

  start(): void {
    this.#tell({ kind: 'start' })
  }
  stop(): void {
    this.#tell({ kind: 'stop' })
  }
  join(partition: number): void {
    this.#tell({ kind: 'join', partition })
  }
  leave(partition: number): void {
    this.#tell({ kind: 'leave', partition })
  }
  shutDownApp(partition: number): void {
    this.#tell({ kind: 'shutDownApp', partition })
  }
  removePartition(partition: number): void {
    this.#tell({ kind: 'removePartition', partition })
  }

  /** Adds a partition without an area between two ticks. Throws if there is no room. */
  async addPartition(domain: number, name: string): Promise<number> {
    const report = await this.#ask((request) => ({ kind: 'addPartition', request, domain, name }))
    if (report.kind !== 'partitionAdded' || report.error)
      throw new Error(report.kind === 'partitionAdded' ? report.error : report.kind)
    return report.partition
  }

  /**
   * Copies the world of one committed tick while the next is computed: the newest tick, or the next
   * that `only` selects.
   */
  async copyState(room: SharedArrayBuffer, only?: CopiedTicks): Promise<WorldCopy> {
    const report = await this.#ask((request) => ({
      kind: 'copyState',
      request,
      room,
      ...(only && { only }),
    }))
    if (report.kind === 'notCopied') throw new Error(report.error)
    if (report.kind !== 'stateCopied') throw new Error(`unexpected report ${report.kind}`)
    return report.copy
  }

  /**
   * Ends the clock after the current tick (at once with `force`), and tells all apps to shut down.
   */
  async finish(force: boolean): Promise<void> {
    this.#tell({ kind: 'finish', force })
    await this.#finished
    this.#port.close()
  }

  /** Throws if the clock ends before it answers. */
  async #ask(command: (request: number) => ClockCommand): Promise<ClockReport> {
    if (this.#hasEnded) throw clockHasEnded()
    const request = this.#nextRequest++
    const waiting = Promise.withResolvers<ClockReport>()
    this.#waiting.set(request, waiting)
    this.#tell(command(request))
    return waiting.promise
  }

  #fail({ stack, message }: Error): void {
    this.emit('failed', this.#trusted.look() ?? stack ?? message)
  }

  #lookAtMemory(): void {
    const fault = this.#trusted.look()
    if (fault === undefined) return
    clearInterval(this.#looking)
    this.emit('failed', fault)
  }

  #tell(command: ClockCommand): void {
    this.#port.postMessage(command)
    Atomics.add(this.#commandCount, 0, 1)
    this.#control.bumpWakeWord()
    this.#wake.wake()
  }

  #hear(report: ClockReport): void {
    if ('request' in report) {
      this.#waiting.get(report.request)?.resolve(report)
      this.#waiting.delete(report.request)
    } else if (report.kind === 'late') {
      this.emit('late', report)
    } else if (report.kind === 'refused') {
      this.emit('refused', report)
    } else if (report.kind === 'damaged') {
      this.emit('damaged', report)
    } else if (report.kind === 'stateHash') {
      this.emit('stateHash', report)
    } else if (report.kind === 'started') {
      this.emit('started')
    } else if (report.kind === 'stopped') {
      this.emit('stopped')
    }
  }
}

function clockHasEnded(): Error {
  return new Error('the clock has ended')
}
