// The clock as a state machine: who computes, which partitions it keeps, what waits between ticks.
// Owns the order of effects, the contract of docs/decisions/clock-as-a-machine.md. Never touches
// memory, a thread or a wall clock.
// The driver passes on requests (`obey`), asks for one effect (`step`), performs it completely, and
// asks for the next. A world may end between any two.

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
  /** The copy is written here, or beside it if it is too small. */
  room: SharedArrayBuffer
  /** The tick to copy; by default the newest. */
  only?: CopiedTicks
}

/** The first tick after `after` that is a multiple of this. */
export interface CopiedTicks {
  multipleOf: number
  after: number
}

export type ClockCommand =
  | { kind: 'start' }
  | { kind: 'stop' }
  /** The partition's app has attached: it computes from the next tick on. */
  | { kind: 'join'; partition: number }
  /**
   * The partition has lost its app: its entities stay as they are. Takes effect at once, since all
   * may be waiting for that app.
   */
  | { kind: 'leave'; partition: number }
  | ({ kind: 'addPartition' } & Addition)
  /** Asks the partition's app to shut down, between two ticks. */
  | { kind: 'shutDownApp'; partition: number }
  /** Removes the partition and its entities once those on their way have arrived. */
  | { kind: 'removePartition'; partition: number }
  | ({ kind: 'copyState' } & CopyRequest)
  /**
   * Ends the clock after the current tick (at once with `force`), and tells all apps to shut down.
   */
  | { kind: 'finish'; force: boolean }

export type EffectKind =
  /** Write the tick, the pending bits of `participants`, and the release word. */
  | 'release'
  /** Wake the apps. */
  | 'wake'
  /** Compute `tick` for a partition without an app: transfers complete, all else stays. */
  | 'keep'
  /** The same, and delete what stays, because the partition will be removed. */
  | 'empty'
  /** Prepare to compute for a partition whose app is gone, from committed data only. */
  | 'takeCare'
  /** If the partition's bit is set, compute `tick` for it, then clear the bit. */
  | 'standIn'
  /** Grant the handoffs of `tick`. */
  | 'grant'
  /** Write that `tick` is committed. */
  | 'commit'
  /** Record how long the apps computed, and how long the barrier took. */
  | 'measure'
  /** Report the hash of the state committed at `tick`. */
  | 'hash'
  /** Begin the copy of `tick` that `copy` asks for. */
  | 'beginCopy'
  /** Do a step of the copy. Answer with `copied` if it was the last. */
  | 'copyStep'
  /** Add a partition. Answer with `added` if there was room. */
  | 'add'
  /**
   * Remove the partition unless some of its data is on its way. Answer with `removed` if it is
   * gone.
   */
  | 'remove'
  /** Write that the partition's app must shut down. */
  | 'shutDownApp'
  /** Write that the whole simulation shuts down. */
  | 'shutDown'
  /** Report the partitions that have not committed. */
  | 'late'
  | 'sayStarted'
  | 'sayStopped'
  /** No other effect will follow. */
  | 'finished'
  /** Nothing to do until a request, a commit, or the end of `waitMs`. */
  | 'wait'

/**
 * The same object at each step, so that a tick allocates nothing. Members that an effect does not
 * need keep old values.
 */
export interface Effect {
  kind: EffectKind
  tick: number
  partition: number
  nowMs: number
  waitMs: number
  missedTicks: number
  /**
   * For `measure`: time from the release until all had committed, and from there to the commit of
   * the tick.
   */
  computedMs: number
  barrierMs: number
  /** For `late`: how long the tick has taken so far. */
  lateMs: number
  addition: Addition | undefined
  copy: CopyRequest | undefined
}

export interface ClockSettings {
  /** Most partitions at once. */
  partitionCapacity: number
  /** Partitions in use at the start. The clock stands in for them until their apps join. */
  partitions: Iterable<number>
  committedTick: number
  /** Ticks a second; 0 is unlimited. */
  tickRate: number
  /** How long a tick may take before late apps are reported; absent for no limit. */
  appTimeoutMs?: number
  /** Ticks between two reports of the hash; 0 for none. */
  hashInterval?: number
}

const COMPUTING_WAIT_MS = 100
const IDLE_WAIT_MS = 1000
const LATE_INTERVAL_MS = 100

/**
 * The phase of the clock: between two ticks, in the release, while apps compute, at the barrier.
 */
type Stage =
  | 'resting'
  | 'released'
  | 'keeping'
  | 'computing'
  | 'granted'
  | 'committed'
  | 'shuttingDown'
  | 'over'

/** Work between two ticks, in the order of the requests. */
type Act = Extract<
  ClockCommand,
  { kind: 'stop' | 'addPartition' | 'shutDownApp' | 'removePartition' }
>

export class ClockMachine {
  /** Partitions whose app computes each tick. */
  readonly participants: PartitionSet
  /** Partitions that compute from the next tick on. */
  readonly #joining: PartitionSet
  /** Partitions without an app. */
  readonly #caredFor: PartitionSet
  /** Partitions that the clock has not begun to keep yet. */
  readonly #left: PartitionSet
  readonly #removing: PartitionSet
  /** Partitions to remove that were not checked since the last commit. */
  readonly #toRemove: PartitionSet
  /** Partitions that the clock still has to compute in this tick. */
  readonly #toKeep: PartitionSet
  /** The partition between its `takeCare` and its `standIn`; -1 for none. */
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

  /**
   * Returns the next effect. Calls `allCommitted` at the barrier: whether no pending bit is set.
   */
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

  /** The last `add` succeeded. */
  added(partition: number): void {
    this.#left.add(partition)
  }

  /** The last `remove` succeeded. */
  removed(): void {
    const { partition } = this.#effect
    for (const set of [this.participants, this.#joining, this.#caredFor, this.#removing])
      set.delete(partition)
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

  /** Applies to apps that were about to join, too. */
  #leave(partition: number): void {
    this.#joining.delete(partition)
    this.participants.delete(partition)
    this.#left.add(partition)
  }

  /** The current tick may be waiting for it: then the clock does its part. */
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
    // A partition that comes or goes takes part in no copy or in a whole one.
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
    const dueInMs = this.#running ? this.#pacer.dueInMs(nowMs) : IDLE_WAIT_MS
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

  /** A running clock reports a tick's hash with the next release. The last tick has no next. */
  #endStop(): Readonly<Effect> {
    if (!this.#running && this.#hashIsDue(this.#committed)) {
      this.#hashedTick = this.#committed
      return this.#do('hash', this.#committed)
    }
    this.#stopped = false
    return this.#do('sayStopped')
  }

  #release(nowMs: number): Readonly<Effect> {
    // The data committed a tick ago is about to be overwritten.
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
      return this.#do(
        this.#removing.has(partition) ? 'empty' : 'keep',
        this.#committed + 1,
        partition,
      )
    this.#stage = 'computing'
    // The committed side stays unchanged until the next tick ends, so there is time while the apps
    // compute.
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
    if (lateMs < this.#appTimeoutMs || nowMs - this.#lateSaidAtMs < LATE_INTERVAL_MS)
      return this.#wait(COMPUTING_WAIT_MS)
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

  /**
   * Begins or continues a copy; returns undefined if none is requested. Copies use only idle time.
   */
  #copy(): Readonly<Effect> | undefined {
    const due = this.#dueCopy()
    if (due >= 0) return this.#beginCopy(due)
    return this.#copiedTick >= 0 ? this.#do('copyStep') : undefined
  }

  /**
   * Returns the index of the request whose copy of the committed tick begins now; -1 for none. The
   * committed data stays unchanged while the next tick is computed, however long. A copy of a
   * certain tick cannot wait for the copy before it.
   */
  #dueCopy(): number {
    const requests = this.#copyRequests
    for (let place = 0; place < requests.length; place++) {
      const { only } = requests[place]
      if (only && this.#committed > only.after && this.#committed % only.multipleOf === 0)
        return place
    }
    for (let place = 0; this.#copiedTick < 0 && place < requests.length; place++)
      if (!requests[place].only) return place
    return -1
  }

  /** The copy before it ends first. */
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
