import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testFabric } from '../testing/test-fabric.ts'
import { PartitionOwner } from './partition-owner.ts'

const leaver = (world: ReturnType<typeof testFabric>) => {
  world.tick((owner) => {
    if (owner.index === 0) world.put(owner, 5, 5)
  })
  world.tick((owner) => {
    if (owner.index === 0) owner.setPosition(0, 15, 5, 0)
  })
}

test('an entity that leaves its cell is seen in the old partition for one more tick', () => {
  const world = testFabric({ columns: 2 })
  leaver(world)
  const [id] = world.ids()[0]
  assert.deepEqual(world.ids(), { 0: [id], 1: [] })
  world.tick()
  assert.deepEqual(world.ids(), { 0: [], 1: [id] })
  assert.deepEqual(world.owners.get(0)!.ownership.removed, [{ row: 0, id, type: 512 }])
  assert.deepEqual(world.owners.get(1)!.ownership.added, [0])
})

test('an owner that starts on a back side full of garbage ignores it', () => {
  const world = testFabric({ columns: 2 })
  leaver(world)
  const side = world.fabric.partition(1).side(3)
  side.state.fill(1)
  side.id.fill(99)
  side.position.fill(15)
  for (const word of ['rows', 'population', 'handoffGroups', 'messageGroups'] as const)
    side.set(word, 7)
  side.setFloat('tick', 1)
  side.setFloat('idCounter', 0)
  world.owners.delete(1)
  const ids = world.ids()[0]
  world.tick()
  assert.deepEqual(world.ids(), { 0: [], 1: ids })
  assert.equal(world.fabric.partition(1).side(3).get('population'), 1)
})

test('an owner that starts hears of all that it owns as added', () => {
  const world = testFabric({ columns: 1 })
  world.tick((owner) => [world.put(owner, 1, 1), world.put(owner, 2, 2)])
  const owner = new PartitionOwner(world.fabric, 0)
  owner.begin(2)
  assert.deepEqual(owner.ownership.added, [0, 1])
})

test('a rejected entity is asked for in each tick, until there is room', () => {
  const world = testFabric({ columns: 2, sizes: { entityLimit: 1 } })
  world.tick((owner) => world.put(owner, owner.index * 10 + 5, 5))
  assert.deepEqual(
    world.tick((owner) => owner.index === 0 && owner.setPosition(0, 15, 5, 0)),
    { granted: 0, rejected: 1 },
  )
  assert.deepEqual(world.tick(), { granted: 0, rejected: 1 })
  assert.deepEqual(world.owners.get(0)!.ownership.rejected, [0])
  assert.deepEqual(
    world.tick((owner) => owner.index === 1 && owner.delete(0)),
    { granted: 1, rejected: 0 },
  )
  const [id] = world.ids()[0]
  world.tick()
  assert.deepEqual(world.ids(), { 0: [], 1: [id] })
})

test('an entity that comes back into its cell before it was let go is no longer asked for', () => {
  const world = testFabric({ columns: 2, sizes: { entityLimit: 1 } })
  world.tick((owner) => world.put(owner, owner.index * 10 + 5, 5))
  world.tick((owner) => owner.index === 0 && owner.setPosition(0, 15, 5, 0))
  assert.deepEqual(
    world.tick((owner) => owner.index === 0 && owner.setPosition(0, 9, 5, 0)),
    { granted: 0, rejected: 0 },
  )
})

test('an entity that is handed to a spatial domain goes to the partition at its position', () => {
  const world = testFabric({ columns: 2, makers: 1 })
  world.tick((owner) => owner.index === 2 && owner.setDestination(world.put(owner, 15, 5), 0))
  const [id] = world.ids()[2]
  world.tick()
  assert.deepEqual(world.ids(), { 0: [], 1: [id], 2: [] })
})

test('rows are used again, and what was in them does not show', () => {
  const world = testFabric({ columns: 1 })
  world.tick((owner) => {
    for (let count = 0; count < 3; count++)
      owner.storeField(world.put(owner, 1, 1), 3, 9, new Uint8Array([1, 2, 3]))
  })
  world.tick((owner) => {
    owner.delete(1)
    owner.delete(0)
    assert.equal(owner.create(600), 0)
    assert.equal(owner.field(3)!.length[0], 0)
  })
  const side = world.fabric.partition(0).side(2)
  assert.deepEqual([...side.state.subarray(0, 3)], [1, 0, 1])
  assert.deepEqual([side.get('rows'), side.get('population')], [3, 2])
})

test('entities of one tick get rows near each other, and few rows stay free', () => {
  const population = 8192
  const world = testFabric({ columns: 1, sizes: { entityLimit: 2 * population } })
  const perTick = 10
  let [random, most, sum] = [1, 0, 0]
  world.tick((owner) => {
    for (let count = 0; count < population; count++) world.put(owner, 5, 5)
  })
  const ticks = 300
  for (let tick = 0; tick < ticks; tick++) {
    world.tick((owner) => {
      for (let gone = 0; gone < perTick; ) {
        random = (random * 48_271) % 2_147_483_647
        const row = random % owner.rows
        if (owner.back.state[row] === 0) continue
        owner.delete(row)
        gone++
      }
      const rows = Array.from({ length: perTick }, () => world.put(owner, 5, 5))
      sum += Math.max(...rows) - Math.min(...rows)
      most = Math.max(most, owner.rows)
    })
  }
  assert.ok(most > population && most <= population + population / 64, `${most} rows`)
  // Now and then the search begins again at the first row.
  assert.ok(sum / ticks < population / 8, `rows are ${sum / ticks} apart`)
})

test('after a peak hardly more rows than entities are used again', () => {
  const world = testFabric({ columns: 1, sizes: { entityLimit: 4096 } })
  world.tick((owner) => {
    for (let count = 0; count < 4096; count++) world.put(owner, 5, 5)
  })
  world.tick((owner) => {
    for (let row = 0; row < 4096; row += 4)
      for (let gone = row; gone < row + 3; gone++) owner.delete(gone)
  })
  // All that stay are replaced once: the new ones take low rows.
  for (let row = 3; row < 4096; row += 4)
    world.tick((owner) => {
      owner.delete(row)
      world.put(owner, 5, 5)
    })
  const side = world.fabric.partition(0).side(world.fabric.control.committedTick)
  assert.equal(side.get('population'), 1024)
  assert.ok(side.rows <= 1024 + 1024 / 64 + 1, `${side.rows} rows`)
})

test('a field that widens keeps what all rows have in it', () => {
  const world = testFabric({ columns: 1 })
  const bytes = (row: number) => new Uint8Array([row, row + 1, row + 2])
  world.tick((owner) => {
    for (let row = 0; row < 5; row++) owner.storeField(world.put(owner, 1, 1), 1, row, bytes(row))
  })
  world.tick((owner) => owner.storeField(2, 1, 2, new Uint8Array(100).fill(7)))
  world.tick()
  for (const tick of [2, 3]) {
    const view = world.fabric.partition(0).field(tick % 2, 1)!
    assert.ok(view.stride >= 100)
    for (const row of [0, 1, 3, 4])
      assert.deepEqual(
        view.data.slice(row * view.stride, row * view.stride + view.length[row] - 1),
        bytes(row),
      )
  }
})

test('without memory a field is refused and nothing changes', () => {
  const world = testFabric({ columns: 1, sizes: { fieldBytesMax: 5000 } })
  world.tick((owner) => owner.storeField(world.put(owner, 1, 1), 1, 5, new Uint8Array([1, 2])))
  world.tick((owner) => {
    const { memoryPages } = world.fabric.control
    world.segments.claimsLeft = 1
    assert.equal(owner.storeField(0, 1, 6, new Uint8Array(5000)), false)
    assert.equal(world.fabric.control.memoryPages, memoryPages)
    assert.equal(owner.storeField(0, 2, 6, new Uint8Array(1)), false)
    assert.equal(owner.storeField(0, 1, 7, new Uint8Array([3])), true)
  })
  const view = world.fabric.partition(0).field(0, 1)!
  assert.deepEqual([view.length[0], view.typeId[0], view.data[0]], [2, 7, 3])
  assert.equal(world.fabric.partition(0).field(0, 2), undefined)
})

test('a removed partition leaves no segment, even if a field was claimed only in part', () => {
  const world = testFabric({ columns: 1, makers: 1 })
  const before = world.segments.names.filter((name) => name.startsWith('0-'))
  world.tick((owner) => {
    if (owner.index !== 1) return
    world.put(owner, 1, 1)
    owner.storeField(0, 1, 0, new Uint8Array(4))
    world.segments.claimsLeft = 4
    assert.equal(owner.storeField(0, 2, 0, new Uint8Array(4)), false)
    world.segments.claimsLeft = Number.POSITIVE_INFINITY
  })
  world.fabric.removePartition(1)
  assert.deepEqual(world.segments.names, [...before, 'control', 'wake'])
})

test('a field that not all entities may have is given to none of them', () => {
  const world = testFabric({ columns: 1, sizes: { fieldsPerEntity: 1 } })
  world.tick((owner) => {
    world.put(owner, 1, 1)
    owner.storeField(world.put(owner, 2, 2), 1, 7, new Uint8Array(4))
    assert.ok(owner.shapedField(2, 4, 4))
    assert.equal(owner.storedField(2, 9, 4, 0, 2), 1)
    assert.deepEqual([...owner.field(2)!.length.subarray(0, 2)], [0, 0])
    assert.equal(owner.storedField(2, 9, 4, 0, 1), -1)
    assert.deepEqual([...owner.field(2)!.length.subarray(0, 2)], [5, 0])
  })
})
