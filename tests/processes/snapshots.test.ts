import assert from 'node:assert/strict'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { readWorld } from '../../scripts/demo/compare.ts'
import { after, before } from '../../src/base/testing/hooks.ts'
import { snapshotKey } from '../../src/core/lifecycle/snapshot-key.ts'
import { assertSameEntities } from '../support/compare-worlds.ts'
import { type Heddle, startHeddle } from '../support/heddle.ts'
import { schema } from '../support/packages.ts'
import { hashEvery, type Simulation } from '../support/simulation.ts'
import { waitFor } from '../support/waiting.ts'

let heddle: Heddle
let original: Simulation
/** Snapshot of the original while it ticked. */
let key = ''
before(async () => {
  heddle = await startHeddle()
  const Cells = {
    kind: 'spatial',
    grid: [2, 2],
    command: 'wanderers.ts --seed 9 --entities 60',
  } as const
  original = await heddle.startSimulation('original', schema({ domains: { Cells } }), hashEvery(1))
})
after(() => heddle?.stop())

test('a snapshot does not stop the clock, and contains the world of one tick', async () => {
  await original.startClock()
  await original.reaches(15)
  key = await original.snapshot()
  assert.match(key, /^of-original-\w+\/snapshot\/original-\d{6}-\d{4}-\d{2}\.zip$/)
  assert.equal(await original.clockStatus(), 'STARTED')
  await original.ticksOn()
  const world = await readWorld(await heddle.download(key))
  assert.equal(world.stateHash, original.hashes().get(world.tick)?.stateHash)
  assert.equal(world.entities.size, original.hashes().get(world.tick)?.entities)
  const ticks = [...original.hashes().keys()]
  assert.deepEqual(
    ticks,
    ticks.map((_, place) => place),
    'no tick was left out',
  )
})

test('two simulations started from one snapshot equal the original world', async () => {
  const { tick } = await readWorld(await heddle.download(key))
  const branches = await Promise.all(
    ['one', 'two'].map((name) => heddle.branch(name, key, hashEvery(1))),
  )
  for (const branch of branches) {
    await branch.is('STARTED')
    assert.equal(await branch.clockStatus(), 'STOPPED')
  }
  for (const branch of branches) await branch.startClock()
  await original.reaches(tick + 40)
  for (const branch of branches) {
    await branch.reaches(tick + 40)
    for (let later = tick; later <= tick + 40; later++)
      assert.equal(
        branch.hashes().get(later)?.stateHash,
        original.hashes().get(later)?.stateHash,
        `tick ${later}`,
      )
    await waitFor(() => branch.output('Cells').length === 4, 'all apps to speak')
    const adds = branch.output('Cells').map((line) => Number(/adds=(\d+)/.exec(line)?.[1]))
    assert.ok(
      adds.every((count) => count > 0),
      'each app got an Add for what it owns',
    )
  }
  for (const branch of branches) await branch.stop()
})

test('a snapshot of a stopped clock leaves it stopped, and a second one is equal', async () => {
  await original.stopClock()
  const first = await readWorld(await heddle.download(await original.snapshot()))
  assert.equal(await original.clockStatus(), 'STOPPED')
  const second = await original.world()
  await original.reaches(first.tick)
  assert.equal(original.newest().tick, first.tick)
  assert.equal(original.newest().stateHash, first.stateHash)
  assertSameEntities(second, first)
})

test('a second snapshot at once is a conflict, and a missing bucket is rejected', async () => {
  const Destination = { BucketName: heddle.bucket, ObjectKeyPrefix: 'both' }
  const both = await Promise.allSettled(
    [1, 2].map(() =>
      heddle.weaver.createSnapshot({ Simulation: 'original', Destination }).promise(),
    ),
  )
  assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
  const refused = both.find((one) => one.status === 'rejected')
  assert.equal(refused?.reason.code, 'ConflictException')
  await original.is('STARTED')
  assert.equal((await heddle.keys('both')).length, 1)
  const missing = { Simulation: 'original', Destination: { BucketName: 'no-such-bucket' } }
  await assert.rejects(heddle.weaver.createSnapshot(missing).promise(), {
    code: 'ValidationException',
  })
  assert.equal((await original.describe()).Status, 'STARTED')
})

test('a snapshot uses the next second’s key if its own is taken', async () => {
  const seconds = Array.from({ length: 60 }, (_, second) =>
    snapshotKey('taken', 'original', Date.now() + second * 1000),
  )
  for (const each of seconds) await heddle.put(each, 'of before')
  const Destination = { BucketName: heddle.bucket, ObjectKeyPrefix: 'taken' }
  for (const count of [1, 2]) {
    await heddle.weaver.createSnapshot({ Simulation: 'original', Destination }).promise()
    await original.is('STARTED')
    assert.equal((await heddle.keys('taken/')).length, seconds.length + count)
  }
  for (const each of seconds) assert.equal((await heddle.get(each)).toString(), 'of before')
})

test('a simulation stopped during its snapshot leaves no object', async () => {
  const Cells = {
    kind: 'spatial',
    grid: [2, 1],
    command: 'wanderers.ts --entities 20000 --until 2',
  } as const
  const large = await heddle.startSimulation('large', schema({ domains: { Cells } }), hashEvery(1))
  await large.startClock()
  await large.reaches(2)
  await heddle.weaver
    .createSnapshot({
      Simulation: 'large',
      Destination: { BucketName: heddle.bucket, ObjectKeyPrefix: 'cut' },
    })
    .promise()
  await large.stop()
  assert.deepEqual(await heddle.keys('cut'), [])
  const files = readdirSync(join(heddle.data, 'objects'), { recursive: true, encoding: 'utf8' })
  const sizes = files
    .map((file) => statSync(join(heddle.data, 'objects', file)))
    .filter((stats) => stats.isFile())
  assert.ok(
    sizes.every(({ size }) => size < 100_000),
    'nor a part of one',
  )
})

test('a damaged, truncated or foreign file is rejected, and starts nothing', async () => {
  const good = await heddle.get(key)
  const flipped = Buffer.from(good)
  flipped[good.length >> 1] ^= 0x10
  const files = {
    flipped,
    cut: good.subarray(0, good.length - 100),
    text: Buffer.from('no snapshot'),
    none: undefined,
  }
  for (const [name, bytes] of Object.entries(files)) {
    if (bytes) await heddle.put(`${name}.zip`, bytes)
    const simulation = await heddle.branch(`from-${name}`, `${name}.zip`)
    const [error] = await simulation.fails()
    assert.equal(error.errorType, bytes ? 'SnapshotInvalid' : 'SnapshotNotFound')
    assert.match(error.errorMessage, new RegExp(`s3://test-bucket/${name}\\.zip`))
    await simulation.leavesNothing()
  }
})
