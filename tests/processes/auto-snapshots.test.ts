// Snapshots that a simulation makes by itself, as its tags say.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readWorld } from '../../scripts/demo/compare.ts'
import { after, before } from '../../src/base/testing/hooks.ts'
import { type Heddle, startHeddle } from '../support/heddle.ts'
import { schema } from '../support/packages.ts'
import { hashEvery } from '../support/simulation.ts'
import { waitFor } from '../support/waiting.ts'

let heddle: Heddle
before(async () => {
  heddle = await startHeddle()
})
after(() => heddle?.stop())

const Cells = {
  kind: 'spatial',
  grid: [2, 1],
  command: 'wanderers.ts --seed 3 --entities 30',
} as const
const text = schema({ domains: { Cells }, tickRate: '100' })

test('a world saves itself at its interval, and keeps the newest snapshots', async () => {
  const tags = {
    ...hashEvery(1).Tags,
    'heddle:snapshot-every': '20 ticks',
    'heddle:snapshot-to': `s3://${heddle.bucket}/auto`,
    'heddle:snapshot-keep': '2',
  }
  const world = await heddle.startSimulation('saver', text, { Tags: tags })
  assert.deepEqual(await heddle.keys('auto/'), [])
  await world.startClock()
  const made = () => world.log('/sim/management').filter((line) => line.includes('snapshot=s3://'))
  await waitFor(
    () => made().length >= 5,
    () => `five snapshots; there are ${made().length}: ${world.errors()}`,
  )
  await world.stopClock()
  await world.is('STARTED')
  const keys = await waitFor(async () => {
    const found = await heddle.keys('auto/')
    return found.length <= 2 && found
  }, 'only the newest to be kept')
  assert.equal(keys.length, 2)
  const count = made().length
  // One more may have been due; the newest of the two stays in any case.
  const newest = keys.sort().at(-1)!
  assert.ok(made().some((line) => line.includes(newest)))
  const saved = await readWorld(await heddle.download(newest))
  assert.equal(saved.stateHash, world.hashes().get(saved.tick)?.stateHash)
  const again = await heddle.branch('saved', newest)
  await again.is('STARTED')
  await again.stop()
  assert.ok(made().length <= count + 1, 'a world that stands still is not saved again and again')
  await world.stop()
})

test('a world with an interval in ticks saves itself at exactly these ticks', async () => {
  const slow = schema({ domains: { Cells }, tickRate: '20' })
  const tags = {
    ...hashEvery(1).Tags,
    'heddle:snapshot-every': '30 ticks',
    'heddle:snapshot-to': `s3://${heddle.bucket}/exact`,
    'heddle:snapshot-keep': '9',
  }
  const world = await heddle.startSimulation('exact', slow, { Tags: tags })
  await world.startClock()
  const ticks = () =>
    world
      .log('/sim/management')
      .flatMap((line) => /snapshot=s3:\S+ snapshot-tick=(\d+)/.exec(line)?.[1] ?? [])
  await waitFor(
    () => ticks().length >= 4,
    () => `four snapshots; there are ${ticks()}: ${world.errors()}`,
  )
  // A busy machine may skip one.
  for (const tick of ticks()) assert.equal(Number(tick) % 30, 0, `${ticks()}`)
  await world.stopClock()
  await world.is('STARTED')
  for (const key of await heddle.keys('exact/')) {
    const saved = await readWorld(await heddle.download(key))
    assert.equal(saved.stateHash, world.hashes().get(saved.tick)?.stateHash)
  }
  await world.stop()
})

test('a missing bucket is reported, and the world and other snapshots go on', async () => {
  const tags = {
    ...hashEvery(1).Tags,
    'heddle:snapshot-every': '5 ticks',
    'heddle:snapshot-to': 's3://nowhere-at-all',
  }
  const world = await heddle.startSimulation('hopeless', text, { Tags: tags })
  await world.startClock()
  await world.saysError(/nowhere-at-all/)
  await world.ticksOn(30)
  await world.stopClock()
  const Destination = { BucketName: heddle.bucket, ObjectKeyPrefix: 'hopeless' }
  for (const count of [1, 2]) {
    await world.is('STARTED')
    await heddle.weaver.createSnapshot({ Simulation: world.name, Destination }).promise()
    await waitFor(
      async () => (await heddle.keys('hopeless/')).length === count,
      () => `snapshot ${count}; ${world.errors()}`,
    )
  }
  await world.stop()
})

test('a bad tag is rejected at the start', async () => {
  const start = heddle.weaver
    .startSimulation({
      Name: 'odd',
      RoleArn: 'arn:aws:iam::111122223333:role/test',
      SchemaS3Location: { BucketName: heddle.bucket, ObjectKey: 'saver.yaml' },
      Tags: { 'heddle:snapshot-every': 'sometimes', 'heddle:snapshot-to': `s3://${heddle.bucket}` },
    })
    .promise()
  await assert.rejects(start, { code: 'ValidationException', message: /heddle:snapshot-every/ })
})
