// Heddle over an unreliable object store: the S3 of another Heddle, behind a proxy that misbehaves.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { test } from 'node:test'
import { after, before } from '../../src/base/testing/hooks.ts'
import { type Heddle, startHeddle } from '../support/heddle.ts'
import { type HttpProxy, openProxy } from '../support/http-proxy.ts'
import { packageOf, schema } from '../support/packages.ts'
import { hashEvery } from '../support/simulation.ts'
import { waitFor } from '../support/waiting.ts'

const cleanups: (() => Promise<unknown>)[] = []
let keeper: Heddle
let proxy: HttpProxy
let heddle: Heddle

before(async () => {
  keeper = await startHeddle()
  cleanups.push(() => keeper.stop())
  proxy = await openProxy(keeper.endpoint)
  cleanups.push(async () => proxy[Symbol.asyncDispose]())
  heddle = await startHeddle({ otherS3: { endpoint: proxy.url, credentials: keeper.credentials } })
  cleanups.push(() => heddle.stop())
  await heddle.put('app.zip', await packageOf('idle.ts'))
})
after(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup()
})

const text = (columns = 1) =>
  schema({
    domains: {
      Cells: {
        kind: 'spatial',
        grid: [columns, 1],
        command: 'app.ts',
        package: 's3://test-bucket/app.zip',
      },
    },
  })
const restart = { 'heddle:restart-on-loss': 'true' }

/** Misbehaves until the test has ended. */
function misbehaves(
  context: { after(end: () => void): void },
  misbehave: HttpProxy['misbehave'],
): void {
  proxy.misbehave = misbehave
  context.after(() => {
    proxy.misbehave = () => undefined
  })
}

function asked(name: string): number {
  return proxy.requests.filter((each) => each === name).length
}

const isPart = (name: string, part: string) => name.startsWith(part)

test('a start reads a schema and a package again if a download breaks off', async (context) => {
  const cut = new Set<string>()
  misbehaves(context, (name) => {
    if (!isPart(name, 'GET /test-bucket/') || cut.has(name)) return undefined
    cut.add(name)
    return { cutAfter: 20 }
  })
  const world = await heddle.startSimulation('cut-once', text())
  assert.deepEqual([...cut], ['GET /test-bucket/cut-once.yaml', 'GET /test-bucket/app.zip'])
  await world.stop()
})

test('downloads that always break off fail the start with the reason', async (context) => {
  misbehaves(context, (name) =>
    isPart(name, 'GET /test-bucket/app.zip') ? { cutAfter: 20 } : undefined,
  )
  const before = asked('GET /test-bucket/app.zip')
  const world = await heddle.beginSimulation('cut-always', text())
  const [error] = await world.fails()
  assert.equal(error.errorType, 'PackageNotFound')
  assert.match(error.errorMessage, /app\.zip.*can't be read.*could not be reached/)
  assert.equal(asked('GET /test-bucket/app.zip') - before, 5)
  await world.leavesNothing()
})

test('a wrong checksum is reported as such', async (context) => {
  const wrong = (key: string) =>
    misbehaves(context, (name) =>
      name === `GET /test-bucket/${key}`
        ? { headers: { 'x-amz-checksum-crc32': 'AAAAAA==' } }
        : undefined,
    )
  wrong('app.zip')
  const [damaged] = await (await heddle.beginSimulation('damaged-package', text())).fails()
  assert.equal(damaged.errorType, 'PackageInvalid')
  assert.match(damaged.errorMessage, /app\.zip' in the bucket 'test-bucket' have another checksum/)
  wrong('damaged-schema.yaml')
  const [schemaError] = await (await heddle.beginSimulation('damaged-schema', text())).fails()
  assert.equal(schemaError.errorType, 'SchemaNotFound')
  assert.match(schemaError.errorMessage, /damaged-schema\.yaml.*another checksum/)
})

test('a stop ends a start that waits for a silent store', async (context) => {
  let waiting = 0
  misbehaves(context, (name) => {
    if (name !== 'GET /test-bucket/app.zip') return undefined
    waiting++
    return { answer: () => undefined }
  })
  const world = await heddle.beginSimulation('unanswered', text())
  await waitFor(() => waiting > 0, 'the package to be asked for')
  await world.stop()
  assert.equal(waiting, 1)
})

for (const [what, answer, message] of [
  ['200', (response: ServerResponse) => response.writeHead(200).end(), /is no S3/],
  [
    'a page',
    (response: ServerResponse) =>
      response
        .writeHead(200, { 'content-type': 'text/html' })
        .end('<html><body>Sign in<br></body></html>'),
    /is no S3/,
  ],
  [
    'an object under each name',
    (response: ServerResponse) => response.writeHead(200, { etag: '"x"' }).end(),
    /No name is free.*under every name/,
  ],
  [
    '403 without a word',
    (response: ServerResponse) => response.writeHead(403).end(),
    /may not be written to/,
  ],
  [
    '500 without a word',
    (response: ServerResponse) => response.writeHead(500).end(),
    /500 Internal Server Error/,
  ],
] as const) {
  test(`CreateSnapshot reports a store that answers ${what}`, async (context) => {
    const name = `saved-${what.replaceAll(' ', '-')}`
    const world = await heddle.startSimulation(name, text())
    const before = proxy.requests.length
    misbehaves(context, () => ({ answer }))
    const Destination = { BucketName: heddle.bucket, ObjectKeyPrefix: 'saved' }
    await assert.rejects(
      heddle.weaver.createSnapshot({ Simulation: name, Destination }).promise(),
      { message },
    )
    assert.ok(proxy.requests.length - before <= 25, `${proxy.requests.length - before} requests`)
    proxy.misbehave = () => undefined
    assert.ok(await world.snapshot())
    await world.stop()
  })
}

test('the search for a free name ends when the caller disconnects', async (context) => {
  const world = await heddle.startSimulation('left', text())
  let heads = 0
  const held = Promise.withResolvers<ServerResponse>()
  misbehaves(context, (name) => {
    if (!isPart(name, 'HEAD /test-bucket/saved/')) return undefined
    heads++
    return {
      answer: (response) =>
        heads < 3 ? response.writeHead(200, { etag: '"x"' }).end() : held.resolve(response),
    }
  })
  const Destination = { BucketName: heddle.bucket, ObjectKeyPrefix: 'saved' }
  const sending = heddle.weaver.createSnapshot({ Simulation: 'left', Destination })
  const ended = assert.rejects(sending.promise())
  const response = await held.promise
  const given = once(response, 'close')
  sending.abort()
  await ended
  // The call does not wait for the third attempt, and there is no fourth.
  await given
  assert.equal(response.writableFinished, false)
  assert.equal((await world.describe()).Status, 'STARTED')
  assert.equal(heads, 3)
  await world.stop()
})

test('a restart waits out a 403 of some seconds', async (context) => {
  const world = await heddle.startSimulation('forbidden', text(), {
    Tags: { ...hashEvery(1).Tags, ...restart },
  })
  await world.startClock()
  await world.reaches(5)
  const key = await world.snapshot()
  const before = asked(`GET /test-bucket/${key}`)
  misbehaves(context, () => ({ answer: (response) => response.writeHead(403).end() }))
  await world.kill(await world.workerPid())
  await waitFor(
    () => asked(`GET /test-bucket/${key}`) - before >= 3,
    'its snapshot to be asked for again',
  )
  assert.equal((await world.describe()).Status, 'STARTING')
  proxy.misbehave = () => undefined
  await world.saysError(new RegExp(`the worker was lost at .* from s3://test-bucket/${key}`))
  await world.is('STARTED')
  await world.stop()
})

test('a restart uses the schema of the start, even if the object was replaced', async () => {
  const world = await heddle.startSimulation('kept', text(2), { Tags: restart })
  assert.equal((await world.apps()).length, 2)
  await heddle.put('kept.yaml', text(3))
  await world.kill(await world.workerPid())
  await world.saysError(/the worker was lost at/)
  await world.is('STARTED')
  assert.equal((await world.apps()).length, 2)
  await heddle.remove('kept.yaml')
  await world.kill(await world.workerPid())
  await waitFor(
    () => world.log('/sim/errors').filter((line) => line.includes('was lost at')).length === 2,
    'two losses',
  )
  await world.is('STARTED')
  assert.equal((await world.apps()).length, 2)
  await world.stop()
})

test('a restart does not use another snapshot put under the first one’s key', async () => {
  const world = await heddle.startSimulation('origin', text(), hashEvery(1))
  await world.startClock()
  const [one, other] = [await world.snapshot(), await world.snapshot()]
  const first = await heddle.get(one)
  await heddle.put('schema-of-branch.yaml', text(2))
  const tags = { ...restart, 'heddle:schema': 's3://test-bucket/schema-of-branch.yaml' }
  const branch = await heddle.branch('branched', one, { Tags: tags })
  await branch.is('STARTED')
  await heddle.put('schema-of-branch.yaml', text(3))
  await branch.kill(await branch.workerPid())
  await branch.saysError(/the worker was lost at/)
  await branch.is('STARTED')
  assert.equal((await branch.apps()).length, 2)
  await heddle.put(one, await heddle.get(other))
  await branch.kill(await branch.workerPid())
  const [error] = await branch.fails()
  assert.equal(error.errorType, 'SnapshotInvalid')
  assert.match(error.errorMessage, /is another one than the simulation was started from/)
  await heddle.put(one, first)
  await world.stop()
})

test('a command reads a snapshot again if the download breaks off', async (context) => {
  const world = await heddle.startSimulation('read', text())
  const key = await world.snapshot()
  let reads = 0
  misbehaves(context, (name) =>
    name === `GET /test-bucket/${key}` && reads++ === 0 ? { cutAfter: 20 } : undefined,
  )
  const said = await keeper.commandFromAfar(
    'snapshot',
    'info',
    `s3://test-bucket/${key}`,
    '--endpoint',
    proxy.url,
  )
  assert.match(said, /read/)
  assert.equal(reads, 2)
  misbehaves(context, () => ({ answer: (response) => response.writeHead(200).end() }))
  const list = keeper.commandFromAfar('snapshot', 'ls', '--endpoint', proxy.url)
  await assert.rejects(list, { stderr: /no S3.*ListBuckets was answered 200 OK without Buckets/ })
  proxy.misbehave = () => undefined
  await world.stop()
})
