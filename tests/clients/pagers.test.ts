// Pagers, waiters and large transfers of AWS's clients.

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import aws from 'aws-sdk'
import { after, before } from '../../src/base/testing/hooks.ts'
import { dataFolder } from '../../src/control/data-folder.ts'
import { storeEnded } from '../support/ended.ts'
import { type Heddle, startHeddle } from '../support/heddle.ts'
import { absent, run, userEnvironment } from './walk.ts'

const PYTHON = '/usr/bin/python3'
const CLI = '/usr/bin/aws'
const worlds = Array.from({ length: 25 }, (_, index) => `world-${String(index).padStart(2, '0')}`)
const apps = Array.from({ length: 7 }, (_, index) => `app-${index}`)

let heddle: Heddle
let home: string
let env: Record<string, string>

before(async () => {
  home = await mkdtemp(join(tmpdir(), 'heddle-pagers-'))
  heddle = await startHeddle()
  await heddle.interrupt()
  await storeEnded(
    dataFolder(heddle.data).store,
    worlds.map((name, index) => ({ name, apps: index === 0 ? apps : [] })),
  )
  await heddle.up()
  env = await userEnvironment(heddle, home)
})
after(async () => {
  await heddle?.stop()
  await rm(home, { recursive: true, force: true })
})

test('boto3 pages, waits and transfers by itself', { skip: absent(PYTHON) }, async (context) => {
  if ((await run(PYTHON, ['-c', 'import boto3'], { env }).catch(() => undefined)) === undefined) {
    return context.skip('boto3 is not on this machine')
  }
  const script = join(import.meta.dirname, 'pagers.py')
  const { stdout } = await run(PYTHON, [script, heddle.endpoint, 'by-boto3', home], { env })
  assert.equal(stdout, 'ok\n')
})

test('the AWS CLI pages through lists, and waits', { skip: absent(CLI) }, async () => {
  const call = async (...words: string[]) => {
    const { stdout } = await run(
      CLI,
      ['--endpoint-url', heddle.endpoint, '--output', 'json', ...words],
      { env },
    )
    return stdout.trim() === '' ? undefined : JSON.parse(stdout)
  }
  const list = ['simspaceweaver', 'list-simulations', '--query', 'Simulations[].Name']
  const waits = ['s3api', 'wait', 'object-exists', '--bucket', heddle.bucket, '--key', 'there']
  await heddle.put('there', 'x')
  const [whole, some, byHand, ofApps] = await Promise.all([
    call(...list, '--page-size', '7'),
    call(...list, '--page-size', '4', '--max-items', '10'),
    call(...list, '--max-results', '5'),
    call(
      'simspaceweaver',
      'list-apps',
      '--simulation',
      'world-00',
      '--page-size',
      '2',
      '--query',
      'Apps[].Name',
    ),
    call(...waits),
  ])
  assert.deepEqual(
    [whole, some, byHand, ofApps],
    [worlds, worlds.slice(0, 10), worlds.slice(0, 5), apps],
  )
})

test('aws-sdk v2 pages through lists, and waits', async () => {
  const pagesOf = <Page>(request: aws.Request<Page, aws.AWSError>) =>
    new Promise<Page[]>((resolve, reject) => {
      const pages: Page[] = []
      request.eachPage((error, page) => {
        if (error) reject(error)
        else if (page === null) resolve(pages)
        else pages.push(page)
        return true
      })
    })
  for (const MaxResults of [1, 7, 25, 1000]) {
    const pages = await pagesOf(heddle.weaver.listSimulations({ MaxResults }))
    assert.equal(pages.length, Math.ceil(25 / MaxResults))
    assert.deepEqual(
      pages.flatMap(({ Simulations = [] }) => Simulations.map(({ Name }) => Name)),
      worlds,
    )
  }
  const ofApps = await pagesOf(heddle.weaver.listApps({ Simulation: 'world-00', MaxResults: 3 }))
  assert.deepEqual(
    ofApps.map(({ Apps = [] }) => Apps.length),
    [3, 3, 1],
  )

  const { endpoint, credentials } = heddle
  const s3 = new aws.S3({
    endpoint,
    region: 'us-west-2',
    credentials,
    s3ForcePathStyle: true,
    signatureVersion: 'v4',
  })
  const Bucket = 'by-v2'
  const $waiter = { delay: 1, maxAttempts: 60 }
  const later = (call: () => aws.Request<object, aws.AWSError>) =>
    sleep(1_500).then(() => call().promise())
  await s3.waitFor('bucketNotExists', { Bucket, $waiter }).promise()
  await Promise.all([
    later(() => s3.createBucket({ Bucket })),
    s3.waitFor('bucketExists', { Bucket, $waiter }).promise(),
  ])
  const Key = 'late é/+ 1'
  await Promise.all([
    later(() => s3.putObject({ Bucket, Key, Body: 'x' })),
    s3.waitFor('objectExists', { Bucket, Key, $waiter }).promise(),
  ])
  for (const key of ['a/1', 'a/2', 'b/1'])
    await s3.putObject({ Bucket, Key: key, Body: 'x' }).promise()
  for (const MaxKeys of [1, 2, 3, 1000]) {
    const pages = await pagesOf(s3.listObjectsV2({ Bucket, MaxKeys }))
    const older = await pagesOf(s3.listObjects({ Bucket, MaxKeys }))
    for (const each of [pages, older]) {
      const keys = each.flatMap(({ Contents = [] }) => Contents.map((item) => item.Key))
      assert.deepEqual(keys, ['a/1', 'a/2', 'b/1', Key])
    }
  }
  await Promise.all([
    later(() => s3.deleteObject({ Bucket, Key })),
    s3.waitFor('objectNotExists', { Bucket, Key, $waiter }).promise(),
  ])
})
