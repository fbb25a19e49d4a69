// One history of a world from its seed: ticks, crashes, full machines and snapshots. Each committed
// tick is compared with the model.
// Owns the turns: any process may die between two steps of an app or two effects of the product's
// clock. The model and the checker decide what is right.

import { PAGE_BYTES, type Segments } from '../../src/base/memory.ts'
import { Scratch } from '../../src/base/scratch.ts'
import type { PartitionState } from '../../src/core/entities/partition-state.ts'
import { ControlBlock } from '../../src/core/fabric/memory/control-block.ts'
import { controlRecord } from '../../src/core/fabric/memory/control-records.ts'
import { Fabric } from '../../src/core/fabric/memory/fabric.ts'
import { partitionFolder } from '../../src/core/fabric/memory/layout.ts'
import type { ClockReport, ClockWork, WorldCopy } from '../../src/core/fabric/worker/clock-work.ts'
import { hashWorld } from '../../src/core/fabric/worker/state.ts'
import type { ClockMachine, EffectKind } from '../../src/core/tick/clock-machine.ts'
import { AppProcess, type Surroundings } from './app-process.ts'
import {
  checkClaimedAhead,
  checkCommitted,
  checkMadeKnown,
  checkStates,
  claimedRoom,
  grantedIds,
} from './checker.ts'
import { spoilBackSide } from './faults.ts'
import type { ExpectedBegin, ModelMessage, Operation, Picture } from './model.ts'
import { Death, type Parts, realParts } from './parts.ts'
import { PARTITION_CAPACITY_MAX, type Plan, planOf } from './plan.ts'
import { Random } from './random.ts'
import {
  hashOf,
  newWorld,
  restoredWorld,
  type SimulatedWorld,
  type Snapshot,
  worldOf,
} from './simulated-world.ts'
import { check } from './violation.ts'

/** Counts the events of a history. */
export const nothingHappened = {
  ticks: 0,
  entities: 0,
  granted: 0,
  rejected: 0,
  crashes: 0,
  memoryShort: 0,
  snapshots: 0,
  restores: 0,
  started: 0,
  stopped: 0,
  gaveMemoryBack: 0,
}
export type Happened = typeof nothingHappened

/** Entities on their way arrive in the tick after the one in which the others are deleted. */
const REMOVAL_TICKS_MAX = 3

/** Small, so that a copy takes many steps and much happens between them. */
const COPY_STEP_BYTES = 64

interface HistoryOptions {
  plan?: Plan
  ticks?: number
  parts?: Parts
  /** Gives the same apps another order and other crashes, with the same decisions. */
  scheduleSeed?: number
  /** More words for the command that runs it again. */
  flags?: string
}

export class HistoryFailure extends Error {
  constructor(seed: number, options: HistoryOptions, cause: unknown) {
    const what = cause instanceof Error ? cause.message : String(cause)
    const ticks = options.ticks === undefined ? '' : ` --ticks ${options.ticks}`
    const replay = options.plan
      ? 'its plan was changed by the test: run the test again'
      : `replay: npm run test:long -- --seed ${seed} --histories 1${ticks}${options.flags ?? ''}`
    super(`history ${seed}: ${what}\n  ${replay}`, { cause })
    this.name = 'HistoryFailure'
  }
}

/** Runs one history. Throws HistoryFailure, which tells how to repeat it. */
export function runHistory(
  seed: number,
  options: HistoryOptions = {},
): { happened: Happened; state: string } {
  const history = new History(options.plan ?? planOf(seed, options), options)
  try {
    return history.run()
  } catch (cause) {
    throw new HistoryFailure(seed, options, cause)
  }
}

class History {
  readonly #plan: Plan
  readonly #parts: Parts
  /** Decides what happens to the world. */
  readonly #fate: Random
  /**
   * Decides what must make no difference: the order of the apps, and who crashes and repeats its
   * tick.
   */
  readonly #schedule: Random
  readonly #happened: Happened = { ...nothingHappened }
  #world: SimulatedWorld
  #machine!: ClockMachine
  #work!: ClockWork
  /** The processes, by partition that takes part in ticks. */
  readonly #processes = new Map<number, AppProcess>()
  /** The processes that have not committed the tick that they compute. */
  readonly #running: Run[] = []
  #expected: ReadonlyMap<number, ExpectedBegin> = new Map()
  /** What the tick has done, by partition. */
  readonly #done = new Map<number, { operations: Operation[]; messages: ModelMessage[] }>()
  /** The tick at which an app returns, by partition that the clock keeps. */
  readonly #returnsAt = new Map<number, number>()
  /** The tick in which it was asked for, by partition that will be removed. */
  readonly #removing = new Map<number, number>()
  /** Partitions whose app has left since the last release. */
  readonly #left = new Set<number>()
  /** The world at the start of the copy in progress. */
  #picture: Picture | undefined
  /** True if the world ends in this tick, as soon as there is a copy to continue from. */
  #ends = false
  #snapshot: Snapshot | undefined
  #restoredAt = -1
  #launches = 0
  #pagesBefore = 0
  #starts = 0

  constructor(plan: Plan, options: HistoryOptions) {
    this.#plan = plan
    this.#parts = options.parts ?? realParts
    this.#fate = new Random(plan.seed, 4)
    this.#schedule = new Random(plan.seed, 5, options.scheduleSeed ?? 0)
    this.#world = newWorld(plan, this.#parts)
  }

  run(): { happened: Happened; state: string } {
    this.#startClock()
    while (this.#world.model.tick < this.#plan.ticks) this.#takeTurn()
    this.#machine.obey({ kind: 'finish', force: false }, 0)
    while (this.#stepClock() !== 'finished');
    check(
      this.#world.control.shutdown,
      this.#plan.ticks,
      () => 'the clock has finished and told nobody',
    )
    this.#checkSegments()
    const state = worldText(this.#world)
    this.#world.segments.release()
    return { happened: this.#happened, state }
  }

  /** Starts the product's clock on the world's memory, and an app for each partition. */
  #startClock(): void {
    const { control, fabric } = this.#world
    for (const kept of [this.#processes, this.#done, this.#returnsAt, this.#removing, this.#left])
      kept.clear()
    this.#running.length = 0
    this.#picture = undefined
    this.#pagesBefore = 0
    this.#machine = new this.#parts.Machine({
      partitionCapacity: control.sizes.partitionCapacity,
      partitions: fabric.partitions(),
      committedTick: control.committedTick,
      tickRate: 0,
    })
    this.#work = new this.#parts.Work(this.#machine, fabric, {
      report: (report) => this.#hear(report),
      copyStepBytes: COPY_STEP_BYTES,
    })
    for (const index of fabric.partitions()) this.#join(index)
    this.#machine.obey({ kind: 'start' }, 0)
  }

  /**
   * Lets an app do a step, or the clock perform an effect. A process that waits for a copy gets the
   * time for it.
   */
  #takeTurn(): void {
    const waits = this.#ends && !this.#snapshot && this.#running.length === 1
    if (this.#running.length > 0 && !waits && this.#schedule.chance(0.7)) {
      this.#advance()
      return
    }
    const kind = this.#stepClock()
    if (kind === 'wait' && this.#running.length > 0) this.#advance()
    else
      check(kind !== 'wait', this.#world.model.tick, () => 'the clock waits, and nobody computes')
    if (this.#snapshot && (kind === 'commit' || this.#schedule.chance(0.3)))
      this.#restore(this.#snapshot)
  }

  #stepClock(): EffectKind {
    const { fabric } = this.#world
    const effect = this.#machine.step(0, fabric.commits.nonePending())
    const { kind, tick, partition } = effect
    if (kind === 'beginCopy') this.#picture = this.#world.model.picture()
    this.#work.perform(effect)
    if (kind === 'release') this.#released(tick)
    else if (kind === 'keep' || kind === 'empty' || kind === 'standIn') this.#kept(partition, kind)
    else if (kind === 'commit') this.#committed(tick)
    else if (kind === 'remove') this.#looked(partition)
    return kind
  }

  #released(tick: number): void {
    const { fabric, model } = this.#world
    this.#expected = model.expectBegins()
    this.#left.clear()
    for (const index of model.partitions.keys())
      check(
        fabric.commits.isPending(index) === this.#processes.has(index),
        tick,
        () => `${index} is wrong about pending`,
      )
    if (tick !== this.#restoredAt) {
      const isCopied = this.#fate.chance(this.#plan.snapshot)
      this.#ends = this.#fate.chance(this.#plan.restore)
      if (isCopied || this.#ends)
        this.#machine.obey(
          { kind: 'copyState', request: tick, room: new SharedArrayBuffer(4096) },
          0,
        )
    }
    for (const process of this.#processes.values()) {
      const gone = this.#fate.chance(this.#plan.goneForLong)
      if (gone) this.#returnsAt.set(process.index, tick + this.#fate.between(1, 4))
      this.#running.push(this.#start(process, tick, gone))
    }
  }

  /** Lets a process do a step of its tick, or die. */
  #advance(): void {
    const { control, fabric } = this.#world
    const { tick } = control
    const place = this.#schedule.below(this.#running.length)
    const run = this.#running[place]
    const state = advance(run)
    if (state === 'running') return
    const { index, operations, messages } = run.process
    check(
      fabric.commits.isPending(index) === (state === 'dead'),
      tick,
      () => `partition ${index} is wrong about pending`,
    )
    if (state === 'dead' && !run.gone) {
      this.#die(index, tick)
      this.#running[place] = this.#start(this.#launch(index), tick, false)
      return
    }
    this.#running[place] = this.#running[this.#running.length - 1]
    this.#running.pop()
    if (state === 'done') this.#done.set(index, { operations, messages })
    if (state === 'dead') this.#die(index, tick)
    // The tick is committed, and the next process knows nothing of it.
    else if (run.stepsToDeath >= 0) this.#happened.crashes++
    else return
    if (!run.gone) this.#launch(index)
    else {
      this.#processes.delete(index)
      this.#leave(index)
    }
  }

  #start(process: AppProcess, tick: number, gone: boolean): Run {
    const dies = gone || this.#schedule.chance(this.#plan.crash)
    const inWrite = dies && this.#schedule.chance(0.4)
    const expected = this.#expected.get(process.index)!
    const steps = process.run(tick, expected, inWrite ? this.#schedule.between(1, 11) : 0)
    return { process, steps, stepsToDeath: dies && !inWrite ? this.#schedule.below(9) : -1, gone }
  }

  /** Handles a process that died in the tick: what it wrote may be anything. */
  #die(index: number, tick: number): void {
    const { segments, control } = this.#world
    this.#happened.crashes++
    const spoils = this.#schedule.chance(0.7)
    // How much is drawn depends on what is open, and nothing else must: it has numbers of its own.
    const random = new Random(this.#schedule.word())
    if (spoils)
      spoilBackSide(segments, control, random, {
        partition: index,
        tick,
        fieldsMax: this.#plan.fieldsMax,
      })
  }

  /** Handles a tick that the clock has done for a partition without an app. */
  #kept(partition: number, how: 'keep' | 'empty' | 'standIn'): void {
    check(
      how !== 'standIn' || this.#left.delete(partition),
      this.#world.control.tick,
      () => `the clock stands in for partition ${partition}, whose app has not left in the tick`,
    )
    const owned = how === 'empty' ? [...this.#expected.get(partition)!.entities.keys()] : []
    // The app may have committed before it died.
    if (how !== 'standIn' || !this.#done.has(partition))
      this.#done.set(partition, {
        operations: owned.map((id) => ({ kind: 'delete', id })),
        messages: [],
      })
  }

  #committed(tick: number): void {
    const { control, fabric, model, segments } = this.#world
    model.commit(tick, this.#done)
    this.#done.clear()
    checkCommitted(fabric, model)
    if (!this.#memoryIsShort()) checkClaimedAhead(fabric, model)
    checkMadeKnown(fabric, model)
    for (const [index, since] of this.#removing)
      check(tick - since <= REMOVAL_TICKS_MAX, tick, () => `partition ${index} is still there`)
    this.#parts.committed?.(fabric, tick)
    this.#checkMemory(tick)
    const granted = grantedIds(fabric, tick)
    model.grant(granted, this.#memoryIsShort(), claimedRoom(fabric, tick))
    const { handoffs } = this.#work
    check(
      handoffs.granted === granted.size,
      tick,
      () => `the barrier says it granted ${handoffs.granted}`,
    )
    if (this.#snapshot) return
    this.#ends = false

    this.#happened.ticks++
    this.#happened.entities += model.entities.size
    this.#happened.granted += handoffs.granted
    this.#happened.rejected += handoffs.rejected
    if (control.memoryPages < this.#pagesBefore) this.#happened.gaveMemoryBack++
    this.#changeMemory(segments)
    this.#stopSome()
    this.#startSome()
    for (const [index, returnsAt] of this.#returnsAt) {
      if (returnsAt > tick) continue
      this.#returnsAt.delete(index)
      this.#join(index)
    }
    this.#pagesBefore = control.memoryPages
  }

  /**
   * Stops apps without a cell. Entities that were granted to leave must be gone before the
   * partition is. The others vanish with it.
   */
  #stopSome(): void {
    for (const [index, { cell }] of this.#world.model.partitions) {
      if (
        cell >= 0 ||
        !this.#fate.chance(this.#plan.startOrStop * 0.3) ||
        this.#removing.has(index)
      )
        continue
      this.#removing.set(index, this.#world.model.tick)
      this.#processes.delete(index)
      this.#returnsAt.delete(index)
      this.#leave(index)
      this.#machine.obey({ kind: 'removePartition', partition: index }, 0)
    }
  }

  /** Handles the clock's check whether a partition can be removed. */
  #looked(partition: number): void {
    const { model, control } = this.#world
    if (control.partitionInUse(partition)) return
    model.removePartition(partition)
    this.#removing.delete(partition)
    this.#happened.stopped++
    this.#checkSegments()
    this.#checkMemory(model.tick)
  }

  #startSome(): void {
    const domain = this.#plan.domains.findIndex(({ grid }) => !grid)
    if (domain < 0 || !this.#fate.chance(this.#plan.startOrStop)) return
    const name = `maker-${++this.#starts}`
    this.#machine.obey({ kind: 'addPartition', request: domain, domain, name }, 0)
  }

  #hear(report: ClockReport): void {
    if (report.kind === 'stateCopied') this.#copied(report.copy)
    if (report.kind === 'refused' || report.kind === 'damaged')
      check(
        false,
        report.tick,
        () => `partition ${report.partition} is ${report.kind}: ${report.fault}`,
      )
    if (report.kind !== 'partitionAdded') return
    const { request: domain, partition, error } = report
    const { model, control } = this.#world
    if (partition >= 0) {
      model.addPartition(partition, domain, -1, control.partitionEpoch(partition))
      this.#happened.started++
      this.#checkMemory(model.tick)
      // Its app needs some ticks to attach, or none.
      const ticks = this.#fate.between(0, 2)
      if (ticks === 0) this.#join(partition)
      else this.#returnsAt.set(partition, model.tick + ticks)
      return
    }
    const isFull = model.partitions.size === control.sizes.partitionCapacity
    check(isFull || this.#memoryIsShort(), model.tick, () => `no app can be started: ${error}`)
    this.#checkSegments()
  }

  #changeMemory(segments: SimulatedWorld['segments']): void {
    const short = this.#fate.chance(this.#plan.memoryShort)
    const pages = this.#fate.below(12)
    // The machine is full, or the simulation has reached its memory limit.
    const isMachine = this.#fate.chance(0.5)
    segments.limitBytes =
      short && isMachine ? segments.claimedBytes + pages * PAGE_BYTES : Number.POSITIVE_INFINITY
    const { control } = this.#world
    control.words[controlRecord.index.memoryPagesMax] =
      short && !isMachine ? control.memoryPages + pages : 2 ** 31 - 1
    if (short) this.#happened.memoryShort++
  }

  /** Checks that the copy is the world at the copy's start, whatever has happened since. */
  #copied({ tick, nextIdLane, sides }: WorldCopy): void {
    const picture = this.#picture!
    check(
      tick === picture.tick,
      tick,
      () => `a copy of tick ${picture.tick} says that it is of ${tick}`,
    )
    const states = new Map<number, PartitionState>()
    for (const [at, { partition }] of sides.entries())
      states.set(partition, this.#parts.stateOfSide(sides, at, new Scratch()))
    checkStates(picture, states)
    this.#happened.snapshots++
    const { usedIds } = picture
    if (this.#ends) this.#snapshot = { tick, nextIdLane, states: [...states.values()], usedIds }
  }

  /**
   * Ends the world between two effects of the clock, when the committed state is whole. Another
   * world continues from the copy.
   */
  #restore(snapshot: Snapshot): void {
    const { plan, segments, fabric: ended, model: known } = this.#world
    checkCommitted(ended, known, { hasNew: true })
    this.#checkSegments()
    segments.release()
    this.#ends = false
    this.#snapshot = undefined
    const regrids = this.#fate.chance(0.5)
    const other = planOf(this.#fate.word())
    const domains = plan.domains.map((domain) =>
      regrids && domain.grid ? { ...domain, grid: other.domains[0].grid } : domain,
    )
    const most = snapshot.states.reduce((sum, { count }) => sum + count, 0)
    const entityLimit = regrids ? Math.max(plan.sizes.entityLimit, most) : plan.sizes.entityLimit
    const sizes = { ...plan.sizes, entityLimit, partitionCapacity: PARTITION_CAPACITY_MAX }
    this.#world = restoredWorld({ ...plan, domains, sizes }, this.#parts, snapshot)
    const { fabric, model } = this.#world
    checkCommitted(fabric, model, { hasNew: true })
    const { stateHash } = hashWorld(fabric, snapshot.tick)
    check(
      stateHash === hashOf(snapshot.states),
      snapshot.tick,
      () => 'the restored world has another state hash',
    )
    this.#happened.restores++
    this.#restoredAt = snapshot.tick + 1
    this.#startClock()
  }

  /** Starts an app's process for a partition. It computes from the next tick on, if it lives. */
  #join(index: number): void {
    this.#launch(index)
    this.#machine.obey({ kind: 'join', partition: index }, 0)
    if (!this.#fate.chance(this.#plan.goneForLong)) return
    this.#processes.delete(index)
    this.#returnsAt.set(index, this.#world.model.tick + this.#fate.between(1, 3))
    this.#leave(index)
  }

  #leave(index: number): void {
    this.#left.add(index)
    this.#machine.obey({ kind: 'leave', partition: index }, 0)
  }

  #launch(index: number): AppProcess {
    const { plan, segments, fabric, model } = this.#world
    const surroundings: Surroundings = {
      plan,
      parts: this.#parts,
      model,
      memoryIsShort: () => this.#memoryIsShort(),
    }
    const own = plan.separateFabrics ? this.#fabricOfProcess(segments.forProcess(), index) : fabric
    const process = new AppProcess(surroundings, own, { index, launch: this.#launches++ })
    this.#processes.set(index, process)
    return process
  }

  #fabricOfProcess(segments: Segments, index: number): Fabric {
    const writable = (partition: number) => partition === index
    return new Fabric(
      segments,
      ControlBlock.open(segments, { writable: false }),
      worldOf(this.#world.plan),
      writable,
    )
  }

  #memoryIsShort(): boolean {
    const { segments, control } = this.#world
    return Number.isFinite(segments.limitBytes) || control.memoryPagesMax < 2 ** 31 - 1
  }

  /** Checks that the simulation counts the claimed memory correctly. */
  #checkMemory(tick: number): void {
    const { segments, control } = this.#world
    const counted = control.memoryPages * PAGE_BYTES
    const isKnown = segments.claimedBytes > 0
    check(
      !isKnown || counted === segments.claimedBytes,
      tick,
      () => `${counted} bytes are counted, ${segments.claimedBytes} are claimed`,
    )
  }

  /**
   * Checks that removed partitions have no segments, and that nothing was written without a claim.
   */
  #checkSegments(): void {
    const { segments, model } = this.#world
    const folders = [...model.partitions].map(
      ([index, { epoch }]) => `${partitionFolder(index, epoch)}/`,
    )
    for (const name of segments.names) {
      const known = !name.includes('/') || folders.some((folder) => name.startsWith(folder))
      check(known, model.tick, () => `segment '${name}' is left over`)
    }
    const unclaimed = segments.writtenUnclaimed()
    check(
      unclaimed === undefined,
      model.tick,
      () => `memory was written and not claimed: ${unclaimed}`,
    )
  }
}

/** A process during a tick. */
interface Run {
  process: AppProcess
  steps: Generator<void, void>
  stepsToDeath: number
  /** True if the clock keeps the partition afterwards. */
  gone: boolean
}

function advance(run: Run): 'running' | 'done' | 'dead' {
  if (run.stepsToDeath === 0) {
    run.steps.return()
    return 'dead'
  }
  try {
    if (run.steps.next().done) return 'done'
  } catch (cause) {
    if (cause instanceof Death) return 'dead'
    throw cause
  }
  if (run.stepsToDeath > 0) run.stepsToDeath--
  return 'running'
}

/** Returns everything that the model knows of the world, to compare two histories. */
function worldText({ model }: SimulatedWorld): string {
  return [...model.entities.values()]
    .sort((a, b) => a.id - b.id)
    .map(({ id, type, position, owner, fields }) => {
      const stored = [...fields]
        .sort(([a], [b]) => a - b)
        .map(([index, { typeId, bytes }]) => `${index}=${typeId}:${bytes}`)
      return `${id} ${type} ${position} in ${owner} ${stored.join(' ')}`
    })
    .join('\n')
}
