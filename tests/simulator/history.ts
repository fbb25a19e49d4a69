// One history of a world from its seed: ticks, crashes, full machines, snapshots, each committed tick compared with the model.
// Owns the order of things, as worker and apps keep it; what is right is the model's and the checker's.

import { MemoryFullError, pageBytes, type Segments } from '../../src/base/memory.ts'
import { ControlBlock } from '../../src/core/fabric/control-block.ts'
import { Fabric } from '../../src/core/fabric/fabric.ts'
import { controlRecord } from '../../src/core/fabric/layout.ts'
import type { PartitionState } from '../../src/core/snapshot/partition-state.ts'
import { AppProcess, Death, type Role, type Surroundings } from './app-process.ts'
import { checkCommitted, checkStates, grantedIds } from './checker.ts'
import { spoilBackSide } from './faults.ts'
import { type Parts, realParts } from './parts.ts'
import { type Plan, partitionCapacityMax, planOf } from './plan.ts'
import { Random } from './random.ts'
import { hashOf, newWorld, restoredWorld, type SimulatedWorld, type Snapshot, worldOf } from './simulated-world.ts'
import { check } from './violation.ts'

/** How much of what a history had in it. */
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

interface HistoryOptions {
  plan?: Plan
  ticks?: number
  parts?: Parts
  /** Another order of the same apps, and other crashes, with the same decisions. */
  scheduleSeed?: number
}

export class HistoryFailure extends Error {
  constructor(seed: number, options: HistoryOptions, cause: unknown) {
    const what = cause instanceof Error ? cause.message : String(cause)
    const ticks = options.ticks === undefined ? '' : ` --ticks ${options.ticks}`
    const replay = options.plan
      ? 'its plan was changed by the test: run the test again'
      : `replay: npm run test:long -- --seed ${seed} --histories 1${ticks}`
    super(`history ${seed}: ${what}\n  ${replay}`, { cause })
    this.name = 'HistoryFailure'
  }
}

/** Runs one history. Throws HistoryFailure, which says how to run it again. */
export function runHistory(seed: number, options: HistoryOptions = {}): { happened: Happened; state: string } {
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
  /** What happens to the world. */
  readonly #fate: Random
  /** What must not make a difference: who computes when, and who dies and does it again. */
  readonly #schedule: Random
  readonly #happened: Happened = { ...nothingHappened }
  #world: SimulatedWorld
  #processes = new Map<number, AppProcess>()
  /** By partition with a caretaker: the tick at which its app is there again. */
  #returnsAt = new Map<number, number>()
  /** Partitions that are about to be removed. */
  readonly #stopping = new Set<number>()
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
    const { ticks } = this.#plan
    this.#launchAll()
    for (let tick = 1; tick <= ticks; tick++) {
      const snapshot = this.#fate.chance(this.#plan.snapshot)
      const restore = this.#fate.chance(this.#plan.restore)
      const copied = this.#computeTick(tick, snapshot || restore)
      if (restore && copied) this.#restore(copied, tick)
      else this.#commitTick(tick)
    }
    this.#checkSegments()
    const state = worldText(this.#world)
    this.#world.segments.release()
    return { happened: this.#happened, state }
  }

  /** All apps compute the tick, step by step in any order; a copy of the tick before is made somewhere in between. */
  #computeTick(tick: number, copies: boolean): Snapshot | undefined {
    const { control, model } = this.#world
    const expected = model.expectBegins()
    control.release(tick, this.#processes.keys())
    const running = [...this.#processes.values()].map((process) => {
      const gone = process.role === 'app' && this.#fate.chance(this.#plan.goneForLong)
      if (gone) this.#returnsAt.set(process.index, tick + this.#fate.between(1, 4))
      return this.#start(process, tick, expected.get(process.index)!, gone)
    })
    let copied: Snapshot | undefined
    let copyAt = copies ? this.#schedule.below(running.length * 4) : -1
    while (running.length > 0) {
      if (copies && copyAt-- === 0) copied = this.#copy()
      const place = this.#schedule.below(running.length)
      const run = running[place]
      const state = advance(run)
      if (state === 'running') continue
      const { index } = run.process
      check(control.isPending(index) === (state === 'dead'), tick, () => `partition ${index} is wrong about pending`)
      if (state === 'dead') running[place] = this.#relaunch(run, tick)
      else {
        running[place] = running[running.length - 1]
        running.pop()
        if (run.stepsToDeath >= 0) this.#dieAfterCommit(run)
      }
    }
    check(control.nonePending(), tick, () => 'somebody is pending after all are done')
    return copies ? (copied ?? this.#copy()) : undefined
  }

  #start(process: AppProcess, tick: number, expected: Run['expected'], gone: boolean): Run {
    const dies = gone || this.#schedule.chance(this.#plan.crash)
    const inWrite = dies && this.#schedule.chance(0.4)
    const steps = process.run(tick, expected, inWrite ? this.#schedule.between(1, 11) : 0)
    return { process, steps, expected, stepsToDeath: dies && !inWrite ? this.#schedule.below(9) : -1, gone }
  }

  /** A process died in the tick: what it wrote is anything, and another one runs the tick again. */
  #relaunch(run: Run, tick: number): Run {
    const { segments, control } = this.#world
    const { index, role } = run.process
    this.#happened.crashes++
    if (this.#schedule.chance(0.7))
      spoilBackSide(segments, control, this.#schedule, { partition: index, tick, fieldsMax: this.#plan.fieldsMax })
    const process = this.#launch(index, run.gone ? 'caretaker' : role)
    return this.#start(process, tick, run.expected, false)
  }

  /** Its tick is committed; the process that comes next knows nothing of it. */
  #dieAfterCommit(run: Run): void {
    const { operations, messages, index, role } = run.process
    this.#happened.crashes++
    const next = this.#launch(index, run.gone ? 'caretaker' : role)
    next.operations = operations
    next.messages = messages
  }

  #commitTick(tick: number): void {
    const { control, fabric, model, segments } = this.#world
    const done = new Map(
      [...this.#processes].map(([index, { operations, messages }]) => [index, { operations, messages }]),
    )
    const handoffs = this.#parts.arbitrate(fabric, tick)
    control.setCommittedTick(tick)
    model.commit(tick, done)
    checkCommitted(fabric, model)
    this.#checkMemory(tick)
    const granted = grantedIds(fabric, tick)
    model.grant(granted, this.#memoryIsShort())
    check(handoffs.granted === granted.size, tick, () => `the barrier says it granted ${handoffs.granted}`)

    this.#happened.ticks++
    this.#happened.entities += model.entities.size
    this.#happened.granted += handoffs.granted
    this.#happened.rejected += handoffs.rejected
    if (control.memoryPages < this.#pagesBefore) this.#happened.gaveMemoryBack++
    this.#changeMemory(segments)
    this.#stopSome(tick)
    this.#startSome(tick)
    for (const [index, returnsAt] of this.#returnsAt) {
      if (returnsAt > tick) continue
      this.#returnsAt.delete(index)
      this.#launch(index, 'app')
    }
    this.#pagesBefore = control.memoryPages
  }

  /** Apps without a cell stop. What was granted to leave has to be gone before its partition is; the rest vanishes with it. */
  #stopSome(tick: number): void {
    const { model, fabric } = this.#world
    for (const [index, { cell }] of model.partitions) {
      if (cell < 0 && this.#fate.chance(this.#plan.startOrStop * 0.3)) this.#stopping.add(index)
    }
    for (const index of this.#stopping) {
      this.#returnsAt.delete(index)
      const side = fabric.partition(index).side(tick)
      if (side.handoffGranted.subarray(0, side.get('handoffGroups')).some((granted) => granted > 0)) {
        this.#launch(index, 'undertaker')
        continue
      }
      fabric.removePartition(index)
      model.removePartition(index)
      this.#stopping.delete(index)
      this.#processes.delete(index)
      this.#happened.stopped++
      this.#checkSegments()
    }
  }

  #startSome(tick: number): void {
    const { model, fabric, control } = this.#world
    const domain = this.#plan.domains.findIndex(({ grid }) => !grid)
    if (domain < 0 || !this.#fate.chance(this.#plan.startOrStop)) return
    try {
      const index = fabric.addPartition({ domain, cell: -1, name: `maker-${++this.#starts}` })
      if (index < 0) return
      model.addPartition(index, domain, -1, control.partitionWord(index, 'epoch'))
      this.#launch(index, 'app')
      this.#happened.started++
    } catch (cause) {
      check(cause instanceof MemoryFullError && this.#memoryIsShort(), tick, () => `no app can be started: ${cause}`)
      this.#checkSegments()
    }
  }

  #changeMemory(segments: SimulatedWorld['segments']): void {
    const short = this.#fate.chance(this.#plan.memoryShort)
    const pages = this.#fate.below(12)
    // The machine is full, or the simulation has used what it may have.
    const isMachine = this.#fate.chance(0.5)
    segments.limitBytes = short && isMachine ? segments.claimedBytes + pages * pageBytes : Number.POSITIVE_INFINITY
    const { control } = this.#world
    control.words[controlRecord.index.memoryPagesMax] = short && !isMachine ? control.memoryPages + pages : 2 ** 31 - 1
    if (short) this.#happened.memoryShort++
  }

  #copy(): Snapshot {
    const { fabric, model, control } = this.#world
    const { tick } = model
    const states = new Map<number, PartitionState>()
    for (const index of fabric.partitions()) states.set(index, this.#parts.copyState(fabric, index, tick))
    checkStates(model, states)
    this.#happened.snapshots++
    return { tick, nextIdLane: control.nextIdLane, states: [...states.values()], usedIds: model.usedIds }
  }

  /** The world ends in the middle of a tick, and another one goes on from the copy: it computes that tick again. */
  #restore(snapshot: Snapshot, tick: number): void {
    const { plan, segments } = this.#world
    this.#checkSegments()
    segments.release()
    const regrids = this.#fate.chance(0.5)
    const other = planOf(this.#fate.word())
    const domains = plan.domains.map((domain) =>
      regrids && domain.grid ? { ...domain, grid: other.domains[0].grid } : domain,
    )
    const most = snapshot.states.reduce((sum, { count }) => sum + count, 0)
    const entityLimit = regrids ? Math.max(plan.sizes.entityLimit, most) : plan.sizes.entityLimit
    const sizes = { ...plan.sizes, entityLimit, partitionCapacity: partitionCapacityMax }
    this.#world = restoredWorld({ ...plan, domains, sizes }, this.#parts, snapshot)
    this.#pagesBefore = 0
    const { fabric, model } = this.#world
    checkCommitted(fabric, model, { restored: true })
    const states = [...fabric.partitions()].map((index) => this.#parts.copyState(fabric, index, snapshot.tick))
    check(hashOf(states) === hashOf(snapshot.states), tick, () => 'the restored world has another state hash')
    this.#happened.restores++
    this.#launchAll()
    this.#computeTick(tick, false)
    this.#commitTick(tick)
  }

  #launchAll(): void {
    this.#processes.clear()
    this.#returnsAt.clear()
    this.#stopping.clear()
    for (const index of this.#world.fabric.partitions()) this.#launch(index, 'app')
  }

  #launch(index: number, role: Role): AppProcess {
    const { plan, segments, fabric, model } = this.#world
    const surroundings: Surroundings = {
      plan,
      parts: this.#parts,
      model,
      memoryIsShort: () => this.#memoryIsShort(),
    }
    const own = plan.separateFabrics ? this.#fabricOfProcess(segments.forProcess(), index) : fabric
    const process = new AppProcess(surroundings, own, { index, launch: this.#launches++, role })
    this.#processes.set(index, process)
    return process
  }

  #fabricOfProcess(segments: Segments, index: number): Fabric {
    const writable = (partition: number) => partition === index
    return new Fabric(segments, ControlBlock.open(segments), worldOf(this.#world.plan), writable)
  }

  #memoryIsShort(): boolean {
    const { segments, control } = this.#world
    return Number.isFinite(segments.limitBytes) || control.memoryPagesMax < 2 ** 31 - 1
  }

  /** What the simulation counts as claimed is what is claimed. */
  #checkMemory(tick: number): void {
    const { segments, control } = this.#world
    const counted = control.memoryPages * pageBytes
    const isKnown = segments.claimedBytes > 0
    check(
      !isKnown || counted === segments.claimedBytes,
      tick,
      () => `${counted} bytes are counted, ${segments.claimedBytes} are claimed`,
    )
  }

  /** No segment is left of a partition that is gone, and nothing was written without a claim. */
  #checkSegments(): void {
    const { segments, model } = this.#world
    const names = [...model.partitions].map(([index, { epoch }]) => `partition-${index}-${epoch}`)
    for (const name of segments.names) {
      const known = name === 'control' || names.some((prefix) => name === prefix || name.startsWith(`${prefix}-`))
      check(known, model.tick, () => `segment '${name}' is left over`)
    }
    const unclaimed = segments.writtenUnclaimed()
    check(unclaimed === undefined, model.tick, () => `memory was written and not claimed: ${unclaimed}`)
  }
}

/** A process in the middle of a tick. */
interface Run {
  process: AppProcess
  steps: Generator<void, void>
  expected: Parameters<AppProcess['run']>[1]
  stepsToDeath: number
  /** A caretaker comes after it. */
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

/** Everything that the model knows of the world, for comparing two histories. */
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
