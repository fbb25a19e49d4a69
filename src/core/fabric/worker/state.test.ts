import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createStateHash } from '../../entities/state-hash.ts'
import { copiedStates } from '../testing/copied-states.ts'
import { testFabric } from '../testing/test-fabric.ts'
import { redistribute } from './redistribute.ts'
import { hashWorld, seedState } from './state.ts'

const entity = fc.record({
  x: fc.float({ min: 0, max: 30, noNaN: true }),
  fields: fc.array(
    fc.record({ field: fc.integer({ min: 1, max: 63 }), bytes: fc.uint8Array({ maxLength: 40 }) }),
    {
      maxLength: 3,
    },
  ),
  deleted: fc.boolean(),
})

function hashOf(world: ReturnType<typeof testFabric>, tick: number): string {
  const hash = createStateHash()
  for (const { ids, types, positions, fields, count } of copiedStates(world.fabric, tick))
    hash.addRows(ids, types, positions, fields, count)
  return hash.digest()
}

test('a copied state is the same in another fabric, whatever the grid', () => {
  fc.assert(
    fc.property(
      fc.array(entity, { maxLength: 8 }),
      fc.integer({ min: 1, max: 5 }),
      (entities, columns) => {
        const world = testFabric({ columns: 1 })
        world.tick((owner) => {
          for (const { x, fields } of entities) {
            const row = world.put(owner, x, 5)
            for (const { field, bytes } of fields) owner.storeField(row, field, field * 10, bytes)
          }
          for (const [row, { deleted }] of entities.entries()) if (deleted) owner.delete(row)
        })
        const [state] = copiedStates(world.fabric, 1)
        const again = testFabric({ columns, tick: 1 })
        for (const [index, piece] of redistribute(again.fabric.world, [state], () => 0))
          assert.ok(
            seedState(again.fabric.partition(index), 1, { ...piece, idLane: 7, idCounter: 3 }),
          )
        assert.equal(hashOf(again, 1), hashOf(world, 1))
        assert.deepEqual(hashWorld(again.fabric, 1), {
          stateHash: hashOf(world, 1),
          entities: state.count,
        })
        again.tick()
        again.tick()
        assert.equal(hashOf(again, 3), hashOf(world, 1))
      },
    ),
  )
})

test('values of any length go on from a state in which they lie as close as they can', () => {
  const world = testFabric({ columns: 1 })
  world.tick((owner) => {
    for (let row = 0; row < 4; row++)
      owner.storeField(world.put(owner, row, 5), 1, 9, new Uint8Array(row + 2).fill(row + 1))
  })
  const [state] = copiedStates(world.fabric, 1)
  const [field] = state.fields
  const stride = Math.max(...field.lengths)
  const data = new Uint8Array(stride * 4)
  for (let row = 0; row < 4; row++)
    data.set(field.data.subarray(row * field.stride, row * field.stride + stride), row * stride)
  const again = testFabric({ columns: 1, tick: 1 })
  assert.ok(
    seedState(again.fabric.partition(0), 1, { ...state, fields: [{ ...field, stride, data }] }),
  )
  again.tick((owner) => [1, 2, 3].forEach((row) => void owner.touch(row)))
  again.tick()
  again.tick()
  assert.equal(hashOf(again, 4), hashOf(world, 1))
})

test('an entity that waits in a snapshot asks again in the first tick after a start', () => {
  const world = testFabric({ columns: 2, sizes: { entityLimit: 1 } })
  world.tick((owner) => world.put(owner, 15, 5))
  const states = copiedStates(world.fabric, 1)
  const again = testFabric({ columns: 2, tick: 1, sizes: { entityLimit: 1 } })
  const placed = redistribute(again.fabric.world, states, (state) => states.indexOf(state), 1)
  for (const [index, piece] of placed)
    assert.ok(
      seedState(again.fabric.partition(index), 1, { ...piece, idLane: index + 1, idCounter: 1 }),
    )
  assert.deepEqual(again.ids(), world.ids())
  assert.deepEqual(again.tick(), { granted: 0, rejected: 1 })
})

test('a field that an entity does not have any more leaves nothing in a copy', () => {
  const world = testFabric({ columns: 1 })
  world.tick((owner) => owner.storeField(world.put(owner, 1, 1), 1, 77, new Uint8Array([1])))
  world.tick((owner) => owner.removeField(0, 1))
  const [{ fields }] = copiedStates(world.fabric, 2)
  const [field] = fields
  assert.deepEqual([field.lengths[0], field.typeIds[0]], [-1, 0])
})

test('more entities than a partition may hold are not seeded', () => {
  const world = testFabric({ columns: 1 })
  world.tick((owner) => [world.put(owner, 1, 1), world.put(owner, 2, 2)])
  const small = testFabric({ columns: 1, sizes: { entityLimit: 1 } })
  assert.equal(seedState(small.fabric.partition(0), 1, copiedStates(world.fabric, 1)[0]), false)
})

test('a copy of the world keeps its state, even if the room for it is too small', () => {
  fc.assert(
    fc.property(fc.array(entity, { maxLength: 8 }), fc.nat({ max: 400 }), (entities, bytes) => {
      const world = testFabric({ columns: 3 })
      world.tick((owner) => {
        for (const { x, fields } of owner.index === 0 ? entities : []) {
          const row = world.put(owner, x, 5)
          for (const { field, bytes } of fields) owner.storeField(row, field, field * 10, bytes)
        }
        for (const [row, { deleted }] of entities.entries())
          if (deleted && owner.index === 0) owner.delete(row)
      })
      const { stateHash } = hashWorld(world.fabric, 1)
      const copies = [copiedStates(world.fabric, 1), copiedStates(world.fabric, 1, bytes)]
      world.tick((owner) => {
        for (let row = 0; row < owner.rows; row++)
          if (owner.back.state[row] !== 0) owner.delete(row)
      })
      world.tick()
      for (const states of copies) {
        const hash = createStateHash()
        for (const { ids, types, positions, fields, count } of states)
          hash.addRows(ids, types, positions, fields, count)
        assert.equal(hash.digest(), stateHash)
      }
    }),
  )
})

test('a copy of the world has a leaving entity in the partition that takes it in next', () => {
  const world = testFabric({ columns: 2, makers: 1 })
  const maker = 2
  world.tick((owner) => {
    if (owner.index !== maker) return
    for (const x of [5, 15, 15]) {
      const row = world.put(owner, x, 5)
      owner.storeField(row, 3, 9, new Uint8Array([row, 1]))
    }
  })
  world.tick(
    (owner) => owner.index === maker && [1, 2].forEach((row) => void owner.setDestination(row, 0)),
  )
  const before = world.ids()
  const copied = copiedStates(world.fabric, 2).map((state) => [...state.ids])
  assert.deepEqual(copied, [[], before[maker].slice(1), before[maker].slice(0, 1)])
  assert.deepEqual(
    copiedStates(world.fabric, 2)[1].fields[0].data.length,
    2 * copiedStates(world.fabric, 2)[1].fields[0].stride,
  )
  world.tick()
  assert.deepEqual(Object.values(world.ids()), copied)
})
