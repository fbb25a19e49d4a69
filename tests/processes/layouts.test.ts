// Worlds restored from a snapshot onto another layout: other cells, another tick rate, other
// workers; by a tag of StartSimulation, and by `heddle branch`.

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { readWorld } from '../../scripts/demo/compare.ts'
import { after, before } from '../../src/base/testing/hooks.ts'
import { readSnapshotManifest } from '../../src/joints/snapshot/snapshot-file.ts'
import { type Heddle, startHeddle } from '../support/heddle.ts'
import { type SchemaSettings, schema } from '../support/packages.ts'
import { hashEvery, type Simulation } from '../support/simulation.ts'

const cells = (columns: number, rows: number, settings: Partial<SchemaSettings> = {}) =>
  schema({
    domains: {
      Cells: {
        kind: 'spatial',
        grid: [columns, rows],
        command: 'wanderers.ts --seed 4 --entities 60 --until 25',
      },
    },
    ...settings,
  })

const ROLE_ARN = 'arn:aws:iam::111122223333:role/heddle'

let heddle: Heddle
let original: Simulation
let key = ''
before(async () => {
  heddle = await startHeddle()
  original = await heddle.startSimulation('original', cells(2, 2), hashEvery(1))
  await original.startClock()
  await original.reaches(20)
  await original.stopClock()
  key = await original.snapshot()
})
after(() => heddle?.stop())

async function begin(name: string, text: string): Promise<Simulation> {
  await heddle.put(`${name}.yaml`, text)
  return heddle.branch(name, key, {
    Tags: { ...hashEvery(1).Tags, 'heddle:schema': `s3://${heddle.bucket}/${name}.yaml` },
  })
}

for (const [columns, rows, settings] of [
  [1, 1, {}],
  [3, 1, { tickRate: 'unlimited' }],
  [4, 5, { workers: 2, tickRate: '100' }],
] as const) {
  test(`a world of 2×2 cells goes on with ${columns}×${rows}, every entity unchanged`, async () => {
    const world = await begin(`as-${columns}-${rows}`, cells(columns, rows, settings))
    await world.is('STARTED')
    assert.equal((await world.apps()).length, columns * rows)
    const before = await readWorld(await heddle.download(key))
    const again = await world.world()
    assert.equal(again.tick, before.tick)
    assert.equal(again.stateHash, before.stateHash)
    assert.deepEqual(again.entities, before.entities)
    await world.startClock()
    await world.reaches(before.tick + 10)
    assert.equal(world.errors(), '')
    await world.stop()
  })
}

test('a schema without place for some entities starts nothing, and names them', async () => {
  const small = await begin('small', cells(2, 2, { half: 10 }))
  const [outside] = await small.fails()
  assert.equal(outside.errorType, 'SnapshotInvalid')
  assert.match(outside.errorMessage, /entity \d+ at \(.+\), outside the bounds of domain 'Cells'/)
  const renamed = cells(2, 2).replaceAll('Cells', 'Others')
  const [missing] = await (await begin('renamed', renamed)).fails()
  assert.match(missing.errorMessage, /domain 'Cells', which the schema does not have/)
  const [absent] = await (
    await heddle.branch('absent', key, {
      Tags: { 'heddle:schema': `s3://${heddle.bucket}/none.yaml` },
    })
  ).fails()
  assert.equal(absent.errorType, 'SchemaNotFound')
})

test('entities of service apps move to the remaining apps of their domain', async () => {
  const domains = { Cells: { kind: 'spatial', grid: [1, 1], command: 'idle.ts' } } as const
  const keeper = { command: 'keeper.ts --entities 5' }
  const first = schema({
    workers: 3,
    domains: { ...domains, Keepers: { kind: 'service', ...keeper } },
  })
  const served = await heddle.startSimulation('served', first, hashEvery(1))
  await served.startClock()
  await served.reaches(2)
  await served.stopClock()
  const saved = await served.snapshot()
  const before = await readWorld(await heddle.download(saved))
  assert.equal(before.entities.size, 15)
  await served.stop()
  const goOn = async (name: string, text: string) => {
    await heddle.put(`${name}.yaml`, text)
    return heddle.branch(name, saved, {
      Tags: { 'heddle:schema': `s3://${heddle.bucket}/${name}.yaml` },
    })
  }

  const fewer = await goOn('fewer', first.replace('desired: 3', 'desired: 2'))
  await fewer.is('STARTED')
  const { stateHash, partitions } = await readSnapshotManifest(
    await heddle.download(await fewer.snapshot()),
  )
  assert.equal(stateHash, before.stateHash)
  const rows = new Map(partitions.map((partition) => [partition.name, partition.rows]))
  assert.deepEqual([rows.get('Keepers-0001-1'), rows.get('Keepers-0002-1')], [10, 5])
  await fewer.stop()

  const custom = schema({
    workers: 3,
    domains: { ...domains, Keepers: { kind: 'custom', ...keeper } },
  })
  const [refused] = await (await goOn('called', custom)).fails()
  assert.equal(refused.errorType, 'SnapshotInvalid')
  assert.match(refused.errorMessage, /5 entities of app 'Keepers-0001-1'.*domain 'Keepers'.*custom/)
})

test('a tag that names no schema, or one without a snapshot, is refused at once', async () => {
  const start = (input: object) =>
    heddle.weaver.startSimulation({ Name: 'refused', RoleArn: ROLE_ARN, ...input }).promise()
  const snapshot = { SnapshotS3Location: { BucketName: heddle.bucket, ObjectKey: key } }
  await assert.rejects(start({ ...snapshot, Tags: { 'heddle:schema': 'a.yaml' } }), {
    code: 'ValidationException',
  })
  const schemaLocation = {
    SchemaS3Location: { BucketName: heddle.bucket, ObjectKey: 'small.yaml' },
  }
  await assert.rejects(start({ ...schemaLocation, Tags: { 'heddle:schema': 's3://a/b' } }), {
    code: 'ValidationException',
  })
})

test('heddle branch snapshots a running world and starts others from it', async () => {
  const branch = (...words: string[]) => heddle.command('branch', ...words, '--data', heddle.data)
  await original.startClock()
  const file = join(heddle.data, 'wide.yaml')
  await writeFile(file, cells(4, 1))
  const { Snapshot, Simulations } = JSON.parse(
    await branch('original', '--name', 'fork', '--count', '2', '--schema', file, '--json'),
  )
  assert.deepEqual(Simulations, ['fork-1', 'fork-2'])
  assert.equal(Snapshot.BucketName, 'heddle-branches')
  for (const name of Simulations) {
    const fork = await heddle.find(name)
    assert.equal((await fork.apps()).length, 4)
    assert.equal(await fork.clockStatus(), 'STOPPED')
    await fork.stop()
  }
  const uri = `s3://${Snapshot.BucketName}/${Snapshot.ObjectKey}`
  const said = await branch(
    uri,
    '--name',
    'again',
    '--tag',
    'team=red',
    '--tag',
    'heddle:restart-on-loss=false',
    '--start-clock',
  )
  assert.match(said, /the clock of again is STARTED/)
  const again = await heddle.find('again')
  assert.equal((await again.apps()).length, 4, 'the cells of the original')
  const plain = await branch(uri, '--name', 'plain')
  assert.match(plain, /simulation plain is STARTED/)
  await (await heddle.find('plain')).stop()
  const tags = JSON.parse(
    await heddle.command('tag', 'list', 'again', '--json', '--data', heddle.data),
  )
  assert.deepEqual(tags.Tags, { team: 'red', 'heddle:restart-on-loss': 'false' })
  await again.stop()
  assert.equal(await original.clockStatus(), 'STARTED')
})

test('a taken or invalid name is rejected before anything is saved or started', async () => {
  const saved = () => heddle.command('snapshot', 'ls', '--json', '--data', heddle.data)
  const before = await saved()
  await heddle.startSimulation('twin-2', cells(1, 1))
  const branch = (...words: string[]) =>
    heddle.command('branch', 'original', ...words, '--data', heddle.data)
  await assert.rejects(branch('--name', 'twin', '--count', '2'), {
    code: 1,
    stderr: 'heddle: there is a simulation named twin-2 already; nothing was saved or started\n',
  })
  await assert.rejects(branch('--name', 'n'.repeat(64), '--count', '2'), { code: 1 })
  await assert.rejects(branch('--name', 'tagged', '--tag', 'heddle:nope=1'), {
    code: 1,
    stderr: /^heddle: the tag heddle:nope means nothing; .*; nothing was saved or started\n$/,
  })
  assert.equal(await saved(), before)
  await assert.rejects(heddle.find('twin-1'))
})

test('a missing schema is named, and nothing is saved or started', async () => {
  const before = await heddle.keys()
  for (const words of [
    ['branch', 'original', '--name', 'none', '--schema', 'no/such.yaml'],
    ['run', 'no/such.yaml', '--name', 'none'],
  ])
    await assert.rejects(heddle.command(...words, '--data', heddle.data), {
      code: 1,
      stderr: 'heddle: the schema no/such.yaml can not be read: it is not there\n',
    })
  assert.deepEqual(await heddle.keys(), before)
})
