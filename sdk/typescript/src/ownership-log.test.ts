import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Transaction } from './index.ts'
import { LockstepWorld } from './testing/lockstep.ts'

const idle = () => undefined

/** Moves everybody whose number is below `share` of 100 to the other side, each tick. */
function swap(count: number) {
  return ({ owned }: Transaction) => {
    const { positions, states, ids } = owned
    for (let row = 0; row < owned.rows; row++)
      if (states[row] !== 0 && ids[row] % 100 < count) positions[row * 3] *= -1
    owned.moved()
  }
}

function make(x: number, count: number) {
  return ({ owned }: Transaction) => {
    owned.create(512, count)
    for (let row = 0; row < count; row++) owned.positions[row * 3] = x
    owned.moved()
  }
}

test('the log does not grow by entities that come and go once an app has asked', () => {
  const world = new LockstepWorld({ entitiesPerPartition: 1000 })
  let handedOver = 0
  const west = (transaction: Transaction) => {
    make(50, 500)(transaction)
    handedOver += 500
  }
  const east = ({ owned }: Transaction) => owned.delete(owned.arrivedRows)
  world.tick(idle, (transaction) => assert.deepEqual(transaction.ownershipChanges(), []))
  while (handedOver < 20_000) world.tick(west, east)
  world.tick(idle, (transaction) => {
    const changes = transaction.ownershipChanges().length
    assert.ok(changes < 5000, `${changes} changes of ${handedOver} entities that are gone`)
  })
})

for (const asksFirst of [true, false]) {
  test(`a late ${asksFirst ? 'second' : 'first'} question answers what an app owns`, () => {
    const world = new LockstepWorld({ entitiesPerPartition: 1000 })
    /** What the west app believes to own. */
    const believed = new Set<number>()
    const ask = (transaction: Transaction) => {
      for (const { kind, entity } of transaction.ownershipChanges()) {
        if (kind === 'Add') believed.add(entity.id)
        else if (kind === 'Remove')
          assert.ok(believed.delete(entity.id), `entity ${entity.id} was not owned`)
      }
    }
    world.tick(
      (west) => {
        make(-1, 200)(west)
        for (const id of west.owned.ids) believed.add(id)
      },
      make(1, 200),
    )
    if (asksFirst) world.tick(ask, idle)
    for (let tick = 0; tick < 81; tick++) world.tick(swap(40), swap(40))
    world.tick((west) => {
      ask(west)
      const { ids, states } = west.owned
      const owned = [...ids].filter((_, row) => states[row] !== 0)
      assert.deepEqual([...believed].sort(), owned.sort())
      assert.deepEqual(west.ownershipChanges(), [])
    }, idle)
  })
}
