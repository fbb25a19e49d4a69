import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PartitionOwner } from '../owner/partition-owner.ts'
import { testFabric } from '../testing/test-fabric.ts'
import { Subscription } from './subscriptions.ts'

const everywhere = { minX: -1e9, minY: -1e9, maxX: 1e9, maxY: 1e9 }
const kindsOf = (subscription: Subscription, tick: number) =>
  subscription.look(tick).map(({ kind }) => kind)

test('an entity is added once, updated when it changed, and removed when it is gone', () => {
  const world = testFabric({ columns: 2 })
  const subscription = new Subscription(world.fabric, { owner: 0, domain: 0, box: everywhere })
  world.tick((owner) => owner.index === 1 && world.put(owner, 15, 5))
  assert.deepEqual(kindsOf(subscription, 1), ['Add'])
  world.tick()
  assert.deepEqual(kindsOf(subscription, 2), [])
  world.tick((owner) => owner.index === 1 && owner.setPosition(0, 16, 5, 0))
  assert.deepEqual(kindsOf(subscription, 3), ['Update'])
  assert.deepEqual(kindsOf(subscription, 3), [])
  world.tick((owner) => owner.index === 1 && owner.delete(0))
  assert.deepEqual(kindsOf(subscription, 4), ['Remove'])
})

test('changes of ticks at which nobody looked are told once, as what they come to', () => {
  const world = testFabric({ columns: 2 })
  const subscription = new Subscription(world.fabric, { owner: 0, domain: 0, box: everywhere })
  world.tick((owner) => owner.index === 1 && world.put(owner, 15, 5))
  subscription.look(1)
  world.tick((owner) => owner.index === 1 && owner.setPosition(0, 16, 5, 0))
  world.tick((owner) => owner.index === 1 && owner.delete(0))
  world.tick((owner) => owner.index === 1 && world.put(owner, 15, 5))
  assert.deepEqual(kindsOf(subscription, 4), ['Remove', 'Add'])
})

test('an entity on an edge is seen by a box that has no more than that edge of its cell', () => {
  const world = testFabric({ columns: 2 })
  world.owners.set(1, new PartitionOwner(world.fabric, 1, { indexRowsMin: 0 }))
  const box = { minX: 2, minY: 0, maxX: 10, maxY: 10 }
  const subscription = new Subscription(world.fabric, { owner: 0, domain: 0, box })
  world.tick((owner) => {
    if (owner.index === 0) owner.interests = [subscription]
    else world.put(owner, 10, 5)
  })
  world.tick((owner) => owner.index === 1 && world.put(owner, 10, 6))
  assert.equal(world.fabric.partition(1).side(2).get('indexed'), 1)
  assert.deepEqual(kindsOf(subscription, 2), ['Add', 'Add'])
})

test('an entity of the looking app is not told of, and is added a tick after it left', () => {
  const world = testFabric({ columns: 2 })
  const subscription = new Subscription(world.fabric, { owner: 0, domain: 0, box: everywhere })
  world.tick((owner) => owner.index === 0 && world.put(owner, 15, 5))
  assert.deepEqual(kindsOf(subscription, 1), [])
  world.tick()
  assert.deepEqual(kindsOf(subscription, 2), ['Add'])
})

test('an entity in the box is seen while it leaves, and where no partition owns it', () => {
  const world = testFabric({ columns: 3 })
  const onTheWay = new Subscription(world.fabric, {
    owner: 0,
    domain: 0,
    box: { ...everywhere, minX: 21, maxX: 29 },
  })
  const outside = new Subscription(world.fabric, {
    owner: 0,
    domain: 0,
    box: { ...everywhere, minX: 40 },
  })
  world.tick((owner) => {
    if (owner.index !== 1) return
    world.put(owner, 25, 5)
    world.put(owner, 50, 5)
  })
  assert.deepEqual([kindsOf(onTheWay, 1), kindsOf(outside, 1)], [['Add'], ['Add']])
  world.tick()
  assert.deepEqual([kindsOf(onTheWay, 2), kindsOf(outside, 2)], [['Update'], []])
  world.tick((owner) => owner.index === 1 && owner.setPosition(1, 15, 5, 0))
  assert.deepEqual(kindsOf(outside, 3), ['Remove'])
  assert.equal(world.fabric.partition(1).side(3).get('strays'), 0)
})

test('what is told always adds up to what is inside of the box', () => {
  const move = fc.record({
    tick: fc.nat(5),
    x: fc.integer({ min: -5, max: 35 }),
    partition: fc.nat(2),
    gone: fc.boolean(),
  })
  const edge = fc.integer({ min: -10, max: 40 })
  fc.assert(
    fc.property(fc.array(move, { maxLength: 25 }), edge, edge, (moves, one, other) => {
      const box = { ...everywhere, minX: Math.min(one, other), maxX: Math.max(one, other) }
      const world = testFabric({ columns: 3 })
      const subscription = new Subscription(world.fabric, { owner: 0, domain: 0, box })
      const told = new Set<number>()
      for (let tick = 1; tick <= 7; tick++) {
        world.tick((owner) => {
          for (const { x, gone } of moves.filter(
            (one) => one.tick === tick - 1 && one.partition === owner.index,
          )) {
            if (gone && owner.rows > 0 && owner.back.state[0] !== 0) owner.delete(0)
            else if (owner.population < 8) world.put(owner, x, 5)
          }
        })
        if (tick % 3 === 0) continue
        for (const { kind, entity } of subscription.look(tick)) {
          assert.equal(told.has(entity.id), kind !== 'Add')
          if (kind === 'Remove') told.delete(entity.id)
          else told.add(entity.id)
        }
        const inside: number[] = []
        for (const index of [1, 2]) {
          const { id, position, state, rows } = world.fabric.partition(index).side(tick)
          for (let row = 0; row < rows; row++)
            if (state[row] !== 0 && position[row * 3] >= box.minX && position[row * 3] <= box.maxX)
              inside.push(id[row])
        }
        assert.deepEqual([...told].sort(), inside.sort())
      }
    }),
  )
})
