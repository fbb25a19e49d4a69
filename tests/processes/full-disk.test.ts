import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { DeleteObjectCommand, GetObjectCommand } from '@aws-sdk/client-s3'
import { startHeddle } from '../support/heddle.ts'
import { schema } from '../support/packages.ts'
import { hashEvery } from '../support/simulation.ts'
import { withSmallDisk } from '../support/small-disk.ts'
import { waitFor } from '../support/waiting.ts'

const world = schema({ domains: { Cells: { kind: 'spatial', grid: [1, 1], command: 'idle.ts' } } })
const namesTheDisk = /disk of the service's data folder is full/

test('a full disk fails calls with the reason, and ends no process', async (context) => {
  await withSmallDisk(context, 24, async (disk) => {
    const heddle = await startHeddle({
      data: join(disk.folder, 'data'),
      configuration: 'audit:\n  s3: true\n',
    })
    try {
      const running = await heddle.startSimulation('running', world, hashEvery(5))
      await running.startClock()
      await heddle.put('kept', 'before')
      disk.fill()

      // Unknown callers are rejected as always: one such call used to end control.
      for (let count = 0; count < 20; count++) {
        assert.equal((await fetch(`${heddle.endpoint}/listsimulations`)).status, 403)
      }
      const { weaver, bucket } = heddle
      const RoleArn = 'arn:aws:iam::111122223333:role/test'
      const ResourceArn = 'arn:aws:simspaceweaver:us-west-2:111122223333:simulation/running'
      const SchemaS3Location = { BucketName: bucket, ObjectKey: 'running.yaml' }
      const calls: [string, () => Promise<unknown>][] = [
        [
          'start',
          () => weaver.startSimulation({ Name: 'other', RoleArn, SchemaS3Location }).promise(),
        ],
        ['stop', () => weaver.stopSimulation({ Simulation: 'running' }).promise()],
        ['clock', () => weaver.stopClock({ Simulation: 'running' }).promise()],
        ['tag', () => weaver.tagResource({ ResourceArn, Tags: { a: 'b' } }).promise()],
        ['list', () => weaver.listSimulations().promise()],
        ['describe', () => weaver.describeSimulation({ Simulation: 'running' }).promise()],
      ]
      // The last block of the audit may have room for some more records.
      await waitFor(
        () =>
          weaver
            .listSimulations()
            .promise()
            .then(
              () => false,
              () => true,
            ),
        'a call to be refused',
      )
      for (const [name, call] of calls) {
        await assert.rejects(call, { code: 'InternalServerException', message: namesTheDisk }, name)
      }
      await assert.rejects(heddle.put('more', 'x'.repeat(100_000)), /space|full/)
      assert.equal((await fetch(`${heddle.endpoint}/health`)).status, 200)
      await waitFor(
        () => /control\.log can't be written: ENOSPC/.test(heddle.output),
        () => `standard error to say that the log is full: ${heddle.output}`,
      )

      disk.empty()
      assert.equal((await running.describe()).Status, 'STARTED')
      assert.deepEqual(
        (await weaver.listSimulations().promise()).Simulations?.map(({ Name }) => Name),
        ['running'],
      )
      await running.ticksOn(5)
      const { Body } = await heddle.s3.send(new GetObjectCommand({ Bucket: bucket, Key: 'kept' }))
      assert.equal(await Body?.transformToString(), 'before')
      const after = await heddle.startSimulation('after', world)
      await after.stop()
      await running.stop()

      const logged = readFileSync(join(heddle.data, 'control.log'), 'utf8')
        .split('\n')
        .filter(Boolean)
      const records = logged.map((line) => JSON.parse(line) as { msg: string; lines?: number })
      assert.ok(records.some(({ msg, lines }) => /dropped/.test(msg) && Number(lines) > 0))
      assertWholeRecords(join(heddle.data, 'audit'))
    } finally {
      disk.empty()
      await heddle.stop()
    }
  })
})

test('objects can be deleted on a full disk', async (context) => {
  await withSmallDisk(context, 16, async (disk) => {
    const heddle = await startHeddle({ data: join(disk.folder, 'data') })
    try {
      await heddle.put('large', 'x'.repeat(4 * 1024 ** 2))
      disk.fill()
      await assert.rejects(heddle.put('more', 'x'.repeat(100_000)), /space/)
      await heddle.s3.send(new DeleteObjectCommand({ Bucket: heddle.bucket, Key: 'large' }))
      await heddle.put('more', 'x'.repeat(100_000))
    } finally {
      disk.empty()
      await heddle.stop()
    }
  })
})

test('a world that ends on a full disk stays ended after a restart', async (context) => {
  await withSmallDisk(context, 24, async (disk) => {
    const heddle = await startHeddle({ data: join(disk.folder, 'data') })
    try {
      const lost = await heddle.startSimulation('lost', world)
      disk.fill()
      await lost.kill(await lost.workerPid())
      await waitFor(
        () => !existsSync(join(heddle.fabricFolder, lost.executionId)),
        'the memory of the lost world to be gone',
      )
      disk.empty()
      assert.equal((await lost.describe()).Status, 'FAILED')
      await waitFor(
        () =>
          heddle.command('status', '--data', heddle.data).then((said) => /lost +FAILED/.test(said)),
        'it to be stored',
      )
      await heddle.interrupt()
      await heddle.up()
      assert.equal((await lost.describe()).Status, 'FAILED')
    } finally {
      disk.empty()
      await heddle.stop()
    }
  })
})

test('status and down work without control and with a full disk', async (context) => {
  await withSmallDisk(context, 24, async (disk) => {
    const heddle = await startHeddle({ data: join(disk.folder, 'data') })
    const command = (...words: string[]) => heddle.command(...words, '--data', heddle.data)
    const whatDownSays = () => command('down', '--fabric-dir', heddle.fabricFolder)
    try {
      const wantsBack = { Tags: { 'heddle:restart-on-loss': 'true' } }
      const running = await heddle.startSimulation('running', world, wantsBack)
      await running.startClock()
      await heddle.interrupt()
      disk.fill()

      assert.match(
        await command('status'),
        /control is not running[\s\S]*\nrunning +STARTED +STARTED/,
      )
      assert.match(await command('top', '--once'), /^running: clock STARTED/)
      const up = command('up', '--port', '0', '--fabric-dir', heddle.fabricFolder)
      await assert.rejects(up, /store .*heddle\.db can't be opened: its disk is full/)
      assert.match(await whatDownSays(), /^simulation running: STOPPED/m)
      await running.leavesNothing()
      const copies = readdirSync('/dev/shm').filter((name) => name.startsWith('heddle-store-'))
      assert.deepEqual(copies, [])

      disk.empty()
      assert.match(await whatDownSays(), /^simulation running: STOPPED/m)
      await heddle.up()
      assert.equal((await running.describe()).Status, 'STOPPED')
    } finally {
      disk.empty()
      await heddle.stop()
    }
  })
})

function assertWholeRecords(folder: string): void {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  )
  assert.ok(files.length > 0)
  for (const { parentPath, name } of files) {
    const lines = readFileSync(join(parentPath, name), 'utf8').split('\n').filter(Boolean)
    for (const line of lines) assert.ok((JSON.parse(line) as { eventID: string }).eventID)
  }
}
