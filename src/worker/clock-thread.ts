// The clock: releases ticks, waits until all have committed, arbitrates, and flips the world to the next tick.
// Owns every write to the control segment while the simulation runs, and the partitions that have no app. Blocks in the futex: nothing else runs on this thread.

import { type MessagePort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { arbitrate } from '../core/fabric/barrier.ts'
import { ControlBlock } from '../core/fabric/control-block.ts'
import { Fabric } from '../core/fabric/fabric.ts'
import { ClockMeter, HandoffCounter } from '../core/fabric/meters.ts'
import { rowState } from '../core/fabric/partition-memory.ts'
import { PartitionOwner } from '../core/fabric/partition-owner.ts'
import { CopyRoom, copySides, doneAtOnce, type SideColumns } from '../core/fabric/side-columns.ts'
import { hashWorld } from '../core/fabric/state.ts'
import { World } from '../core/fabric/world.ts'
import { Pacer } from '../core/tick/pacer.ts'
import { runPromptly } from '../io/launch/scheduling.ts'
import { type Futex, futexAt } from '../io/shm/futex.ts'
import { SharedSegments } from '../io/shm/shared-segments.ts'
import type { ClockCommand, ClockReport, ClockThreadData, WorldCopy } from './clock-messages.ts'

const waitMs = 100
const idleWaitMs = 1000
const lateIntervalMs = 100

type CopyRequest = Omit<Extract<ClockCommand, { kind: 'copyState' }>, 'kind'>

/** A copy of the world as committed at one tick, on its way. */
interface Copying {
  request: number
  tick: number
  nextIdLane: number
  steps: Generator<void, SideColumns[]>
}

class ClockThread {
  readonly #data: ClockThreadData
  readonly #port: MessagePort
  readonly #commandsSent: Int32Array
  #commandsKnown = 0
  /** From the begin of the system's monotonic clock until that of this thread's. */
  readonly #bootedBeforeMs = Number(process.hrtime.bigint()) / 1e6 - performance.now()
  readonly #control: ControlBlock
  readonly #fabric: Fabric
  readonly #released: Futex
  readonly #worker: Futex
  readonly #pacer: Pacer
  readonly #meter: ClockMeter
  readonly #handoffCounter: HandoffCounter
  /** Partitions whose app computes each tick. */
  readonly #participants = new Set<number>()
  /** Partitions without an app, kept as they are by this thread. */
  readonly #caretakers = new Map<number, PartitionOwner>()
  /** They compute from the next tick on. */
  readonly #joining = new Set<number>()
  readonly #removing = new Set<number>()
  readonly #copyRequests: CopyRequest[] = []
  #copying: Copying | undefined
  #betweenTicks: (() => void)[] = []
  #running = false
  #computing = false
  #finishing: 'no' | 'afterTick' | 'now' = 'no'
  #releasedAtMs = 0
  #lateSaidAtMs = 0
  #handoffs = 0
  #hashedTick = -1

  constructor(data: ClockThreadData, port: MessagePort) {
    this.#data = data
    this.#port = port
    this.#commandsSent = new Int32Array(data.commandCount)
    const segments = new SharedSegments(data.fabricFolder)
    this.#control = ControlBlock.open(segments)
    this.#fabric = new Fabric(segments, this.#control, new World(data.world), () => true)
    const segment = segments.open(this.#control.segment.name, this.#control.segment.bytes, true)
    this.#released = futexAt(segment, this.#control.releaseWordOffset)
    this.#worker = futexAt(segment, this.#control.workerWordOffset)
    this.#pacer = new Pacer(data.tickRate)
    this.#meter = new ClockMeter(this.#fabric)
    this.#handoffCounter = new HandoffCounter(this.#fabric)
    this.#handoffCounter.count(this.#control.committedTick)
    for (const partition of this.#fabric.partitions()) this.#takeCare(partition)
  }

  run(): void {
    for (;;) {
      const word = this.#control.loadWorkerWord()
      this.#obey()
      if (this.#finishing === 'now') break
      if (this.#computing) {
        if (this.#control.nonePending()) this.#commit()
        else if (!this.#copyStep()) {
          this.#sayWhoIsLate()
          this.#worker.wait(word, waitMs)
        }
        continue
      }
      this.#workBetweenTicks()
      if (this.#finishing === 'afterTick') break
      const dueInMs = this.#running ? this.#pacer.dueInMs(performance.now()) : idleWaitMs
      if (dueInMs <= 0) this.#release()
      else if (!this.#copyStep()) this.#worker.wait(word, dueInMs)
    }
    this.#control.setShutdown()
    this.#wakeApps()
    this.#say({ kind: 'finished' })
  }

  #release(): void {
    // What was committed a tick ago is about to be overwritten.
    if (this.#copying && this.#copying.tick < this.#control.committedTick) this.#finishCopy()
    this.#beginCopy()
    const nowMs = performance.now()
    this.#meter.addMissedTicks(this.#pacer.released(nowMs))
    this.#releasedAtMs = nowMs
    this.#lateSaidAtMs = nowMs
    const committed = this.#control.committedTick
    const tick = committed + 1
    this.#computing = true
    this.#meter.setReleasedAt(this.#bootedBeforeMs + nowMs)
    this.#control.release(tick, this.#participants)
    this.#released.wake()
    for (const [partition, caretaker] of this.#caretakers) this.#keep(partition, caretaker, tick)
    // The committed side stays untouched until the tick after this one: there is time while the apps compute.
    this.#hashState(committed)
  }

  #commit(): void {
    const { tick } = this.#control
    const allCommittedAtMs = performance.now()
    this.#meter.phases.barrier.add(allCommittedAtMs - this.#releasedAtMs)
    const { granted } = arbitrate(this.#fabric, tick, this.#data.world.transfersPerTick)
    this.#handoffs += granted
    this.#handoffCounter.count(tick)
    this.#control.setCommittedTick(tick)
    this.#computing = false
    this.#meter.phases.handoff.add(performance.now() - allCommittedAtMs)
  }

  #workBetweenTicks(): void {
    // A partition that comes or goes takes part in none of a copy, or all of it.
    if (this.#betweenTicks.length > 0 || this.#removing.size > 0) this.#finishCopy()
    const work = this.#betweenTicks
    this.#betweenTicks = []
    for (const act of work) act()
    for (const partition of this.#joining) {
      this.#caretakers.delete(partition)
      this.#participants.add(partition)
    }
    this.#joining.clear()
    for (const partition of this.#removing) this.#removeIfSettled(partition)
  }

  #obey(): void {
    const sent = Atomics.load(this.#commandsSent, 0)
    if (sent === this.#commandsKnown) return
    this.#commandsKnown = sent
    for (let message = receiveMessageOnPort(this.#port); message; message = receiveMessageOnPort(this.#port)) {
      this.#obeyOne(message.message as ClockCommand)
    }
  }

  #obeyOne(command: ClockCommand): void {
    switch (command.kind) {
      case 'start':
        if (!this.#running) this.#pacer.start(performance.now())
        this.#running = true
        this.#say({ kind: 'started' })
        return
      case 'stop':
        this.#running = false
        this.#betweenTicks.push(() => {
          if (!this.#running) this.#hashStateAtStop()
          this.#say({ kind: 'stopped' })
        })
        return
      case 'join':
        this.#joining.add(command.partition)
        return
      case 'leave':
        this.#leave(command.partition)
        return
      case 'addPartition':
        this.#betweenTicks.push(() => this.#addPartition(command))
        return
      case 'shutDownApp':
        this.#betweenTicks.push(() => {
          this.#leave(command.partition)
          this.#control.setPartitionWord(command.partition, 'shutdown', 1)
          this.#wakeApps()
        })
        return
      case 'removePartition':
        this.#betweenTicks.push(() => this.#removing.add(command.partition))
        return
      case 'copyState':
        this.#copyRequests.push(command)
        return
      case 'finish':
        this.#finishing = command.force ? 'now' : 'afterTick'
        return
    }
  }

  /** At once, since all may be waiting for it; also where it was only about to join. */
  #leave(partition: number): void {
    this.#joining.delete(partition)
    this.#participants.delete(partition)
    const caretaker = this.#takeCare(partition)
    if (!this.#control.isPending(partition)) return
    this.#keep(partition, caretaker, this.#control.tick)
    this.#control.clearPending(partition)
  }

  #takeCare(partition: number): PartitionOwner {
    const caretaker = new PartitionOwner(this.#fabric, partition)
    this.#caretakers.set(partition, caretaker)
    return caretaker
  }

  /** A tick of a partition without an app: what was on its way goes and comes, all else stays. */
  #keep(partition: number, caretaker: PartitionOwner, tick: number): void {
    caretaker.begin(tick)
    if (this.#removing.has(partition)) {
      for (let row = 0; row < caretaker.rows; row++)
        if (caretaker.back.state[row] !== rowState.free) caretaker.delete(row)
    }
    caretaker.finish()
  }

  #addPartition({ request, domain, name }: { request: number; domain: number; name: string }): void {
    let partition = -1
    let error: string | undefined
    try {
      partition = this.#fabric.addPartition({ domain, cell: -1, name })
      if (partition < 0)
        error = `the simulation has ${this.#control.sizes.partitionCapacity} partitions, and takes no more`
      else this.#takeCare(partition)
    } catch (cause) {
      error = (cause as Error).message
    }
    this.#say({ kind: 'partitionAdded', request, partition, error })
  }

  #removeIfSettled(partition: number): void {
    const side = this.#fabric.partition(partition).side(this.#control.committedTick)
    for (let group = 0; group < side.get('handoffGroups'); group++) if (side.handoffGranted[group] > 0) return
    this.#fabric.removePartition(partition)
    this.#caretakers.delete(partition)
    this.#participants.delete(partition)
    this.#removing.delete(partition)
  }

  /** Goes on with a copy that was asked for, or begins one; it is made in the time that nothing else needs. False where there is nothing to copy. */
  #copyStep(): boolean {
    if (!this.#copying) this.#beginCopy()
    if (!this.#copying) return false
    const step = this.#copying.steps.next()
    if (step.done) this.#copied(this.#copying, step.value)
    return true
  }

  /** What was committed last stays as it is while the next tick is computed, for however long. A copy of certain ticks can't wait for the one before it. */
  #beginCopy(): void {
    const tick = this.#control.committedTick
    let next = this.#copyRequests.findIndex(({ only }) => only && tick > only.after && tick % only.multipleOf === 0)
    if (next >= 0) this.#finishCopy()
    else if (!this.#copying) next = this.#copyRequests.findIndex(({ only }) => !only)
    if (next < 0) return
    const [asked] = this.#copyRequests.splice(next, 1)
    const steps = copySides(this.#fabric, tick, new CopyRoom(asked.room))
    this.#copying = { request: asked.request, tick, nextIdLane: this.#control.nextIdLane, steps }
  }

  #finishCopy(): void {
    if (this.#copying) this.#copied(this.#copying, doneAtOnce(this.#copying.steps))
  }

  #copied({ request, tick, nextIdLane }: Copying, sides: SideColumns[]): void {
    this.#copying = undefined
    const copy: WorldCopy = { tick, nextIdLane, sides }
    this.#say({ kind: 'stateCopied', request, copy })
  }

  #hashStateAtStop(): void {
    // While the clock runs, a tick's hash is made when the next one is released; the last one has no next.
    this.#hashState(this.#control.committedTick)
    this.#hashedTick = this.#control.committedTick
  }

  #hashState(tick: number): void {
    const { hashInterval } = this.#data
    if (hashInterval === 0 || tick % hashInterval !== 0 || tick === this.#hashedTick) return
    const { stateHash, entities } = hashWorld(this.#fabric, tick)
    this.#say({ kind: 'stateHash', tick, entities, handoffs: this.#handoffs, stateHash })
  }

  #sayWhoIsLate(): void {
    const nowMs = performance.now()
    const { appTimeoutMs } = this.#data
    if (nowMs - this.#releasedAtMs < appTimeoutMs || nowMs - this.#lateSaidAtMs < lateIntervalMs) return
    this.#lateSaidAtMs = nowMs
    const partitions = [...this.#participants].filter((partition) => this.#control.isPending(partition))
    this.#say({ kind: 'late', tick: this.#control.tick, forMs: nowMs - this.#releasedAtMs, partitions })
  }

  #wakeApps(): void {
    this.#control.bumpReleaseWord()
    this.#released.wake()
  }

  #say(report: ClockReport): void {
    this.#port.postMessage(report)
  }
}

runPromptly()
const { data, port } = workerData as { data: ClockThreadData; port: MessagePort }
new ClockThread(data, port).run()
port.close()
