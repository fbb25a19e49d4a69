// Heddle over a foreign S3: here the S3 of another Heddle, behind a wire that can be held and cut.

import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { CreateBucketCommand, ListBucketsCommand, S3Client } from '@aws-sdk/client-s3'
import { firstDifference, readWorld } from '../../scripts/demo/compare.ts'
import { after, before } from '../../src/base/testing/hooks.ts'
import { type Heddle, startHeddle } from '../support/heddle.ts'
import { processesOf } from '../support/processes.ts'
import { hashEvery, type Simulation } from '../support/simulation.ts'
import { waitFor } from '../support/waiting.ts'
import { makeWalkFiles } from './walk.ts'
import { layWire, type Wire } from './wire.ts'

const cleanups: (() => Promise<unknown>)[] = []
let keeper: Heddle
let wire: Wire
let heddle: Heddle
let world: Simulation

before(async () => {
  // One test holds a request for a minute.
  keeper = await startHeddle({ configuration: 'serving: {receive_seconds: 300}\n' })
  cleanups.push(() => keeper.stop())
  wire = await layWire(keeper.endpoint)
  cleanups.push(async () => wire[Symbol.asyncDispose]())
  heddle = await startHeddle({ otherS3: { endpoint: wire.url, credentials: keeper.credentials } })
  cleanups.push(() => heddle.stop())
  await using files = await makeWalkFiles(heddle.bucket)
  await heddle.put('apps/cells.zip', await readFile(join(files.folder, 'cells.zip')))
  await heddle.put('apps/view.zip', await readFile(join(files.folder, 'view.zip')))
  const text = await readFile(join(files.folder, 'schema.yaml'), 'utf8')
  world = await heddle.startSimulation('world', text, hashEvery(1))
  await world.startClock()
})
after(async () => {
  wire?.release()
  for (const cleanup of cleanups.reverse()) await cleanup()
})

test('a simulation starts, is saved and is restored over a foreign S3', async () => {
  await world.startApp('View', 'view')
  await world.appIs('View', 'view', 'STARTED')
  await world.stopApp('View', 'view')
  const key = await world.snapshot()
  assert.deepEqual(await keeper.keys('of-world'), [key])
  const branch = await heddle.branch('branch', key, hashEvery(1))
  await branch.is('STARTED')
  const again = await branch.snapshot()
  const [one, two] = await Promise.all(
    [key, again].map(async (each) => readWorld(await heddle.download(each))),
  )
  assert.ok(one.entities.size > 0)
  assert.equal(firstDifference(one, two), undefined)
  await branch.stop()
  assert.ok(
    !existsSync(join(heddle.data, 'objects')) ||
      readdirSync(join(heddle.data, 'objects')).length === 0,
  )
})

test('no process shows the keys of the foreign S3 in its environment', async () => {
  const { accessKeyId, secretAccessKey } = keeper.credentials
  const pids = [heddle.controlPid, ...processesOf(world.executionId).map(({ pid }) => pid)]
  assert.ok(pids.length > 2)
  for (const pid of pids) {
    const shown = await readFile(`/proc/${pid}/environ`, 'utf8')
    assert.ok(
      shown.length > 0 && !shown.includes(secretAccessKey) && !shown.includes(accessKeyId),
      String(pid),
    )
  }
})

test('Heddle with a foreign S3 rejects S3 requests with the reason', async () => {
  const client = new S3Client({
    endpoint: heddle.endpoint,
    region: 'us-west-2',
    credentials: heddle.credentials,
    forcePathStyle: true,
    maxAttempts: 1,
  })
  for (const command of [new ListBucketsCommand(), new CreateBucketCommand({ Bucket: 'here' })]) {
    await assert.rejects(
      client.send(command as ListBucketsCommand),
      (error: Error & { $metadata?: object }) => {
        assert.match(`${error.name}: ${error.message}`, /--s3-endpoint/)
        return true
      },
    )
  }
  client.destroy()
})

test('a snapshot under way conflicts with another one and with a deletion alone', async () => {
  const begun = await beginHeldSnapshot('slow')
  assert.equal((await world.describe()).TargetStatus, 'STARTED')
  await assert.rejects(snapshotTo('second'), { code: 'ConflictException', message: /snapshot/ })
  await assert.rejects(heddle.weaver.deleteSimulation({ Simulation: 'world' }).promise(), {
    code: 'ConflictException',
  })
  const { Simulations } = await heddle.weaver.listSimulations().promise()
  assert.equal(Simulations?.find(({ Name }) => Name === 'world')?.Status, 'SNAPSHOT_IN_PROGRESS')
  assert.equal(await world.clockStatus(), 'STARTED')
  await world.ticksOn(5)
  await heddle.weaver.stopClock({ Simulation: 'world' }).promise()
  await world.clockIs('STOPPED')
  await heddle.weaver.startClock({ Simulation: 'world' }).promise()
  await world.startApp('View', 'meanwhile')
  await world.appIs('View', 'meanwhile', 'STARTED')
  assert.equal((await world.describe()).Status, 'SNAPSHOT_IN_PROGRESS')
  wire.release()
  await world.is('STARTED')
  assert.equal((await keeper.keys('slow/')).length, 1)
  assert.ok(world.newest().tick > begun.tick + 5)
})

test('a snapshot whose store goes away fails, and /sim/errors has the reason', async () => {
  await beginHeldSnapshot('lost')
  wire.cut(true)
  await world.is('STARTED')
  wire.cut(false)
  wire.release()
  assert.deepEqual(await keeper.keys('lost/'), [])
  const reason = /s3:\/\/test-bucket\/lost\/snapshot\/world-\S+\.zip failed: \S/
  await waitFor(
    () => reason.test(world.errors()),
    () => `the reason in /sim/errors, which says: ${world.errors()}`,
  )
  await world.ticksOn(3)
  assert.ok(await world.snapshot())
})

test('a silent store is an error of a snapshot, and a StartError of a start', async () => {
  wire.cut(true)
  await assert.rejects(snapshotTo('unreachable'), {
    code: 'InternalServerException',
    message: /test-bucket/,
  })
  const begun = await heddle.begin('unfed', {
    SchemaS3Location: { BucketName: heddle.bucket, ObjectKey: 'world.yaml' },
  })
  const errors = await begun.fails()
  wire.cut(false)
  assert.equal(errors.length, 1)
  assert.match(errors[0].errorMessage, /test-bucket.*world\.yaml/)
  await begun.leavesNothing()
})

test('the end of the maximum duration waits for a snapshot under way', async () => {
  await using files = await makeWalkFiles(heddle.bucket)
  const text = await readFile(join(files.folder, 'schema.yaml'), 'utf8')
  const brief = await heddle.startSimulation('brief', text, { MaximumDuration: '1M' })
  wire.hold(`PUT /${heddle.bucket}/brief/snapshot/brief-`)
  const Destination = { BucketName: heddle.bucket, ObjectKeyPrefix: 'brief' }
  await heddle.weaver.createSnapshot({ Simulation: 'brief', Destination }).promise()
  await waitFor(() => wire.isHolding, 'the snapshot to be on its way')
  const { CreationTime, Status } = await brief.describe()
  assert.equal(Status, 'SNAPSHOT_IN_PROGRESS')
  await sleep(CreationTime!.getTime() + 62_000 - Date.now())
  assert.equal((await brief.describe()).Status, 'SNAPSHOT_IN_PROGRESS')
  wire.release()
  await waitFor(async () => (await brief.describe()).Status === 'STOPPED', 'the simulation to end')
  assert.equal((await keeper.keys('brief/')).length, 1)
})

test('stopping a simulation ends its snapshot at once, and leaves no object or part', async () => {
  await beginHeldSnapshot('cut')
  await world.stop()
  wire.release()
  assert.deepEqual(await keeper.keys('cut/'), [])
  assert.equal((await world.describe()).Status, 'STOPPED')
})

/** Begins a CreateSnapshot and holds its object on the wire. */
async function beginHeldSnapshot(prefix: string): Promise<{ tick: number }> {
  const { tick } = world.newest()
  wire.hold(`PUT /${heddle.bucket}/${prefix}/snapshot/world-`)
  await snapshotTo(prefix)
  await waitFor(() => wire.isHolding, 'the snapshot to be on its way')
  assert.equal((await world.describe()).Status, 'SNAPSHOT_IN_PROGRESS')
  return { tick }
}

async function snapshotTo(ObjectKeyPrefix: string): Promise<void> {
  const Destination = { BucketName: heddle.bucket, ObjectKeyPrefix }
  await heddle.weaver.createSnapshot({ Simulation: 'world', Destination }).promise()
}
