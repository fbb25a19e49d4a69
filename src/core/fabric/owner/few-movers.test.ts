// A world in which little happens: the cost of a tick must depend on what moves, not on what
// exists. The cost is counted in rows, not in time.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PlaceList } from '../memory/place-list.ts'
import { findInBox } from '../reader/box-query.ts'
import { testFabric } from '../testing/test-fabric.ts'
import type { PartitionOwner } from './partition-owner.ts'

const ENTITIES = 10_000
const MOVERS = 20
const untouched = { type: 999, z: -1, byte: 99 }
const border = { minX: 9, minY: 0, maxX: 11, maxY: 10 }

/**
 * Two cells, 10 wide and high. All entities are in the first, and the second reads what is near the
 * border of the two.
 */
function staticWorld() {
  const world = testFabric({ columns: 2, sizes: { entityLimit: ENTITIES } })
  const memory = world.fabric.partition(0)
  let tick = 0
  const next = (compute?: (owner: PartitionOwner) => void) => {
    tick++
    world.tick((owner) => {
      if (owner.index === 1) owner.interests = [{ domain: 0, box: border }]
      else compute?.(owner)
    })
  }
  next((owner) => {
    for (let made = 0; made < ENTITIES; made++) {
      const row = world.put(owner, ((made * 37) % 1000) / 100, ((made * 91) % 997) / 100)
      owner.storeField(row, 1, 600, new Uint8Array([made & 7]))
    }
  })
  for (let settled = 0; settled < 3; settled++) next()
  return {
    next,
    found() {
      const list = new PlaceList()
      findInBox(world.fabric, memory, tick, border, list)
      return [...list.rows.subarray(0, list.count)].sort((one, other) => one - other)
    },
    indexTick: () => memory.side(tick).float('indexTick'),
    side: () => memory.side(tick),
    /**
     * The number of rows, positions and values of the field that the begin of a tick writes.
     * Afterwards restores what it did not write.
     */
    copiedBy(compute?: (owner: PartitionOwner) => void) {
      const side = memory.side(tick + 1)
      const field = memory.field((tick + 1) % 2, 1)!
      const kept = {
        type: side.type.slice(),
        position: side.position.slice(),
        data: field.data.slice(),
      }
      for (let row = 0; row < ENTITIES; row++) {
        side.type[row] = untouched.type
        side.position[row * 3 + 2] = untouched.z
        field.data[row * field.stride] = untouched.byte
      }
      const copied = { rows: 0, positions: 0, values: 0 }
      next((owner) => {
        for (let row = 0; row < ENTITIES; row++) {
          if (side.type[row] === untouched.type) side.type[row] = kept.type[row]
          else copied.rows++
          if (side.position[row * 3 + 2] === untouched.z)
            side.position[row * 3 + 2] = kept.position[row * 3 + 2]
          else copied.positions++
          const value = row * field.stride
          if (field.data[value] === untouched.byte) field.data[value] = kept.data[value]
          else copied.values++
        }
        compute?.(owner)
      })
      return copied
    },
  }
}

function moveSome(owner: PartitionOwner): void {
  for (let mover = 0; mover < MOVERS; mover++) {
    const row = (mover * 499) % ENTITIES
    owner.setPosition(row, (owner.tick + mover) % 10, mover % 10, 0)
  }
}

test('nothing is copied while all entities stand still, and the index stays', () => {
  const world = staticWorld()
  const madeAt = world.indexTick()
  assert.ok(madeAt > 0)
  for (let tick = 0; tick < 10; tick++)
    assert.deepEqual(world.copiedBy(), { rows: 0, positions: 0, values: 0 })
  assert.equal(world.indexTick(), madeAt)
})

test('only the few movers are copied, and noted in an index that stays', () => {
  const world = staticWorld()
  const madeAt = world.indexTick()
  world.copiedBy(moveSome)
  for (let tick = 0; tick < 40; tick++) {
    const copied = world.copiedBy(moveSome)
    assert.deepEqual(copied, { rows: MOVERS, positions: MOVERS, values: MOVERS })
    assert.equal(world.indexTick(), madeAt)
    const { position } = world.side()
    const expected = Array.from({ length: ENTITIES }, (_, row) => row).filter(
      (row) => position[row * 3] >= border.minX,
    )
    assert.deepEqual(world.found(), expected)
  }
})

test('only the written part of a bulk write is copied', () => {
  const world = staticWorld()
  const some = (owner: PartitionOwner) => {
    for (let row = 100; row < 350; row++) owner.position[row * 3 + 2] = owner.tick
    owner.moved(100, 350)
    owner.storedField(1, 600, 1, 7000, 7040)
  }
  world.copiedBy(some)
  for (let tick = 0; tick < 5; tick++)
    assert.deepEqual(world.copiedBy(some), { rows: 0, positions: 250, values: 40 })
})

test("a reader of a partition's border looks at no row elsewhere", () => {
  const world = staticWorld()
  const there = world.found()
  assert.ok(there.length > ENTITIES / 20 && there.length < ENTITIES / 5)
  // All other entities are moved there without telling the index: a reader that looked at their
  // rows would find them.
  const { position } = world.side()
  for (let row = 0; row < ENTITIES; row++) position.set([9.5, 5], row * 3)
  assert.deepEqual(world.found(), there)
})
