// A checker that can't fail proves nothing: each test breaks the fabric in one place, and the simulator has to notice.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { arbitrate } from '../../src/core/fabric/barrier.ts'
import { readMessages } from '../../src/core/fabric/messages.ts'
import { rowState } from '../../src/core/fabric/partition-memory.ts'
import { PartitionOwner } from '../../src/core/fabric/partition-owner.ts'
import { copyState } from '../../src/core/fabric/state.ts'
import { Subscription, type SubscriptionEvent } from '../../src/core/fabric/subscriptions.ts'
import { HistoryFailure, runHistory } from './history.ts'
import { type Parts, realParts } from './parts.ts'
import { PooledSegments } from './pooled-segments.ts'

const seedsMax = 400

/** Runs histories with broken parts until one fails, and looks at the complaint; the history must fail the same way again. */
function noticed(broken: Partial<Parts>, complaint: RegExp): void {
  const parts = { ...realParts, ...broken }
  for (let seed = 1; seed <= seedsMax; seed++) {
    const failure = failureOf(seed, parts)
    if (!failure) continue
    assert.match(failure.message, complaint)
    assert.ok(failure.message.includes(`npm run test:long -- --seed ${seed} --histories 1`), failure.message)
    assert.equal(failureOf(seed, parts)?.message, failure.message)
    assert.equal(failureOf(seed, realParts), undefined)
    return
  }
  assert.fail(`nobody noticed in ${seedsMax} histories`)
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
  noticed({ Owner }, /is in partition \d+ and in|is in partition \d+, not in|has entity \d+, which does not exist/)
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
      const field = this.field(7)
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
      if (this.tick % 3 === 0) this.back.setFloat('idCounter', Math.max(0, this.back.float('idCounter') - 1))
    }
  }
  noticed({ Owner }, /was given twice/)
})

test('a barrier that refuses an entity although there is room is noticed', () => {
  noticed(
    {
      arbitrate(fabric, tick) {
        const totals = arbitrate(fabric, tick)
        for (const index of fabric.partitions()) {
          const side = fabric.partition(index).side(tick)
          if (side.get('handoffGroups') === 0 || side.handoffGranted[0] === 0) continue
          side.handoffGranted[0]--
          return { granted: totals.granted - 1, rejected: totals.rejected + 1 }
        }
        return totals
      },
    },
    /which has room/,
  )
})

test('a barrier that lets a partition have more than its limit is noticed', () => {
  noticed(
    {
      arbitrate(fabric, tick) {
        const totals = arbitrate(fabric, tick)
        for (const index of fabric.partitions()) {
          const side = fabric.partition(index).side(tick)
          if (side.get('handoffGroups') === 0 || side.handoffGranted[0] === side.handoffCount[0]) continue
          side.handoffGranted[0]++
          return { granted: totals.granted + 1, rejected: totals.rejected - 1 }
        }
        return totals
      },
    },
    /the barrier lets partition \d+ have/,
  )
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
  noticed(
    {
      copyState(fabric, partition, tick) {
        try {
          return copyState(fabric, partition, tick + 1)
        } catch {
          // Of a side that nobody has written yet there may be no copy at all: that is no complaint of the checker's.
          return copyState(fabric, partition, tick)
        }
      },
    },
    /the cop(y|ies) |is at|has type|has field/,
  )
})

test('a write to memory that was not claimed is noticed', () => {
  class Careless extends PooledSegments {
    override open(name: string, bytes: number) {
      const segment = super.open(name, bytes)
      const claim = (offsetBytes: number, count: number) => {
        const isClaimed = segment.claim(offsetBytes, count)
        segment.release(offsetBytes, count)
        this.claimedBytes += count
        return isClaimed
      }
      return name.includes('field') ? { ...segment, claim } : segment
    }
  }
  noticed({ Segments: Careless }, /memory was written and not claimed/)
})

test('a claim that is counted and not made is noticed', () => {
  class Careless extends PooledSegments {
    override open(name: string, bytes: number) {
      const segment = super.open(name, bytes)
      return name.includes('field') ? { ...segment, claim: () => true } : segment
    }
  }
  noticed({ Segments: Careless }, /bytes are counted/)
})

test('an owner that gives back memory of messages that are still to be read is noticed', () => {
  class Owner extends PartitionOwner {
    override finish(): void {
      super.finish()
      this.memory.shrink({ rows: this.rows, messages: 0, heapBytes: 0, isIndexed: true })
    }
  }
  noticed({ Owner }, /receives \[/)
})

test('an owner that gives back the index while it is in use is noticed', () => {
  class Owner extends PartitionOwner {
    override finish(): void {
      super.finish()
      const { messageLimit, messageHeapBytes } = this.memory.sizes
      this.memory.shrink({ rows: this.rows, messages: messageLimit, heapBytes: messageHeapBytes, isIndexed: false })
    }
  }
  noticed({ Owner }, /the index finds|a subscription tells/)
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
      if (this.back.get('indexed') === 1) this.back.set('indexChanges', Math.max(0, this.back.get('indexChanges') - 1))
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
      // What stands there is two ticks old.
    }
  }
  noticed({ Owner }, /is at|changed in \d+, says/)
})

test('a sweep whose positions are not taken over is noticed', () => {
  class Owner extends PartitionOwner {
    override endPiece(): void {
      // As if nobody had moved.
    }
  }
  noticed({ Owner }, /is at|should ask for/)
})

test('a sweep that does not say what it changed is noticed', () => {
  class Owner extends PartitionOwner {
    override endSweep(): void {
      // As if nothing had changed.
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
