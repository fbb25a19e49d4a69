// Proves that the checker can fail: each test breaks one place of the product, and the simulator
// must notice.

import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { rowState } from '../../src/core/fabric/memory/columns.ts'
import { ControlBlock } from '../../src/core/fabric/memory/control-block.ts'
import { readMessages } from '../../src/core/fabric/memory/messages.ts'
import { PartitionMemory } from '../../src/core/fabric/memory/partition-memory.ts'
import { PartitionOwner } from '../../src/core/fabric/owner/partition-owner.ts'
import { Subscription, type SubscriptionEvent } from '../../src/core/fabric/reader/subscriptions.ts'
import { ClockWork } from '../../src/core/fabric/worker/clock-work.ts'
import { stateOfSide } from '../../src/core/fabric/worker/side-columns.ts'
import { type ClockCommand, ClockMachine, type Effect } from '../../src/core/tick/clock-machine.ts'
import { HistoryFailure, runHistory } from './history.ts'
import { type Parts, realParts } from './parts.ts'
import { fieldIndex } from './plan.ts'

const SEEDS_MAX = 400

/**
 * Runs histories with broken parts until one fails, and checks the complaint. The history must fail
 * the same way again, and pass with nothing broken. `breakMore` breaks what is not in the parts.
 */
function noticed(broken: Partial<Parts>, complaint: RegExp, breakMore?: () => void): void {
  const parts = { ...realParts, ...broken }
  try {
    breakMore?.()
    const seed = firstFailure(parts)
    const failure = failureOf(seed, parts)!
    assert.match(failure.message, complaint)
    assert.ok(
      failure.message.includes(`npm run test:long -- --seed ${seed} --histories 1`),
      failure.message,
    )
    assert.equal(failureOf(seed, parts)?.message, failure.message)
    mock.restoreAll()
    assert.equal(failureOf(seed, realParts), undefined)
  } finally {
    mock.restoreAll()
  }
}

function firstFailure(parts: Parts): number {
  for (let seed = 1; seed <= SEEDS_MAX; seed++) if (failureOf(seed, parts)) return seed
  return assert.fail(`nobody noticed in ${SEEDS_MAX} histories`)
}

function failureOf(seed: number, parts: Parts): HistoryFailure | undefined {
  try {
    runHistory(seed, { parts })
    return undefined
  } catch (failure) {
    assert.ok(failure instanceof HistoryFailure)
    return failure
  }
}

test('an owner that keeps an entity that was granted to leave is noticed', () => {
  class Owner extends PartitionOwner {
    override begin(tick: number): void {
      super.begin(tick)
      for (const { row } of this.ownership.removed.slice(0, 1)) this.back.state[row] = rowState.here
    }
  }
  noticed({ Owner }, /begins with 'owned'/)
})

test('the same owner is noticed at the commit when it hides what it does at the begin', () => {
  class Owner extends PartitionOwner {
    override finish(): void {
      super.finish()
      const [kept] = this.ownership.removed
      if (!kept || kept.row >= this.back.rows || this.back.state[kept.row] !== rowState.free) return
      this.back.state[kept.row] = rowState.here
      this.back.set('population', this.back.get('population') + 1)
    }
  }
  noticed(
    { Owner },
    /is in partition \d+ and in|is in partition \d+, not in|has entity \d+, which does not exist/,
  )
})

test('an arrival that gets lost is noticed', () => {
  class Owner extends PartitionOwner {
    override begin(tick: number): void {
      super.begin(tick)
      const [row] = this.ownership.added
      if (row !== undefined && this.population > 2) this.delete(row)
    }
  }
  noticed({ Owner }, /begins with 'owned'/)
})

test('a commit that loses a field is noticed', () => {
  class Owner extends PartitionOwner {
    override finish(): void {
      const [row] = this.ownership.added
      const field = this.field(fieldIndex(1))
      if (row !== undefined && field && this.tick > 2) field.length[row] = 0
      super.finish()
    }
  }
  noticed({ Owner }, /lacks a field/)
})

test('an entity that is elsewhere and was not asked for is noticed', () => {
  class Owner extends PartitionOwner {
    override finish(): void {
      super.finish()
      const last = this.back.get('handoffGroups') - 1
      if (last < 0) return
      this.back.set('handoffGroups', last)
      const start = this.back.handoffStart[last]
      for (let place = start; place < start + this.back.handoffCount[last]; place++)
        this.back.state[this.back.leavingRow[place]] = rowState.here
    }
  }
  noticed({ Owner }, /should ask for/)
})

test('a back side that is trusted after a crash is noticed', () => {
  class Owner extends PartitionOwner {
    #spoiltX: number | undefined
    override begin(tick: number): void {
      const back = this.memory.side(tick)
      const known = this.tick >= 0
      this.#spoiltX = known || back.rows === 0 ? undefined : back.position[0]
      super.begin(tick)
      if (this.#spoiltX !== undefined && this.rows > 0) back.position[0] = this.#spoiltX
    }
  }
  noticed({ Owner }, /is at/)
})

test('an id that is given twice is noticed', () => {
  class Owner extends PartitionOwner {
    override finish(): void {
      super.finish()
      if (this.tick % 3 === 0)
        this.back.setFloat('idCounter', Math.max(0, this.back.float('idCounter') - 1))
    }
  }
  noticed({ Owner }, /was given twice|idCounter is/)
})

/** Changes by one what was granted to the first group that allows it. */
class OneMoreOrLess extends ClockWork {
  protected change = 0
  override perform(effect: Readonly<Effect>): void {
    super.perform(effect)
    if (effect.kind !== 'grant') return
    for (const index of this.fabric.partitions()) {
      const side = this.fabric.partition(index).side(effect.tick)
      const granted = side.handoffGranted[0] + this.change
      if (side.get('handoffGroups') === 0 || granted < 0 || granted > side.handoffCount[0]) continue
      side.handoffGranted[0] = granted
      this.handoffs.granted += this.change
      return
    }
  }
}

test('a barrier that refuses an entity although there is room is noticed', () => {
  class Work extends OneMoreOrLess {
    protected override change = -1
  }
  // The entity that was to take its place arrives all the same.
  noticed({ Work }, /which has room|the barrier lets partition \d+ have/)
})

test('a barrier that lets a partition have more than its limit is noticed', () => {
  class Work extends OneMoreOrLess {
    protected override change = 1
  }
  noticed({ Work }, /the barrier lets partition \d+ have/)
})

test('a clock that does not wait for everybody is noticed', () => {
  class Machine extends ClockMachine {
    override step(nowMs: number): Readonly<Effect> {
      return super.step(nowMs, true)
    }
  }
  noticed({ Machine }, /is refused: tick is/)
})

test('a clock that does not write what it granted is noticed', () => {
  class Work extends ClockWork {
    override perform(effect: Readonly<Effect>): void {
      if (effect.kind !== 'grant') super.perform(effect)
    }
  }
  noticed({ Work }, /which has room|the barrier says|are counted|all hear/)
})

test('a clock that does nothing for a partition without an app is noticed', () => {
  class Work extends ClockWork {
    override perform(effect: Readonly<Effect>): void {
      if (effect.kind !== 'keep' && effect.kind !== 'standIn') super.perform(effect)
    }
  }
  noticed({ Work }, /the clock waits|is damaged: tick is|whose app has not left/)
})

test('a clock that does the tick again of an app that committed and is gone is noticed', () => {
  class Work extends ClockWork {
    override perform(effect: Readonly<Effect>): void {
      if (effect.kind !== 'standIn') super.perform(effect)
      else {
        super.perform({ ...effect, kind: 'keep' })
        this.fabric.commits.standIn(effect.partition)
      }
    }
  }
  noticed({ Work }, /partition|entity/)
})

test('a clock that goes by what it knew of a partition before its app came is noticed', () => {
  class Work extends ClockWork {
    readonly #known = new Set<number>()
    override perform(effect: Readonly<Effect>): void {
      if (effect.kind !== 'takeCare' || !this.#known.has(effect.partition)) super.perform(effect)
      if (effect.kind === 'takeCare') this.#known.add(effect.partition)
      if (effect.kind === 'remove') this.#known.delete(effect.partition)
    }
  }
  noticed({ Work }, /partition|entity|stride|file/)
})

test('a partition that is removed before what was let go has arrived is noticed', () => {
  class Work extends ClockWork {
    readonly #clock: ClockMachine
    constructor(...given: ConstructorParameters<typeof ClockWork>) {
      super(...given)
      this.#clock = given[0]
    }
    override perform(effect: Readonly<Effect>): void {
      if (effect.kind !== 'remove') super.perform(effect)
      else {
        this.fabric.removePartition(effect.partition)
        this.#clock.removed()
      }
    }
  }
  noticed({ Work }, /is on its way, and partition \d+ is removed/)
})

test('a partition that is kept, and not emptied, while it is removed is noticed', () => {
  class Work extends ClockWork {
    override perform(effect: Readonly<Effect>): void {
      super.perform(effect.kind === 'empty' ? { ...effect, kind: 'keep' } : effect)
    }
  }
  noticed({ Work }, /which does not exist/)
})

test('a clock that goes on with an app that left before its first tick is noticed', () => {
  class Machine extends ClockMachine {
    #joining = -1
    override obey(command: ClockCommand, nowMs: number): void {
      super.obey(command, nowMs)
      if (command.kind === 'leave' && command.partition === this.#joining)
        super.obey({ kind: 'join', partition: this.#joining }, nowMs)
      this.#joining = command.kind === 'join' ? command.partition : -1
    }
  }
  noticed({ Machine }, /is wrong about pending|the clock waits/)
})

test('a clock that tries only once to remove a partition is noticed', () => {
  class Machine extends ClockMachine {
    #committed = -1
    readonly #tried = new Map<number, number>()
    override step(nowMs: number, allCommitted: boolean): Readonly<Effect> {
      const effect = super.step(nowMs, allCommitted)
      if (effect.kind === 'commit') this.#committed = effect.tick
      if (effect.kind === 'takeCare') this.#tried.delete(effect.partition)
      if (effect.kind !== 'remove') return effect
      const first = this.#tried.get(effect.partition) ?? this.#committed
      this.#tried.set(effect.partition, first)
      return first === this.#committed ? effect : super.step(nowMs, allCommitted)
    }
  }
  noticed({ Machine }, /is still there/)
})

test('a clock that does not look after an added partition is noticed', () => {
  class Machine extends ClockMachine {
    override added(): void {
      // Its app will come at some time.
    }
  }
  noticed({ Machine }, /partition|the clock/)
})

test('a clock that forgets a partition whose app is gone after one tick is noticed', () => {
  class Machine extends ClockMachine {
    readonly #kept = new Set<number>()
    override step(nowMs: number, allCommitted: boolean): Readonly<Effect> {
      const effect = super.step(nowMs, allCommitted)
      if (effect.kind === 'takeCare') this.#kept.delete(effect.partition)
      if (effect.kind !== 'keep' || !this.#kept.has(effect.partition)) {
        if (effect.kind === 'keep') this.#kept.add(effect.partition)
        return effect
      }
      return super.step(nowMs, allCommitted)
    }
  }
  noticed({ Machine }, /whose app has not left|holds tick|is damaged/)
})

/** A barrier after which one number for all is as it was before. */
function keepsOld(name: 'interestsTick' | 'fieldsTick' | 'straying'): Partial<Parts> {
  class Work extends ClockWork {
    override perform(effect: Readonly<Effect>): void {
      const { control } = this.fabric
      const before = control[name]
      super.perform(effect)
      if (effect.kind === 'grant') control[name] = before
    }
  }
  return { Work }
}

for (const name of ['interestsTick', 'fieldsTick', 'straying'] as const)
  test(`a barrier that does not make ${name} known is noticed`, () => {
    noticed(keepsOld(name), /all hear/)
  })

test('a barrier that lets a lane of ids be used up is noticed', () => {
  class Work extends ClockWork {
    override perform(effect: Readonly<Effect>): void {
      super.perform(effect)
      if (effect.kind !== 'grant') return
      for (const { sides } of this.fabric.memories) {
        const side = sides[effect.tick % 2]
        const before = sides[(effect.tick + 1) % 2]
        if (side.float('idLane') !== before.float('idLane'))
          side.setFloat('idCounter', before.float('idCounter'))
      }
    }
  }
  noticed({ Work }, /keeps a lane at/)
})

test('a barrier that forgets how much a partition may get in a tick is noticed', () => {
  class Work extends ClockWork {
    override perform(effect: Readonly<Effect>): void {
      const { description } = this.fabric.world
      const { transfersPerTick } = description
      if (effect.kind === 'grant') Object.assign(description, { transfersPerTick: undefined })
      super.perform(effect)
      if (effect.kind === 'grant') Object.assign(description, { transfersPerTick })
    }
  }
  noticed({ Work }, /entities in one tick/)
})

test('a partition that claims no rows for who may come is noticed', () => {
  class Owner extends PartitionOwner {
    override finish(): void {
      super.finish()
      this.back.set('capacity', this.population)
    }
  }
  noticed({ Owner }, /has claimed rows for/)
})

test('a message that is delivered twice is noticed', () => {
  noticed(
    {
      readMessages(fabric, target, tick) {
        const messages = readMessages(fabric, target, tick)
        return [...messages, ...messages.slice(-1)]
      },
    },
    /receives/,
  )
})

test('messages out of order are noticed', () => {
  noticed({ readMessages: (...which) => readMessages(...which).reverse() }, /receives/)
})

test('a subscription that keeps a removal to itself is noticed', () => {
  class Forgetful extends Subscription {
    override look(tick: number): SubscriptionEvent[] {
      const events = super.look(tick)
      return events[0]?.kind === 'Remove' ? events.slice(1) : events
    }
  }
  noticed({ Subscription: Forgetful }, /tells 'undefined' of entity \d+, not 'Remove'/)
})

test('a snapshot that reads the side that is being written is noticed', () => {
  class Work extends ClockWork {
    constructor(...[machine, fabric, options]: ConstructorParameters<typeof ClockWork>) {
      super(machine, fabric, {
        report(report) {
          if (report.kind !== 'stateCopied') options.report(report)
          else options.report({ ...report, copy: { ...report.copy, tick: report.copy.tick - 1 } })
        },
      })
    }
    override perform(effect: Readonly<Effect>): void {
      super.perform(effect.kind === 'beginCopy' ? { ...effect, tick: effect.tick + 1 } : effect)
    }
  }
  noticed({ Work }, /the cop(y|ies) |is at|has type|has field/)
})

test('a copy that is not ended before its side is written again is noticed', () => {
  class Work extends ClockWork {
    readonly #clock: ClockMachine
    #isCopying = false
    constructor(...[machine, fabric, options]: ConstructorParameters<typeof ClockWork>) {
      super(machine, fabric, {
        report: (report) => {
          if (report.kind === 'stateCopied') this.#isCopying = false
          options.report(report)
        },
      })
      this.#clock = machine
    }
    override perform(effect: Readonly<Effect>): void {
      if (this.#isCopying) super.perform({ ...effect, kind: 'copyStep' })
      super.perform(effect)
      if (effect.kind !== 'beginCopy') return
      this.#isCopying = true
      this.#clock.copied()
    }
  }
  noticed({ Work }, /the cop(y|ies) |is at|has type|has field|a copy of tick|is damaged/)
})

test('a target that claims no fields for who was refused is noticed', () => {
  class Owner extends PartitionOwner {
    override finish(): void {
      this.rejectedIncoming = 0
      super.finish()
    }
  }
  noticed({ Owner }, /still lack a field/)
})

test('a copy that leaves out who was let go is noticed', () => {
  noticed(
    {
      stateOfSide(sides, at, scratch) {
        const target = sides[at].partition
        const others = sides.map((side) => ({
          ...side,
          granted: side.granted.filter((granted) => granted.target !== target),
        }))
        return stateOfSide(others.with(at, sides[at]), at, scratch)
      },
    },
    /the copies have/,
  )
})

test('a write to memory that was not claimed is noticed', () => {
  noticed(
    {},
    /memory was written and not claimed|whose field \S+ it lacks|fieldStride of|has not left/,
    () => {
      mock.method(PartitionMemory.prototype, 'ensureField', () => true)
    },
  )
})

test('a barrier that counts the memory in use wrongly is noticed', () => {
  const { recountMemory } = ControlBlock.prototype
  noticed({}, /bytes are counted/, () => {
    mock.method(
      ControlBlock.prototype,
      'recountMemory',
      function (this: ControlBlock, pages: number) {
        recountMemory.call(this, pages - 1)
      },
    )
  })
})

test('an owner that gives back memory of messages that are still to be read is noticed', () => {
  class Owner extends PartitionOwner {
    override finish(): void {
      super.finish()
      this.memory.shrink({
        rows: Math.max(this.rows, this.back.get('capacity')),
        messages: 0,
        heapBytes: 0,
        isIndexed: true,
      })
    }
  }
  noticed({ Owner }, /receives \[|messages is/)
})

test('an owner that gives back the index while it is in use is noticed', () => {
  class Owner extends PartitionOwner {
    override finish(): void {
      super.finish()
      const { messageLimit, messageHeapBytes } = this.memory.sizes
      this.memory.shrink({
        rows: Math.max(this.rows, this.back.get('capacity')),
        messages: messageLimit,
        heapBytes: messageHeapBytes,
        isIndexed: false,
      })
    }
  }
  noticed({ Owner }, /the index finds|a subscription tells|indexChanges is/)
})

test('an index that is a tick old is noticed', () => {
  class Owner extends PartitionOwner {
    override finish(): void {
      super.finish()
      const { back, front } = this
      if (back.get('indexed') === 0 || front.get('indexed') === 0) return
      for (const name of ['indexTable', 'indexBins'] as const) back.set(name, front.get(name))
      back.setFloat('indexTick', front.float('indexTick'))
      back.set('indexChanges', 0)
    }
  }
  noticed({ Owner }, /the index finds|a subscription tells/)
})

test('an index that forgets the last change is noticed', () => {
  class Owner extends PartitionOwner {
    override finish(): void {
      super.finish()
      if (this.back.get('indexed') === 1)
        this.back.set('indexChanges', Math.max(0, this.back.get('indexChanges') - 1))
    }
  }
  noticed({ Owner }, /the index finds|a subscription tells/)
})

test('an index that says that it holds more than it does is noticed', () => {
  class Owner extends PartitionOwner {
    override finish(): void {
      super.finish()
      const { quiet } = this.back
      if (this.back.get('indexed') === 1) quiet[2] = (quiet[0] + quiet[2]) / 2
    }
  }
  noticed({ Owner }, /the index finds|a subscription tells/)
})

test('a sweep that does not find the positions of the tick before is noticed', () => {
  class Owner extends PartitionOwner {
    override beginPiece(): void {
      // The data there is two ticks old.
    }
  }
  noticed({ Owner }, /is at|changed in \d+, says/)
})

test('a sweep whose positions are not taken over is noticed', () => {
  class Owner extends PartitionOwner {
    override endPiece(): void {
      // Pretend that no entity moved.
    }
  }
  noticed({ Owner }, /is at|should ask for/)
})

test('a sweep that does not say what it changed is noticed', () => {
  class Owner extends PartitionOwner {
    override endSweep(): void {
      // Pretend that nothing changed.
    }
  }
  noticed({ Owner }, /changed in \d+, says|a subscription tells/)
})

test('a bulk store that is lost after a crash is noticed', () => {
  class Owner extends PartitionOwner {
    #ticks = 0
    override finish(): void {
      super.finish()
      this.#ticks++
    }
    override storedField(...stored: Parameters<PartitionOwner['storedField']>): number {
      return this.#ticks === 0 && this.tick > 1 ? -1 : super.storedField(...stored)
    }
  }
  noticed({ Owner }, /lacks a field|field \d+ of entity \d+ is|changed in \d+, says/)
})
