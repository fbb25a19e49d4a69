// The clock's thread: takes the worker's commands, asks the clock machine for the next effect,
// performs it.
// Owns waiting and waking. The order of effects is in core/tick/clock-machine.ts. The thread blocks
// in a futex, so nothing else can run on it.

import { type MessagePort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { ControlBlock } from '../../core/fabric/memory/control-block.ts'
import { Fabric } from '../../core/fabric/memory/fabric.ts'
import { World } from '../../core/fabric/memory/world.ts'
import { type ClockReport, ClockWork } from '../../core/fabric/worker/clock-work.ts'
import { type ClockCommand, ClockMachine } from '../../core/tick/clock-machine.ts'
import { runPromptly } from '../../io/launch/scheduling.ts'
import { type Futex, futexAt } from '../../io/shm/futex.ts'
import { type SharedSegment, SharedSegments } from '../../io/shm/shared-segments.ts'
import type { ClockThreadData } from './clock-messages.ts'

class ClockThread {
  readonly #port: MessagePort
  readonly #commandsSent: Int32Array
  #commandsKnown = 0
  readonly #fabric: Fabric
  readonly #machine: ClockMachine
  readonly #work: ClockWork
  readonly #released: Futex
  readonly #worker: Futex

  constructor(data: ClockThreadData, port: MessagePort) {
    this.#port = port
    this.#commandsSent = new Int32Array(data.commandCount)
    const segments = new SharedSegments(data.fabricFolder)
    const control = ControlBlock.open(segments, { writable: true })
    const fabric = new Fabric(segments, control, new World(data.world), () => true)
    this.#fabric = fabric
    this.#released = futexAt(control.segment as SharedSegment, control.releaseWordOffset)
    this.#worker = futexAt(control.wakeSegment as SharedSegment, control.wakeWordOffset)
    this.#machine = new ClockMachine({
      partitionCapacity: control.sizes.partitionCapacity,
      partitions: fabric.partitions(),
      committedTick: control.committedTick,
      tickRate: data.tickRate,
      appTimeoutMs: data.appTimeoutMs,
      hashInterval: data.hashInterval,
    })
    this.#work = new ClockWork(this.#machine, fabric, {
      report: (report: ClockReport) => port.postMessage(report),
      clockBeganMs: Number(process.hrtime.bigint()) / 1e6 - performance.now(),
    })
  }

  run(): void {
    for (;;) {
      // Load the word first: any later event changes the word or is seen below, so no wake-up is
      // missed.
      const word = this.#fabric.control.loadWakeWord()
      this.#obey()
      const effect = this.#machine.step(performance.now(), this.#fabric.commits.nonePending())
      if (effect.kind === 'wait') this.#worker.wait(word, effect.waitMs)
      else if (effect.kind === 'wake') this.#released.wake()
      else this.#work.perform(effect)
      if (effect.kind === 'finished') return
    }
  }

  #obey(): void {
    const sent = Atomics.load(this.#commandsSent, 0)
    if (sent === this.#commandsKnown) return
    this.#commandsKnown = sent
    for (
      let message = receiveMessageOnPort(this.#port);
      message;
      message = receiveMessageOnPort(this.#port)
    )
      this.#machine.obey(message.message as ClockCommand, performance.now())
  }
}

runPromptly()
const { data, port } = workerData as { data: ClockThreadData; port: MessagePort }
new ClockThread(data, port).run()
port.close()
