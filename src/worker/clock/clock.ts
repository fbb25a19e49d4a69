// The clock as the worker's main thread sees it: commands go in, reports come out as events and promises.
// Owns the thread; never touches the fabric but to wake the thread.

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
  /** The numbers that a partition's app wrote for the tick are wrong: it is waited for another process. */
  refused: [{ tick: number; partition: number; incarnation: number; fault: string }]
  /** A partition without an app can't go on from what is committed of it. */
  damaged: [{ tick: number; partition: number; fault: string }]
  stateHash: [{ tick: number; entities: number; handoffs: number; stateHash: string }]
  /** The thread broke, which is a programmer's error, or the memory was written over. */
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
    // The thread itself looks only while ticks run.
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

  /** The newest committed tick that can be believed. */
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

  /** Adds a partition without an area between two ticks; throws where there is no room. */
  async addPartition(domain: number, name: string): Promise<number> {
    const report = await this.#ask((request) => ({ kind: 'addPartition', request, domain, name }))
    if (report.kind !== 'partitionAdded' || report.error)
      throw new Error(report.kind === 'partitionAdded' ? report.error : report.kind)
    return report.partition
  }

  /** Copies the world as committed at one tick, while the next one is computed: the newest tick, or the next one that is asked for. */
  async copyState(room: SharedArrayBuffer, only?: CopiedTicks): Promise<WorldCopy> {
    const report = await this.#ask((request) => ({
      kind: 'copyState',
      request,
      room,
      ...(only && { only }),
    }))
    if (report.kind !== 'stateCopied') throw new Error(`unexpected report ${report.kind}`)
    return report.copy
  }

  /** Ends the clock and tells all apps to shut down; with `force` without waiting for the tick that is being computed. */
  async finish(force: boolean): Promise<void> {
    this.#tell({ kind: 'finish', force })
    await this.#finished
    this.#port.close()
  }

  /** Throws where the clock ends before it answers. */
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
