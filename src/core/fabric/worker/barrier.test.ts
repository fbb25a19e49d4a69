import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { rowState } from '../memory/columns.ts'
import { controlRecord } from '../memory/control-records.ts'
import type { PartitionOwner } from '../owner/partition-owner.ts'
import { testFabric } from '../testing/test-fabric.ts'

/**
 * Entities by source and target: `asks[source][target]` of them ask to go there; `stay[source]` do
 * not.
 */
interface Wishes {
  limit: number
  stay: number[]
  asks: number[][]
}

function deleteAll(owner: PartitionOwner): void {
  for (let row = 0; row < owner.rows; row++)
    if (owner.back.state[row] !== rowState.free) owner.delete(row)
}

/**
 * Asks for the handoffs in one tick. Returns what was granted by source and target, and the
 * populations after the exchange. From that tick on, `claims` succeed.
 */
function exchange(
  { limit, stay, asks }: Wishes,
  claims = Number.POSITIVE_INFINITY,
  transfersMax?: number,
) {
  const columns = stay.length
  const world = testFabric({ columns, sizes: { entityLimit: limit }, transfersMax })
  const { fabric, segments } = world
  const owners = [...fabric.partitions()].map((index) => index)
  world.tick((owner) => {
    // A field that the targets don't have: room for it has to be claimed there.
    const count = stay[owner.index] + sum(asks[owner.index])
    for (let row = 0; row < count; row++)
      owner.storeField(
        world.put(owner, owner.index * 10 + 5, 5),
        1 + owner.index,
        0,
        new Uint8Array(5),
      )
  })
  const idsBefore = Object.values(world.ids()).flat().sort()
  segments.claimsLeft = claims
  world.tick((owner) => {
    let row = stay[owner.index]
    asks[owner.index].forEach((count, target) => {
      for (let done = 0; done < count; done++) owner.setPosition(row++, target * 10 + 5, 5, 0)
    })
  })
  const granted = stay.map(() => stay.map(() => 0))
  for (const source of owners) {
    const side = fabric.partition(source).side(2)
    for (let group = 0; group < side.get('handoffGroups'); group++)
      granted[source][side.handoffTarget[group]] = side.handoffGranted[group]
  }
  world.tick()
  assert.deepEqual(Object.values(world.ids()).flat().sort(), idsBefore)
  const populations = owners.map((index) => fabric.partition(index).side(3).get('population'))
  return { granted, populations }
}

const wishes = fc.integer({ min: 2, max: 5 }).chain((columns) =>
  fc
    .record({
      stay: fc.array(fc.nat(4), { minLength: columns, maxLength: columns }),
      asks: fc.array(fc.array(fc.nat(3), { minLength: columns, maxLength: columns }), {
        minLength: columns,
        maxLength: columns,
      }),
      spare: fc.nat(3),
    })
    .map(({ stay, asks, spare }): Wishes => {
      for (let index = 0; index < columns; index++) asks[index][index] = 0
      const held = stay.map((count, index) => count + sum(asks[index]))
      return { limit: Math.max(1, ...held) + spare, stay, asks }
    }),
)

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)

test('two full neighbours swap', () => {
  const { granted, populations } = exchange({
    limit: 3,
    stay: [1, 0],
    asks: [
      [0, 2],
      [3, 0],
    ],
  })
  assert.deepEqual(granted, [
    [0, 2],
    [2, 0],
  ])
  assert.deepEqual(populations, [3, 3])
})

test('a ring of full partitions moves on by one, and who stands before the ring waits', () => {
  const asks = [
    [0, 2, 0, 0],
    [0, 0, 2, 0],
    [0, 0, 0, 2],
    [0, 2, 0, 0],
  ]
  const { granted } = exchange({ limit: 2, stay: [0, 0, 0, 0], asks })
  assert.deepEqual(granted, [
    [0, 0, 0, 0],
    [0, 0, 2, 0],
    [0, 0, 0, 2],
    [0, 2, 0, 0],
  ])
})

test('a partition that gives makes room for one that waits, whichever has the lower index', () => {
  assert.deepEqual(
    exchange({
      limit: 2,
      stay: [0, 0, 0],
      asks: [
        [0, 2, 0],
        [0, 0, 2],
        [0, 0, 0],
      ],
    }).granted[0][1],
    2,
  )
  assert.deepEqual(
    exchange({
      limit: 2,
      stay: [0, 0, 0],
      asks: [
        [0, 0, 0],
        [2, 0, 0],
        [0, 2, 0],
      ],
    }).granted[2][1],
    2,
  )
})

test('no partition exceeds its limit, and none with room or in a ring refuses an entity', () => {
  fc.assert(
    fc.property(wishes, ({ limit, stay, asks }) => {
      const { granted, populations } = exchange({ limit, stay, asks })
      stay.forEach((count, index) => {
        const arrived = sum(granted.map((targets) => targets[index]))
        const expected = count + sum(asks[index]) - sum(granted[index]) + arrived
        assert.equal(populations[index], expected)
        assert.ok(expected <= limit)
      })
      const refused = stay.map((_, source) =>
        stay
          .map((__, target) => target)
          .filter((target) => {
            assert.ok(granted[source][target] <= asks[source][target])
            if (granted[source][target] === asks[source][target]) return false
            assert.equal(populations[target], limit)
            return true
          }),
      )
      assert.ok(!hasRing(refused), `${JSON.stringify(refused)} could have swapped`)
    }),
  )
})

test('wherever claims fail, who is granted arrives, and others stay where they are', () => {
  fc.assert(
    fc.property(wishes, fc.nat(60), (wish, claims) => {
      const { granted, populations } = exchange(wish, claims)
      for (const [index, count] of wish.stay.entries()) {
        const arrived = sum(granted.map((targets) => targets[index]))
        assert.equal(
          populations[index],
          count + sum(wish.asks[index]) - sum(granted[index]) + arrived,
        )
        for (const [target, asked] of wish.asks[index].entries())
          assert.ok(granted[index][target] <= asked)
      }
    }),
  )
})

test('without memory, entities go only to partitions that have their field', () => {
  const { fabric, segments, tick, put } = testFabric({ columns: 3 })
  tick((owner) => {
    const row = put(owner, owner.index * 10 + 5, 5)
    if (owner.index > 0) owner.storeField(row, 1, 0, new Uint8Array(4))
  })
  segments.claimsLeft = 0
  tick((owner) => owner.setPosition(0, [15, 25, 5][owner.index], 5, 0))
  const granted = [0, 1, 2].map((index) => fabric.partition(index).side(2).handoffGranted[0])
  assert.deepEqual(granted, [1, 1, 0])
})

test('an entity with a new field waits one tick, in which its target claims it', () => {
  const { tick, put, ids } = testFabric({ columns: 2 })
  tick((owner) => owner.index === 0 && owner.storeField(put(owner, 15, 5), 1, 0, new Uint8Array(4)))
  const [id] = ids()[0]
  assert.deepEqual(tick(), { granted: 1, rejected: 0 })
  tick()
  assert.deepEqual(ids(), { 0: [], 1: [id] })
})

test('a full partition keeps its entities when its partner of a swap lacks memory', () => {
  const { fabric, tick, put, ids } = testFabric({ columns: 3, sizes: { entityLimit: 2 } })
  tick((owner) => {
    // Cell 0 has a field that cell 1 lacks, and cells 0 and 1 are full.
    if (owner.index === 0)
      for (const x of [15, 15]) owner.storeField(put(owner, x, 5), 1, 0, new Uint8Array(4))
    if (owner.index === 1) for (const x of [5, 5]) put(owner, x, 5)
    if (owner.index === 2) put(owner, 15, 5)
    if (owner.index === 2)
      fabric.control.words[controlRecord.index.memoryPagesMax] = fabric.control.memoryPages
  })
  const before = ids()
  assert.deepEqual(
    [0, 1, 2].map((index) => fabric.partition(index).side(1).handoffGranted[0]),
    [0, 0, 0],
  )
  fabric.control.words[controlRecord.index.memoryPagesMax] += 100
  tick()
  assert.deepEqual(ids(), before)
  tick()
  assert.deepEqual(ids(), { 0: before[1], 1: before[0], 2: before[2] })
})

test('a lane of ids that is half used up is replaced at the barrier', () => {
  const { fabric, tick, put, ids } = testFabric({ columns: 2 })
  const before = fabric.partition(0).side(0).float('idLane')
  for (const side of fabric.partition(0).sides) side.setFloat('idCounter', 2 ** 31 - 1)
  tick((owner) => {
    if (owner.index === 0) for (let count = 0; count < 3; count++) put(owner, 5, 5)
  })
  tick((owner) => {
    if (owner.index === 0) put(owner, 5, 5)
  })
  const side = fabric.partition(0).side(2)
  assert.notEqual(side.float('idLane'), before)
  assert.equal(side.float('idCounter'), 1)
  assert.equal(new Set(ids()[0]).size, 4)
  assert.ok(ids()[0].every(Number.isSafeInteger))
})

test('each partition with room gets as many entities in a tick as the quota, and no more', () => {
  fc.assert(
    fc.property(
      wishes,
      fc.integer({ min: 1, max: 6 }),
      fc.boolean(),
      (each, transfersMax, isRoomy) => {
        const wished = isRoomy ? { ...each, limit: 100 } : each
        const { granted, populations } = exchange(wished, undefined, transfersMax)
        for (const [target, population] of populations.entries()) {
          const received = sum(granted.map((row) => row[target]))
          const asked = sum(wished.asks.map((row) => row[target]))
          assert.ok(received <= Math.min(asked, transfersMax))
          assert.ok(population <= wished.limit)
          if (isRoomy) assert.equal(received, Math.min(asked, transfersMax))
        }
      },
    ),
  )
})

test('full partitions swap under a quota of transfers, tick by tick', () => {
  const asks = [
    [0, 3],
    [3, 0],
  ]
  const { granted } = exchange({ limit: 3, stay: [0, 0], asks }, undefined, 2)
  assert.deepEqual(granted, [
    [0, 2],
    [2, 0],
  ])
})

test('an entity takes no more fields than it may have, and changes those that it has', () => {
  const { tick, put } = testFabric({ columns: 1, sizes: { fieldsPerEntity: 2 } })
  tick((owner) => {
    const row = put(owner, 5, 5)
    const other = put(owner, 6, 5)
    assert.equal(owner.storeField(row, 1, 0, new Uint8Array(1)), true)
    assert.equal(owner.storeField(row, 9, 0, new Uint8Array(1)), true)
    assert.equal(owner.storeField(row, 3, 0, new Uint8Array(1)), false)
    assert.equal(owner.storeField(row, 9, 0, new Uint8Array(2)), true)
    assert.equal(owner.storeField(other, 3, 0, new Uint8Array(1)), true)
    owner.removeField(row, 1)
    assert.equal(owner.storeField(row, 3, 0, new Uint8Array(1)), true)
  })
})

test('entities whose target is not in use stay', () => {
  const { tick, put, remove } = testFabric({ columns: 2 })
  remove(1)
  const handoffs = tick((owner) => put(owner, 15, 5))
  assert.deepEqual(handoffs, { granted: 0, rejected: 1 })
})

function hasRing(refused: readonly (readonly number[])[]): boolean {
  const reaches = (from: number, to: number, passed: Set<number>): boolean =>
    refused[from].some((next) => {
      if (next === to) return true
      if (passed.has(next)) return false
      passed.add(next)
      return reaches(next, to, passed)
    })
  return refused.some((_, start) => reaches(start, start, new Set()))
}

test('each target is told of its incoming groups, granted or not, and of no earlier ones', () => {
  fc.assert(
    fc.property(wishes, (wished) => {
      const columns = wished.stay.length
      const world = testFabric({ columns, sizes: { entityLimit: wished.limit } })
      world.tick((owner) => {
        for (let count = 0; count < wished.stay[owner.index]; count++)
          world.put(owner, owner.index * 10 + 5, 5)
        wished.asks[owner.index].forEach((count, target) => {
          for (let done = 0; done < count; done++) world.put(owner, target * 10 + 5, 5)
        })
      })
      for (let target = 0; target < columns; target++) {
        const side = world.fabric.partition(target).side(1)
        const told = Array.from(
          { length: side.get('incomingGroups') },
          (_, place) => side.incomingSource[place],
        )
        const asking = wished.asks.flatMap((asks, source) => (asks[target] > 0 ? [source] : []))
        assert.deepEqual(told, asking)
        told.forEach((source, place) => {
          const from = world.fabric.partition(source).side(1)
          const group = side.incomingGroup[place]
          assert.equal(from.handoffTarget[group], target)
          assert.equal(from.handoffCount[group], wished.asks[source][target])
        })
      }
      // In the first tick some are still granted; after two more both sides are written anew.
      for (let tick = 0; tick < 3; tick++) world.tick(deleteAll)
      for (let index = 0; index < columns; index++)
        for (const side of world.fabric.partition(index).sides)
          assert.equal(side.get('incomingGroups'), 0)
    }),
    { numRuns: 100 },
  )
})

test("the clock knows whether an entity is outside of its owner's and its target's cell", () => {
  const world = testFabric({ columns: 2, makers: 1 })
  const { control } = world.fabric
  assert.ok(control.straying > 0, 'nothing is known before the first tick')
  world.tick()
  world.tick((owner) => owner.index === 0 && world.put(owner, 15, 5))
  assert.equal(control.straying, 0, 'on its way to the cell that it is in')
  world.tick((owner) => owner.index === 0 && world.put(owner, 50, 5))
  assert.equal(control.straying, 1, 'in no cell')
  world.tick((owner) => owner.index === 0 && owner.setPosition(0, 5, 5, 0))
  world.tick()
  assert.equal(control.straying, 0)
  world.tick((owner) => owner.index === 2 && owner.setDestination(world.put(owner, 15, 5), 0))
  assert.equal(control.straying, 1, 'on its way to another domain')
})

test('a crowd gets in as far as rows are claimed, and the rest in the tick after', () => {
  const world = testFabric({ columns: 2, sizes: { entityLimit: 4096 } })
  const crowd = 3000
  const first = world.tick((owner) => {
    if (owner.index === 0) for (let made = 0; made < crowd; made++) world.put(owner, 15, 5)
  })
  const { claimedRows } = world.fabric.partition(1)
  assert.ok(first.granted > 0 && first.granted < crowd, `${first.granted} of ${crowd}`)
  assert.ok(first.granted <= claimedRows, `${first.granted} in ${claimedRows} rows`)
  assert.deepEqual(world.tick(), { granted: crowd - first.granted, rejected: 0 })
  world.tick()
  assert.equal(world.ids()[1].length, crowd)
})
