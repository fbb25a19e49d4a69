// What the clock does in memory: performs the effects of the clock's machine
// (core/tick/clock-machine.ts) on a fabric, and keeps partitions that have no app.
// Owns every write of the clock to the fabric; never decides what is done next. Never waits or
// wakes: the program that drives both does.

import { assert } from '../../../base/assert.ts'
import type { Addition, ClockMachine, CopyRequest, Effect } from '../../tick/clock-machine.ts'
import { rowState } from '../memory/columns.ts'
import type { Fabric } from '../memory/fabric.ts'
import { ClockMeter, HandoffCounter } from '../memory/meters.ts'
import { PartitionOwner } from '../owner/partition-owner.ts'
import { Barrier, type HandoffsOfTick } from './barrier.ts'
import { CopyRoom, copySides, type SideColumns } from './side-columns.ts'
import { SideError } from './side-error.ts'
import { hashWorld } from './state.ts'

/** The whole world as committed at one tick. */
export interface WorldCopy {
  tick: number
  nextIdLane: number
  /** Columns in memory that all threads share. */
  sides: SideColumns[]
}

export type ClockReport =
  | { kind: 'started' }
  | { kind: 'stopped' }
  | { kind: 'partitionAdded'; request: number; partition: number; error?: string }
  | { kind: 'stateCopied'; request: number; copy: WorldCopy }
  /** The copy is not made: an app wrote over what was committed, see the report `damaged`. */
  | { kind: 'notCopied'; request: number; error: string }
  | { kind: 'stateHash'; tick: number; entities: number; handoffs: number; stateHash: string }
  /**
   * These partitions have not committed the tick, which has taken `forMs` so far. Reported
   * repeatedly.
   */
  | { kind: 'late'; tick: number; forMs: number; partitions: number[] }
  /** This partition's app wrote wrong numbers for the tick: another process must compute it. */
  | { kind: 'refused'; tick: number; partition: number; incarnation: number; fault: string }
  /**
   * This partition has no app, and its committed numbers are wrong: the world cannot continue from
   * it.
   */
  | { kind: 'damaged'; tick: number; partition: number; fault: string }
  | { kind: 'finished' }

/** For a clock that has no process to end: a wrong number is its own program's mistake. */
export function throwIfWrong(report: ClockReport): void {
  const isWrong = report.kind === 'refused' || report.kind === 'damaged'
  if (isWrong) throw new Error(`partition ${report.partition} is ${report.kind}: ${report.fault}`)
}

interface ClockWorkOptions {
  report: (report: ClockReport) => void
  /**
   * Milliseconds from the start of the clock that all processes share to the start of the clock
   * that gives the machine its time.
   */
  clockBeganMs?: number
  /** Bytes of a step of a copy; see CopyRoom. */
  copyStepBytes?: number
}

/** A copy on its way. */
interface Copying {
  request: number
  tick: number
  nextIdLane: number
  steps: Generator<void, SideColumns[]>
}

export class ClockWork {
  /** The outcome of the last tick's handoffs. */
  readonly handoffs: HandoffsOfTick = { granted: 0, rejected: 0 }
  protected readonly fabric: Fabric
  readonly #machine: ClockMachine
  readonly #report: ClockWorkOptions['report']
  readonly #clockBeganMs: number
  readonly #copyStepBytes: number | undefined
  readonly #meter: ClockMeter
  readonly #handoffCounter: HandoffCounter
  readonly #barrier: Barrier
  /** By partition without an app: its owner. */
  readonly #caretakers: (PartitionOwner | undefined)[] = []
  /** By partition without an app: the tick that the clock had to compute a second time. */
  readonly #computedAgain: number[] = []
  #copying: Copying | undefined
  #granted = 0

  constructor(
    machine: ClockMachine,
    fabric: Fabric,
    { report, clockBeganMs = 0, copyStepBytes }: ClockWorkOptions,
  ) {
    this.fabric = fabric
    this.#machine = machine
    this.#report = report
    this.#clockBeganMs = clockBeganMs
    this.#copyStepBytes = copyStepBytes
    this.#meter = new ClockMeter(fabric)
    this.#handoffCounter = new HandoffCounter(fabric)
    this.#barrier = new Barrier(fabric)
    this.#handoffCounter.count(fabric.control.committedTick)
  }

  /**
   * Performs an effect completely, and answers the machine. For `wake` and `wait` there is nothing
   * to do in memory.
   */
  perform(effect: Readonly<Effect>): void {
    const { tick, partition } = effect
    const { control } = this.fabric
    switch (effect.kind) {
      case 'release':
        this.#meter.addMissedTicks(effect.missedTicks)
        this.#meter.setReleasedAt(this.#clockBeganMs + effect.nowMs)
        this.fabric.commits.release(tick, this.#machine.participants)
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
        assert(this.fabric.commits.nonePending(), 'a tick is committed when all have committed')
        control.setCommittedTick(tick)
        break
      case 'measure':
        this.#meter.phases.barrier.add(effect.computedMs)
        this.#meter.phases.handoff.add(effect.barrierMs)
        break
      case 'hash':
        this.#hash(tick)
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

  /**
   * For a clock in the same process as its apps: continues until it can only wait, and returns for
   * how long.
   */
  goOn(nowMs: number): number {
    for (;;) {
      const effect = this.#machine.step(nowMs, this.fabric.commits.nonePending())
      if (effect.kind === 'wait') return effect.waitMs
      this.perform(effect)
      if (effect.kind === 'finished') return Number.POSITIVE_INFINITY
    }
  }

  /**
   * The clock computes for a partition. It cannot do so from a committed side that was overwritten.
   */
  #keep(partition: number, tick: number, empties: boolean): boolean {
    try {
      this.#compute(partition, tick, empties)
      return true
    } catch (error) {
      this.#report({ kind: 'damaged', tick, partition, fault: (error as Error).message })
      return false
    }
  }

  #compute(partition: number, tick: number, empties: boolean): void {
    const caretaker = this.#caretakers[partition]!
    caretaker.begin(tick)
    for (let row = 0; empties && row < caretaker.rows; row++)
      if (caretaker.back.state[row] !== rowState.free) caretaker.delete(row)
    caretaker.finish()
  }

  /** Its app may have committed before it was gone. */
  #standIn(partition: number, tick: number): void {
    const { commits } = this.fabric
    if (!commits.isPending(partition)) return
    if (this.#keep(partition, tick, false)) commits.standIn(partition)
  }

  #grant(tick: number): void {
    if (!this.#barrier.check(tick, (partition, fault) => this.#refuse(partition, tick, fault))) {
      this.#machine.refused()
      return
    }
    const { granted, rejected } = this.#barrier.grant(tick)
    this.handoffs.granted = granted
    this.handoffs.rejected = rejected
    this.#granted += granted
    this.#handoffCounter.count(tick)
  }

  /**
   * The tick continues once the app's next process has computed it, or the clock has for a missing
   * app.
   */
  #refuse(partition: number, tick: number, fault: string): void {
    this.fabric.commits.refuse(partition)
    if (this.#machine.participants.has(partition)) {
      const incarnation = this.fabric.control.partitionWord(partition, 'incarnation')
      this.#report({ kind: 'refused', tick, partition, incarnation, fault })
      return
    }
    const isFirst = this.#computedAgain[partition] !== tick
    this.#computedAgain[partition] = tick
    if (isFirst) this.#machine.obey({ kind: 'leave', partition }, 0)
    else this.#report({ kind: 'damaged', tick, partition, fault })
  }

  #hash(tick: number): void {
    const hashed = this.#read(tick, () => hashWorld(this.fabric, tick))
    if (hashed) this.#report({ kind: 'stateHash', tick, handoffs: this.#granted, ...hashed })
  }

  /** An app can overwrite what it committed, long after the check. */
  #read<Result>(tick: number, reading: () => Result): Result | undefined {
    try {
      this.#barrier.assertReadable(tick)
      return reading()
    } catch (error) {
      if (!(error instanceof SideError)) throw error
      const { partition, message } = error
      this.#report({ kind: 'damaged', tick, partition, fault: message })
      return undefined
    }
  }

  #beginCopy(tick: number, { request, room }: CopyRequest): void {
    const steps = copySides(this.fabric, tick, new CopyRoom(room, this.#copyStepBytes))
    this.#copying = { request, tick, nextIdLane: this.fabric.control.nextIdLane, steps }
  }

  #copyStep(): void {
    const { request, tick, nextIdLane, steps } = this.#copying!
    const step = this.#read(tick, () => steps.next())
    if (step && !step.done) return
    this.#copying = undefined
    this.#machine.copied()
    const error = `tick ${tick} can't be copied: an app wrote over what it committed`
    if (!step) this.#report({ kind: 'notCopied', request, error })
    else
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

  /**
   * Entities that were granted to leave must be gone first; the rest vanishes with the partition.
   */
  #removeIfSettled(partition: number, committedTick: number): void {
    const side = this.fabric.partition(partition).side(committedTick)
    for (let group = 0; group < side.get('handoffGroups'); group++)
      if (side.handoffGranted[group] > 0) return
    this.fabric.removePartition(partition)
    this.#caretakers[partition] = undefined
    this.#machine.removed()
  }

  #pending(): number[] {
    return [...this.fabric.partitions()].filter((partition) =>
      this.fabric.commits.isPending(partition),
    )
  }
}
