import assert from 'node:assert/strict'
import { test } from 'node:test'
import { countOf, meanMs } from '../../tick/durations.ts'
import { testFabric } from '../testing/test-fabric.ts'
import { appDurations, appPhases, ClockMeter, clockPhases, PartitionMeter } from './meters.ts'

test('each phase of each partition and of the clock is counted for itself', () => {
  const { fabric } = testFabric({ columns: 3 })
  const meters = [0, 1, 2].map((partition) => appDurations(fabric.partition(partition)))
  const clock = new ClockMeter(fabric)
  let ms = 1
  for (const meter of meters)
    for (const phase of appPhases) for (let n = 0; n < 3; n++) meter[phase].add(ms++)
  for (const phase of clockPhases) clock.phases[phase].add(ms++)
  clock.addMissedTicks(2)
  clock.addMissedTicks(3)
  let expected = 2
  for (const meter of meters)
    for (const phase of appPhases) {
      assert.equal(countOf(meter[phase].read()), 3)
      assert.equal(meanMs(meter[phase].read()), expected)
      expected += 3
    }
  assert.deepEqual(
    clockPhases.map((phase) => clock.phases[phase].read().sumMs),
    [37, 38],
  )
  assert.equal(clock.missedTicks, 5)
})

test('whoever comes after an app that died counts on', () => {
  const { fabric } = testFabric({ columns: 1 })
  appDurations(fabric.partition(0)).simulate.add(2)
  const successor = appDurations(fabric.partition(0))
  successor.simulate.add(4)
  assert.equal(countOf(successor.simulate.read()), 2)
  assert.equal(meanMs(successor.simulate.read()), 3)
})

test('a new partition begins at 0, whoever had its index before', () => {
  const { fabric } = testFabric({ columns: 2, makers: 1 })
  const meter = new PartitionMeter(fabric, 2)
  appDurations(fabric.partition(2)).wait.add(1)
  meter.set('entities', 7)
  new PartitionMeter(fabric, 1).set('entities', 5)
  fabric.removePartition(2)
  assert.equal(fabric.addPartition({ domain: 1, cell: -1, name: 'another' }), 2)
  assert.equal(countOf(appDurations(fabric.partition(2)).wait.read()), 0)
  assert.equal(meter.get('entities'), 0)
  assert.equal(new PartitionMeter(fabric, 1).get('entities'), 5)
})

test('entities, and handoffs that were granted and that were not, are counted by partition', () => {
  const world = testFabric({ columns: 3, sizes: { entityLimit: 4 } })
  const counts = () =>
    [0, 1, 2].map((partition) => {
      const meter = new PartitionMeter(world.fabric, partition)
      return (['entities', 'handedOut', 'takenIn', 'rejected'] as const).map((name) =>
        meter.get(name),
      )
    })
  const { tick } = world
  // Three want to go where there is room for two; none leaves for the last cell.
  tick((owner) => {
    if (owner.index === 0) for (let n = 0; n < 3; n++) world.put(owner, 15, 5)
    if (owner.index === 1) for (let n = 0; n < 2; n++) world.put(owner, 15, 5)
  })
  assert.deepEqual(counts(), [
    [3, 2, 0, 1],
    [2, 0, 2, 0],
    [0, 0, 0, 0],
  ])
  tick()
  assert.deepEqual(counts(), [
    [1, 2, 0, 2],
    [4, 0, 2, 0],
    [0, 0, 0, 0],
  ])
})
