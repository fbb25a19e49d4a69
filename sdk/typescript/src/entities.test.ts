import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  createStandaloneApplication,
  type Entity,
  HeddleError,
  type Transaction,
} from '@heddle/sdk'
import { LockstepWorld } from './testing/lockstep.ts'

function standalone(options: { entitiesPerPartition?: number } = {}) {
  return createStandaloneApplication({ seconds: 1, tickRate: 'unlimited', ...options })
}

/** Runs one update of a fresh application. */
function inUpdate(body: (transaction: Transaction) => void): void {
  const transaction = standalone().beginUpdate()
  body(transaction)
  transaction.commit()
}

function refusedWith(code: HeddleError['code'], pattern?: RegExp) {
  return (error: unknown) =>
    error instanceof HeddleError && error.code === code && (!pattern || pattern.test(error.message))
}

test('an entity has a type, an id of its own and a position of 32-bit floats', () => {
  inUpdate((transaction) => {
    const one = transaction.createEntity(512, [1.1, -2, 3])
    const other = transaction.createEntity(0xffff_ffff)
    assert.notEqual(one.id, other.id)
    assert.deepEqual([one.type, other.type], [512, 0xffff_ffff])
    assert.deepEqual(transaction.loadEntityIndexKey(one), [Math.fround(1.1), -2, 3])
    assert.deepEqual(transaction.loadEntityIndexKey(other), [0, 0, 0])
    assert.equal(transaction.ownedEntityCount, 2)
    assert.deepEqual(
      [...transaction.ownedEntities()].map(({ id }) => id),
      [one.id, other.id],
    )
  })
})

test('built-in type ids and positions that are invalid or outside the world are refused', () => {
  inUpdate((transaction) => {
    for (const type of [511, 0, -1, 512.5, 2 ** 32])
      assert.throws(() => transaction.createEntity(type), refusedWith('InvalidArgument', /type id/))
    assert.throws(
      () => transaction.createEntity(512, [Number.NaN, 0, 0]),
      refusedWith('InvalidArgument'),
    )
    assert.throws(
      () => transaction.createEntity(512, [0, 0, Infinity]),
      refusedWith('InvalidArgument'),
    )
    assert.throws(
      () => transaction.createEntity(512, [1001, 0, 0]),
      refusedWith('InvalidArgument', /outside/),
    )
    const entity = transaction.createEntity(512, [1000, 1000, 1e9])
    assert.throws(
      () => transaction.storeEntityIndexKey(entity, [0, -1001, 0]),
      refusedWith('InvalidArgument'),
    )
    assert.deepEqual(transaction.loadEntityIndexKey(entity), [1000, 1000, 1e9])
    assert.equal(transaction.ownedEntityCount, 1)
  })
})

test('an app reads its own writes at once', () => {
  inUpdate((transaction) => {
    const entity = transaction.createEntity(512)
    transaction.storeEntityIndexKey(entity, [5, 6, 7])
    assert.deepEqual(transaction.loadEntityIndexKey(entity), [5, 6, 7])
    transaction.storeEntityField(entity, 1, 700, new Uint8Array([1, 2]))
    assert.deepEqual(transaction.loadEntityField(entity, 1), {
      typeId: 700,
      data: new Uint8Array([1, 2]),
    })
  })
})

test('a field holds any bytes up to the limit, none too, and is given out as a copy', () => {
  inUpdate((transaction) => {
    const entity = transaction.createEntity(512)
    for (const length of [0, 3, 1024, 1]) {
      const data = new Uint8Array(length).fill(length & 255)
      transaction.storeEntityField(entity, 7, 700, data)
      assert.deepEqual(transaction.loadEntityField(entity, 7).data, data)
    }
    const copy = transaction.loadEntityField(entity, 7).data
    copy.fill(99)
    assert.notDeepEqual(transaction.loadEntityField(entity, 7).data, copy)
    assert.throws(
      () => transaction.storeEntityField(entity, 7, 700, new Uint8Array(1025)),
      refusedWith('CapacityExceeded', /1024/),
    )
    assert.equal(transaction.loadEntityField(entity, 7).data.length, 1)
  })
})

test('fields are per entity and per index; one that is not there is NotFound', () => {
  inUpdate((transaction) => {
    const [one, other] = [transaction.createEntity(512), transaction.createEntity(512)]
    transaction.storeEntityField(one, 1, 700, new Uint8Array([1]))
    transaction.storeEntityField(one, 2, 700, new Uint8Array([2]))
    assert.throws(() => transaction.loadEntityField(other, 1), refusedWith('NotFound', /field 1/))
    transaction.removeEntityField(one, 1)
    assert.throws(() => transaction.loadEntityField(one, 1), refusedWith('NotFound'))
    assert.throws(() => transaction.removeEntityField(one, 1), refusedWith('NotFound'))
    assert.deepEqual(transaction.loadEntityField(one, 2).data, new Uint8Array([2]))
    for (const index of [0, -1, 1.5, 64])
      assert.throws(
        () => transaction.storeEntityField(one, index, 700, new Uint8Array(1)),
        refusedWith('InvalidArgument', /field index/),
      )
    assert.throws(
      () => transaction.storeEntityField(one, 1, -1, new Uint8Array(1)),
      refusedWith('InvalidArgument'),
    )
    assert.throws(
      () => transaction.storeEntityField(one, 1, 700, 'text' as unknown as Uint8Array),
      refusedWith('InvalidArgument', /Uint8Array/),
    )
  })
})

test('loads fill what they are given, and replace bytes of another length', () => {
  inUpdate((transaction) => {
    const entity = transaction.createEntity(512, [5, 6, 7])
    const position: [number, number, number] = [0, 0, 0]
    assert.equal(transaction.loadEntityIndexKey(entity, position), position)
    assert.deepEqual(position, [5, 6, 7])
    const field = { typeId: 0, data: new Uint8Array(2) }
    for (const length of [2, 0, 2, 3, 1000, 1000]) {
      const stored = new Uint8Array(length).fill(length % 251)
      transaction.storeEntityField(entity, 1, 700 + length, stored)
      const { data } = field
      assert.equal(transaction.loadEntityField(entity, 1, field), field)
      assert.deepEqual(field, { typeId: 700 + length, data: stored })
      assert.equal(field.data === data, data.length === length)
      field.data.fill(255)
      assert.deepEqual(transaction.loadEntityField(entity, 1).data, stored, 'it is a copy')
    }
    assert.throws(() => transaction.loadEntityField(entity, 2, field), refusedWith('NotFound'))
  })
})

test('a deleted entity is gone at once, and its id is never given again', () => {
  inUpdate((transaction) => {
    const entity = transaction.createEntity(512)
    transaction.storeEntityField(entity, 1, 700, new Uint8Array([1]))
    transaction.deleteEntity(entity)
    assert.throws(() => transaction.loadEntityIndexKey(entity), refusedWith('NotFound'))
    assert.throws(() => transaction.deleteEntity(entity), refusedWith('NotFound'))
    const next = transaction.createEntity(512)
    assert.notEqual(next.id, entity.id)
    assert.throws(() => transaction.loadEntityField(next, 1), refusedWith('NotFound'))
    assert.equal(transaction.ownedEntityCount, 1)
  })
})

test('a partition refuses entities beyond its limit, and accepts one after a deletion', () => {
  const application = standalone({ entitiesPerPartition: 3 })
  const transaction = application.beginUpdate()
  const entities = [0, 1, 2].map(() => transaction.createEntity(512))
  assert.throws(() => transaction.createEntity(512), refusedWith('CapacityExceeded', /limit 3/))
  transaction.deleteEntity(entities[1])
  transaction.createEntity(512)
  assert.equal(transaction.ownedEntityCount, 3)
  assert.equal(application.runtimeLimit('EntitiesPerPartition'), 3)
})

test('what was written lasts over many ticks, changed or not', () => {
  const application = standalone()
  let still: Entity | undefined
  let moving: Entity | undefined
  for (const transaction of application.updates()) {
    still ??= transaction.createEntity(512, [1, 2, 3])
    moving ??= transaction.createEntity(513, [0, 0, 0])
    if (transaction.tick === 1) transaction.storeEntityField(still, 1, 700, new Uint8Array([7]))
    assert.deepEqual(transaction.loadEntityIndexKey(still), [1, 2, 3])
    assert.deepEqual(transaction.loadEntityField(still, 1).data, new Uint8Array([7]))
    assert.deepEqual(transaction.loadEntityIndexKey(moving), [transaction.tick - 1, 0, 0])
    transaction.storeEntityIndexKey(moving, [transaction.tick, 0, 0])
  }
  assert.equal(application.currentTick, 30)
})

test('another app can not write, and can not read without a subscription', () => {
  const world = new LockstepWorld()
  let west: Entity | undefined
  world.tick((transaction) => {
    west = transaction.createEntity(512, [-50, 0, 0])
  })
  world.tick(
    () => undefined,
    (transaction) => {
      const theirs = { id: west!.id, type: west!.type }
      assert.throws(
        () => transaction.storeEntityIndexKey(theirs, [0, 0, 0]),
        refusedWith('NotOwned'),
      )
      assert.throws(() => transaction.deleteEntity(theirs), refusedWith('NotOwned'))
      assert.throws(() => transaction.loadEntityIndexKey(theirs), refusedWith('NotFound'))
      assert.throws(() => transaction.deleteEntity({ id: 999, type: 512 }), refusedWith('NotFound'))
    },
  )
})
