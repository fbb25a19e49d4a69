// The clock as a state machine: who computes, who is cared for, what waits for the time between two ticks, and what is done next.
// Owns the order of effects, which is the contract of docs/decisions/clock-as-a-machine.md; never touches memory, a thread or a clock on the wall.
//
// Whoever drives it says what it is told (`obey`), asks for one effect (`step`), performs it to its end, and asks for the next. A world may end between any two.

import { assert } from '../../base/assert.ts'
import { Pacer } from './pacer.ts'
import { PartitionSet } from './partition-set.ts'

export interface Addition {
  request: number
  domain: number
  name: string
}

export interface CopyRequest {
  request: number
  /** The copy goes into it, or beside it where it is too small. */
  room: SharedArrayBuffer
  /** Which tick; where absent, the newest. */
  only?: CopiedTicks
}

/** The first tick after `after` that is a multiple. */
export interface CopiedTicks {
  multipleOf: number
  after: number
}

export type ClockCommand =
  | { kind: 'start' }
  | { kind: 'stop' }
  /** This partition's app has attached: it computes from the next tick on. */
  | { kind: 'join'; partition: number }
  /** This partition has no app any more: its entities stay as they are. At once, since all may be waiting for it. */
  | { kind: 'leave'; partition: number }
  | ({ kind: 'addPartition' } & Addition)
  /** Asks the partition's app to shut down, between two ticks. */
  | { kind: 'shutDownApp'; partition: number }
  /** Takes the partition and its entities out of the world, as soon as those on their way have arrived. */
  | { kind: 'removePartition'; partition: number }
  | ({ kind: 'copyState' } & CopyRequest)
  /** Ends the clock after the tick that is being computed (at once with `force`), and tells all apps to shut down. */
  | { kind: 'finish'; force: boolean }

export type EffectKind =
  /** Write the tick, the pending bits of `participants`, and the release word. */
  | 'release'
  /** Wake the apps. */
  | 'wake'
  /** Compute `tick` for a partition without an app: what is on its way goes and comes, all else stays. */
  | 'keep'
  /** The same, and delete what stays: the partition is about to be removed. */
  | 'empty'
  /** Make ready to compute for a partition whose app is gone, from what is committed alone. */
  | 'takeCare'
  /** Where the partition's bit is set: compute `tick` for it, then clear the bit. */
  | 'standIn'
  /** Grant the handoffs of `tick`. */
  | 'grant'
  /** Write that `tick` is committed. */
  | 'commit'
  /** Count how long all computed, and how long the barrier took. */
  | 'measure'
  /** Say the state's hash, as committed at `tick`. */
  | 'hash'
  /** Begin the copy that `copy` asks for, of `tick`. */
  | 'beginCopy'
  /** Do a step of the copy. Answer with `copied` where it was the last. */
  | 'copyStep'
  /** Add a partition. Answer with `added` where there was room. */
  | 'add'
  /** Remove the partition where nothing of it is on its way. Answer with `removed` where it is gone. */
  | 'remove'
  /** Write that the partition's app has to shut down. */
  | 'shutDownApp'
  /** Write that the whole simulation shuts down. */
  | 'shutDown'
  /** Say who has not committed. */
  | 'late'
  | 'sayStarted'
  | 'sayStopped'
  /** There will be no other effect. */
  | 'finished'
  /** Nothing to do until something is told, somebody commits, or `waitMs` have passed. */
  | 'wait'

/** The same object at each step: nothing is allocated in a tick. What an effect doesn't need is left over from others. */
export interface Effect {
  kind: EffectKind
  tick: number
  partition: number
  nowMs: number
  waitMs: number
  missedTicks: number
  /** Of `measure`: from the release until all had committed, and from there until the tick was committed. */
  computedMs: number
  barrierMs: number
  /** Of `late`: how long the tick has taken so far. */
  lateMs: number
  addition: Addition | undefined
  copy: CopyRequest | undefined
}

export interface ClockSettings {
  /** Most partitions at once. */
  partitionCapacity: number
  /** In use now; the clock cares for them until their apps join. */
  partitions: Iterable<number>
  committedTick: number
  /** Ticks a second; 0 is unlimited. */
  tickRate: number
  /** How long a tick may take before it is said who is late; any time where absent. */
  appTimeoutMs?: number
  /** The hash of each committed tick that is a multiple of this is said; 0 none is. */
  hashInterval?: number
}

const computingWaitMs = 100
const idleWaitMs = 1000
const lateIntervalMs = 100

/** Where in a tick the clock is: between two, in the release, while apps compute, and at the barrier. */
type Stage = 'resting' | 'released' | 'keeping' | 'computing' | 'granted' | 'committed' | 'shuttingDown' | 'over'

/** What is done between two ticks, in the order in which it was told. */
type Act = Extract<ClockCommand, { kind: 'stop' | 'addPartition' | 'shutDownApp' | 'removePartition' }>

export class ClockMachine {
  /** Partitions whose app computes each tick. */
  readonly participants: PartitionSet
  /** They compute from the next tick on. */
  readonly #joining: PartitionSet
  /** Partitions without an app. */
  readonly #caredFor: PartitionSet
  /** Care for them has not begun yet. */
  readonly #left: PartitionSet
  readonly #removing: PartitionSet
  /** Of those that are removed: not looked at yet since the last commit. */
  readonly #toRemove: PartitionSet
  /** Of those that are cared for: still to compute in this tick. */
  readonly #toKeep: PartitionSet
  /** Between its `takeCare` and its `standIn`; -1 for none. */
  #standsIn = -1
  readonly #acts: Act[] = []
  readonly #copyRequests: CopyRequest[] = []
  /** The tick of the copy under way; -1 for none. */
  #copiedTick = -1
  readonly #pacer: Pacer
  readonly #appTimeoutMs: number
  readonly #hashInterval: number
  readonly #effect: Effect
  #stage: Stage = 'resting'
  #committed: number
  #running = false
  #starts = 0
  #wakes = false
  #stopped = false
  #finishing: 'no' | 'afterTick' | 'now' = 'no'
  #releasedAtMs = 0
  #lateSaidAtMs = 0
  #grantedAtMs = 0
  #hashedTick = -1

  constructor(settings: ClockSettings) {
    const set = () => new PartitionSet(settings.partitionCapacity)
    this.participants = set()
    this.#joining = set()
    this.#caredFor = set()
    this.#left = set()
    this.#removing = set()
    this.#toRemove = set()
    this.#toKeep = set()
    for (const partition of settings.partitions) this.#left.add(partition)
    this.#committed = settings.committedTick
    this.#pacer = new Pacer(settings.tickRate)
    this.#appTimeoutMs = settings.appTimeoutMs ?? Number.POSITIVE_INFINITY
    this.#hashInterval = settings.hashInterval ?? 0
    this.#effect = {
      kind: 'wait',
      tick: -1,
      partition: -1,
      nowMs: 0,
      waitMs: 0,
      missedTicks: 0,
      computedMs: 0,
      barrierMs: 0,
      lateMs: 0,
      addition: undefined,
      copy: undefined,
    }
  }

  obey(command: ClockCommand, nowMs: number): void {
    switch (command.kind) {
      case 'start':
        if (!this.#running) this.#pacer.start(nowMs)
        this.#running = true
        this.#starts++
        return
      case 'stop':
        this.#running = false
        this.#acts.push(command)
        return
      case 'join':
        this.#joining.add(command.partition)
        return
      case 'leave':
        this.#leave(command.partition)
        return
      case 'copyState':
        this.#copyRequests.push(command)
        return
      case 'finish':
        this.#finishing = command.force ? 'now' : 'afterTick'
        return
      default:
        this.#acts.push(command)
    }
  }

  /** The next effect. `allCommitted` is asked for at the barrier: whether nobody's bit is set any more. */
  step(nowMs: number, allCommitted: boolean): Readonly<Effect> {
    this.#effect.nowMs = nowMs
    if (this.#starts > 0) {
      this.#starts--
      return this.#do('sayStarted')
    }
    if (this.#standsIn >= 0) {
      const partition = this.#standsIn
      this.#standsIn = -1
      return this.#do('standIn', this.#committed + 1, partition)
    }
    const left = this.#left.takeFirst()
    if (left >= 0) return this.#takeCare(left)
    if (this.#wakes) {
      this.#wakes = false
      return this.#do('wake')
    }
    switch (this.#stage) {
      case 'resting':
        return this.#rest(nowMs)
      case 'released':
        this.#stage = 'keeping'
        return this.#do('wake')
      case 'keeping':
        return this.#keepNext(nowMs, allCommitted)
      case 'computing':
        return this.#compute(nowMs, allCommitted)
      case 'granted':
        this.#stage = 'committed'
        return this.#do('commit', ++this.#committed)
      case 'committed':
        return this.#measure(nowMs)
      case 'shuttingDown':
        this.#stage = 'over'
        return this.#do('wake')
      case 'over':
        return this.#do('finished')
    }
  }

  /** The partition of the last `add` is there. */
  added(partition: number): void {
    this.#left.add(partition)
  }

  /** The partition of the last `remove` is gone. */
  removed(): void {
    const { partition } = this.#effect
    for (const set of [this.participants, this.#joining, this.#caredFor, this.#removing]) set.delete(partition)
  }

  /** The last `grant` found that somebody's part of the tick has to be computed again. */
  refused(): void {
    this.#stage = 'computing'
  }

  /** The last `copyStep` ended the copy. */
  copied(): void {
    this.#copiedTick = -1
  }

  #do(kind: EffectKind, tick = -1, partition = -1): Readonly<Effect> {
    const effect = this.#effect
    effect.kind = kind
    effect.tick = tick
    effect.partition = partition
    return effect
  }

  #wait(waitMs: number): Readonly<Effect> {
    this.#effect.waitMs = waitMs
    return this.#do('wait')
  }

  /** Also where it was only about to join. */
  #leave(partition: number): void {
    this.#joining.delete(partition)
    this.participants.delete(partition)
    this.#left.add(partition)
  }

  /** While a tick is computed it may be waited for: then the clock does its part. */
  #takeCare(partition: number): Readonly<Effect> {
    this.#caredFor.add(partition)
    if (this.#stage === 'released' || this.#stage === 'keeping' || this.#stage === 'computing')
      this.#standsIn = partition
    return this.#do('takeCare', this.#committed, partition)
  }

  #rest(nowMs: number): Readonly<Effect> {
    if (this.#finishing === 'now') return this.#shutDown()
    if (this.#stopped) return this.#endStop()
    const act = this.#acts[0]
    // A partition that comes or goes takes part in none of a copy, or all of it.
    const toRemove = act === undefined ? this.#toRemove.first() : -1
    if ((act !== undefined || toRemove >= 0) && this.#copiedTick >= 0) return this.#do('copyStep')
    if (act !== undefined) {
      this.#acts.shift()
      return this.#act(act)
    }
    this.participants.addAll(this.#joining)
    this.#caredFor.deleteAll(this.#joining)
    this.#joining.clear()
    if (toRemove >= 0) {
      this.#toRemove.delete(toRemove)
      return this.#do('remove', this.#committed, toRemove)
    }
    if (this.#finishing === 'afterTick') return this.#shutDown()
    const dueInMs = this.#running ? this.#pacer.dueInMs(nowMs) : idleWaitMs
    return dueInMs <= 0 ? this.#release(nowMs) : (this.#copy() ?? this.#wait(dueInMs))
  }

  #act(act: Act): Readonly<Effect> {
    switch (act.kind) {
      case 'stop':
        this.#stopped = true
        return this.#endStop()
      case 'addPartition':
        this.#effect.addition = act
        return this.#do('add')
      case 'shutDownApp':
        this.#leave(act.partition)
        this.#wakes = true
        return this.#do('shutDownApp', -1, act.partition)
      case 'removePartition':
        this.#removing.add(act.partition)
        return this.#do('remove', this.#committed, act.partition)
    }
  }

  /** While the clock runs, a tick's hash is said when the next one is released; the last one has no next. */
  #endStop(): Readonly<Effect> {
    if (!this.#running && this.#hashIsDue(this.#committed)) {
      this.#hashedTick = this.#committed
      return this.#do('hash', this.#committed)
    }
    this.#stopped = false
    return this.#do('sayStopped')
  }

  #release(nowMs: number): Readonly<Effect> {
    // What was committed a tick ago is about to be overwritten.
    if (this.#copiedTick >= 0 && this.#copiedTick < this.#committed) return this.#do('copyStep')
    const due = this.#dueCopy()
    if (due >= 0) return this.#beginCopy(due)
    assert(this.#stage === 'resting', 'a tick is released when nobody computes')
    this.#effect.missedTicks = this.#pacer.released(nowMs)
    this.#releasedAtMs = nowMs
    this.#lateSaidAtMs = nowMs
    this.#toKeep.copy(this.#caredFor)
    this.#stage = 'released'
    return this.#do('release', this.#committed + 1)
  }

  #keepNext(nowMs: number, allCommitted: boolean): Readonly<Effect> {
    const partition = this.#toKeep.takeFirst()
    if (partition >= 0)
      return this.#do(this.#removing.has(partition) ? 'empty' : 'keep', this.#committed + 1, partition)
    this.#stage = 'computing'
    // The committed side stays untouched until the tick after this one: there is time while the apps compute.
    if (!this.#hashIsDue(this.#committed)) return this.#compute(nowMs, allCommitted)
    this.#hashedTick = this.#committed
    return this.#do('hash', this.#committed)
  }

  #compute(nowMs: number, allCommitted: boolean): Readonly<Effect> {
    if (this.#finishing === 'now') return this.#shutDown()
    if (allCommitted) {
      this.#stage = 'granted'
      this.#grantedAtMs = nowMs
      return this.#do('grant', this.#committed + 1)
    }
    const copy = this.#copy()
    if (copy) return copy
    const lateMs = nowMs - this.#releasedAtMs
    if (lateMs < this.#appTimeoutMs || nowMs - this.#lateSaidAtMs < lateIntervalMs) return this.#wait(computingWaitMs)
    this.#lateSaidAtMs = nowMs
    this.#effect.lateMs = lateMs
    return this.#do('late', this.#committed + 1)
  }

  #measure(nowMs: number): Readonly<Effect> {
    this.#stage = 'resting'
    this.#toRemove.copy(this.#removing)
    this.#effect.computedMs = this.#grantedAtMs - this.#releasedAtMs
    this.#effect.barrierMs = nowMs - this.#grantedAtMs
    return this.#do('measure', this.#committed)
  }

  /** Begins a copy, or goes on with one; undefined where nobody asks. It is made in the time that nothing else needs. */
  #copy(): Readonly<Effect> | undefined {
    const due = this.#dueCopy()
    if (due >= 0) return this.#beginCopy(due)
    return this.#copiedTick >= 0 ? this.#do('copyStep') : undefined
  }

  /**
   * The place of the request that a copy of the committed tick is begun for; -1 for none. What was committed last stays as it is while the next tick is computed, for however
   * long. A copy of certain ticks can't wait for the one before it.
   */
  #dueCopy(): number {
    const requests = this.#copyRequests
    for (let place = 0; place < requests.length; place++) {
      const { only } = requests[place]
      if (only && this.#committed > only.after && this.#committed % only.multipleOf === 0) return place
    }
    for (let place = 0; this.#copiedTick < 0 && place < requests.length; place++)
      if (!requests[place].only) return place
    return -1
  }

  /** The one before it is ended first. */
  #beginCopy(place: number): Readonly<Effect> {
    if (this.#copiedTick >= 0) return this.#do('copyStep')
    this.#effect.copy = this.#copyRequests.splice(place, 1)[0]
    this.#copiedTick = this.#committed
    return this.#do('beginCopy', this.#committed)
  }

  #shutDown(): Readonly<Effect> {
    this.#stage = 'shuttingDown'
    return this.#do('shutDown')
  }

  #hashIsDue(tick: number): boolean {
    return this.#hashInterval > 0 && tick % this.#hashInterval === 0 && tick !== this.#hashedTick
  }
}
