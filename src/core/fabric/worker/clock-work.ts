// What the clock does in memory: performs the effects of the clock's machine (core/tick/clock-machine.ts) on a fabric, and keeps partitions that have no app.
// Owns every write of the clock to the fabric; never decides what is done next, and never waits or wakes: that is left to the program that drives both.

import type { Addition, ClockMachine, CopyRequest, Effect } from '../../tick/clock-machine.ts'
import type { Fabric } from '../memory/fabric.ts'
import { ClockMeter, HandoffCounter } from '../memory/meters.ts'
import { rowState } from '../memory/partition-memory.ts'
import { PartitionOwner } from '../owner/partition-owner.ts'
import { Barrier, type HandoffsOfTick } from './barrier.ts'
import { CopyRoom, copySides, type SideColumns } from './side-columns.ts'
import { hashWorld } from './state.ts'

/** The whole world as committed at one tick. */
export interface WorldCopy {
  tick: number
  nextIdLane: number
  /** In memory that all threads share. */
  sides: SideColumns[]
}

export type ClockReport =
  | { kind: 'started' }
  | { kind: 'stopped' }
  | { kind: 'partitionAdded'; request: number; partition: number; error?: string }
  | { kind: 'stateCopied'; request: number; copy: WorldCopy }
  | { kind: 'stateHash'; tick: number; entities: number; handoffs: number; stateHash: string }
  /** These have not committed the tick yet, which has taken `forMs` so far. Said again and again. */
  | { kind: 'late'; tick: number; forMs: number; partitions: number[] }
  | { kind: 'finished' }

export interface ClockWorkOptions {
  report: (report: ClockReport) => void
  /** From the begin of the clock that all processes share until that of the one whose time the machine is told. */
  clockBeganMs?: number
}

/** A copy on its way. */
interface Copying {
  request: number
  tick: number
  nextIdLane: number
  steps: Generator<void, SideColumns[]>
}

export class ClockWork {
  /** What became of the last tick's handoffs. */
  readonly handoffs: HandoffsOfTick = { granted: 0, rejected: 0 }
  protected readonly fabric: Fabric
  readonly #machine: ClockMachine
  readonly #report: ClockWorkOptions['report']
  readonly #clockBeganMs: number
  readonly #meter: ClockMeter
  readonly #handoffCounter: HandoffCounter
  readonly #barrier: Barrier
  /** By partition without an app. */
  readonly #caretakers: (PartitionOwner | undefined)[] = []
  #copying: Copying | undefined
  #granted = 0

  constructor(machine: ClockMachine, fabric: Fabric, { report, clockBeganMs = 0 }: ClockWorkOptions) {
    this.fabric = fabric
    this.#machine = machine
    this.#report = report
    this.#clockBeganMs = clockBeganMs
    this.#meter = new ClockMeter(fabric)
    this.#handoffCounter = new HandoffCounter(fabric)
    this.#barrier = new Barrier(fabric)
    this.#handoffCounter.count(fabric.control.committedTick)
  }

  /** Performs an effect to its end, and answers the machine. Of `wake` and `wait` nothing is done in memory. */
  perform(effect: Readonly<Effect>): void {
    const { tick, partition } = effect
    const { control } = this.fabric
    switch (effect.kind) {
      case 'release':
        this.#meter.addMissedTicks(effect.missedTicks)
        this.#meter.setReleasedAt(this.#clockBeganMs + effect.nowMs)
        control.release(tick, this.#machine.participants)
        break
      case 'keep':
        this.#keep(partition, tick, false)
        break
      case 'empty':
        this.#keep(partition, tick, true)
        break
      case 'takeCare':
        this.#caretakers[partition] = new PartitionOwner(this.fabric, partition)
        break
      case 'standIn':
        this.#standIn(partition, tick)
        break
      case 'grant':
        this.#grant(tick)
        break
      case 'commit':
        control.setCommittedTick(tick)
        break
      case 'measure':
        this.#meter.phases.barrier.add(effect.computedMs)
        this.#meter.phases.handoff.add(effect.barrierMs)
        break
      case 'hash':
        this.#report({ kind: 'stateHash', tick, handoffs: this.#granted, ...hashWorld(this.fabric, tick) })
        break
      case 'beginCopy':
        this.#beginCopy(tick, effect.copy!)
        break
      case 'copyStep':
        this.#copyStep()
        break
      case 'add':
        this.#add(effect.addition!)
        break
      case 'remove':
        this.#removeIfSettled(partition, tick)
        break
      case 'shutDownApp':
        control.setPartitionWord(partition, 'shutdown', 1)
        control.bumpReleaseWord()
        break
      case 'shutDown':
        control.setShutdown()
        control.bumpReleaseWord()
        break
      case 'late':
        this.#report({ kind: 'late', tick, forMs: effect.lateMs, partitions: this.#pending() })
        break
      case 'sayStarted':
        this.#report({ kind: 'started' })
        break
      case 'sayStopped':
        this.#report({ kind: 'stopped' })
        break
      case 'finished':
        this.#report({ kind: 'finished' })
        break
    }
  }

  /** For a clock in the same process as its apps: goes on until there is nothing to do but wait, and says for how long. */
  goOn(nowMs: number): number {
    for (;;) {
      const effect = this.#machine.step(nowMs, this.fabric.control.nonePending())
      if (effect.kind === 'wait') return effect.waitMs
      this.perform(effect)
      if (effect.kind === 'finished') return Number.POSITIVE_INFINITY
    }
  }

  #keep(partition: number, tick: number, empties: boolean): void {
    const caretaker = this.#caretakers[partition]!
    caretaker.begin(tick)
    for (let row = 0; empties && row < caretaker.rows; row++)
      if (caretaker.back.state[row] !== rowState.free) caretaker.delete(row)
    caretaker.finish()
  }

  /** Its app may have committed before it was gone. */
  #standIn(partition: number, tick: number): void {
    const { control } = this.fabric
    if (!control.isPending(partition)) return
    this.#keep(partition, tick, false)
    control.clearPending(partition)
  }

  #grant(tick: number): void {
    const { granted, rejected } = this.#barrier.grant(tick)
    this.handoffs.granted = granted
    this.handoffs.rejected = rejected
    this.#granted += granted
    this.#handoffCounter.count(tick)
  }

  #beginCopy(tick: number, { request, room }: CopyRequest): void {
    const steps = copySides(this.fabric, tick, new CopyRoom(room))
    this.#copying = { request, tick, nextIdLane: this.fabric.control.nextIdLane, steps }
  }

  #copyStep(): void {
    const { request, tick, nextIdLane, steps } = this.#copying!
    const step = steps.next()
    if (!step.done) return
    this.#copying = undefined
    this.#machine.copied()
    this.#report({ kind: 'stateCopied', request, copy: { tick, nextIdLane, sides: step.value } })
  }

  #add({ request, domain, name }: Addition): void {
    let partition = -1
    let error: string | undefined
    try {
      partition = this.fabric.addPartition({ domain, cell: -1, name })
      const { partitionCapacity } = this.fabric.control.sizes
      if (partition >= 0) this.#machine.added(partition)
      else error = `the simulation has ${partitionCapacity} partitions, and takes no more`
    } catch (cause) {
      error = (cause as Error).message
    }
    this.#report({ kind: 'partitionAdded', request, partition, error })
  }

  /** What was granted to leave has to be gone first; the rest vanishes with the partition. */
  #removeIfSettled(partition: number, committedTick: number): void {
    const side = this.fabric.partition(partition).side(committedTick)
    for (let group = 0; group < side.get('handoffGroups'); group++) if (side.handoffGranted[group] > 0) return
    this.fabric.removePartition(partition)
    this.#caretakers[partition] = undefined
    this.#machine.removed()
  }

  #pending(): number[] {
    return [...this.fabric.partitions()].filter((partition) => this.fabric.control.isPending(partition))
  }
}
