// Endpoints that are no S3, or an S3 that fails at times.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { crc32 } from 'node:zlib'
import { freeKey } from './free-key.ts'
import { MemoryObjects } from './memory-objects.ts'
import { type ObjectInfo, ObjectsError, type ObjectsFault } from './objects.ts'
import { READ_ATTEMPTS_MAX, readObject } from './read-object.ts'
import { S3Objects } from './s3-objects.ts'

type Answer = (request: IncomingMessage, response: ServerResponse) => void

interface Endpoint {
  objects: S3Objects
  /** `GET /bucket/key?x`, oldest first. */
  requests: string[]
  notes(): Promise<string[]>
}

/** Starts an endpoint that sends this answer after each complete request. */
async function endpoint(
  context: TestContext,
  answer: Answer,
  answerLimitMs = 5_000,
): Promise<Endpoint> {
  const requests: string[] = []
  const server = createServer(async (request, response) => {
    await buffer(request)
    requests.push(`${request.method} ${request.url}`)
    answer(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const folder = await mkdtemp(join(tmpdir(), 'heddle-uploads-'))
  const objects = new S3Objects({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'us-west-2',
    forcePathStyle: true,
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    uploadsFolder: folder,
    answerLimitMs,
  })
  context.after(async () => {
    await objects.close()
    server.closeAllConnections()
    server.close()
    await rm(folder, { recursive: true })
  })
  return { objects, requests, notes: () => readdir(folder) }
}

async function fails(step: Promise<unknown>, fault: ObjectsFault, message: RegExp): Promise<void> {
  await assert.rejects(step, (error) => {
    assert.ok(error instanceof ObjectsError, String(error))
    assert.equal(error.fault, fault, error.message)
    assert.match(error.message, message)
    return true
  })
}

const PAGE = '<html><head><title>Sign in</title></head><body><h1>Sign in</h1></body></html>'
const PAGE_WITH_FAULTS = '<html><body><p>Sign in<br></body></html>'

for (const [what, body, type] of [
  ['an empty 200', '', undefined],
  ['a page that is XML', PAGE, 'text/html'],
  ['a page that is none', PAGE_WITH_FAULTS, 'text/html'],
  ['JSON', '{"ok":true}', 'application/json'],
] as const) {
  test(`what answers everything with ${what} is no S3, whatever it is asked`, async (context) => {
    const { objects, requests } = await endpoint(context, (_, response) => {
      response.writeHead(200, type === undefined ? {} : { 'content-type': type }).end(body)
    })
    const isNone = /no S3|could not be reached|refused/
    await fails(
      objects.head('bucket', 'key'),
      'Unavailable',
      /no S3.*HeadObject was answered 200 OK without ETag/,
    )
    await fails(objects.get('bucket', 'key'), 'Unavailable', /no S3/)
    await fails(
      objects.put('bucket', 'key', Readable.from([Buffer.from('x')])),
      'Unavailable',
      /no S3/,
    )
    await fails(objects.put('bucket', 'key', large()), 'Unavailable', isNone)
    await fails(
      objects.delete('bucket', 'key'),
      'Unavailable',
      /no S3.*DeleteObject was answered 200 OK/,
    )
    await fails(objects.keys('bucket', ''), 'Unavailable', isNone)
    await fails(objects.checkWritable('bucket', 'key'), 'Unavailable', /bucket/)
    await fails(
      freeKey(objects, 'bucket', 0, (atMs) => `key-${atMs}`),
      'Unavailable',
      /no S3/,
    )
    assert.equal(requests.filter((request) => request.startsWith('HEAD /bucket/key-')).length, 1)
  })
}

test('a list whose pages repeat is given up', async (context) => {
  const { objects, requests } = await endpoint(context, (_, response) => {
    const token = requests.length % 2 === 0 ? 'even' : 'odd'
    response.end(
      '<ListBucketResult><Name>bucket</Name><IsTruncated>true</IsTruncated>' +
        `<NextContinuationToken>${token}</NextContinuationToken></ListBucketResult>`,
    )
  })
  await fails(objects.keys('bucket', ''), 'Unavailable', /comes round to the same page again/)
  assert.equal(requests.length, 3)
})

test('a store that has objects under all names is found out by one', async (context) => {
  const { objects, requests } = await endpoint(context, (_, response) => {
    response.writeHead(200, { etag: '"x"' }).end()
  })
  const search = freeKey(objects, 'bucket', 0, (atMs) => `a-long-prefix/key-${atMs / 1000}`)
  await fails(
    search,
    'Unavailable',
    /No name is free.*under every name, also under 'a-lo[0-9a-f]{16}'/,
  )
  assert.equal(requests.length, 22)
})

test('a free name is found behind any number of taken ones, up to 3,600', async () => {
  const objects = new MemoryObjects()
  await objects.createBucket('bucket')
  const keyAt = (atMs: number) => `key-${atMs / 1000}`
  const put = (second: number) =>
    objects.put('bucket', keyAt(second * 1000), Readable.from([Buffer.from('x')]))
  for (let second = 0; second < 3599; second++) await put(second)
  assert.equal(await freeKey(objects, 'bucket', 0, keyAt), 'key-3599')
  await put(3599)
  await fails(
    freeKey(objects, 'bucket', 0, keyAt),
    'Unavailable',
    /under all 3600 names from 'key-0' to 'key-3599'/,
  )
})

test('the search for a free name ends when it is asked to', async (context) => {
  const abort = new AbortController()
  const { objects, requests } = await endpoint(context, (_, response) => {
    if (requests.length < 3) response.writeHead(200, { etag: '"x"' }).end()
    else abort.abort(new Error('nobody waits any more'))
  })
  const search = freeKey(objects, 'bucket', 0, (atMs) => `key-${atMs}`, abort.signal)
  await assert.rejects(search, { message: 'nobody waits any more' })
  assert.equal(requests.length, 3)
})

for (const [status, fault, text] of [
  [403, 'AccessDenied', '403 Forbidden'],
  [412, 'Unavailable', '412 Precondition Failed'],
  [501, 'Unavailable', '501 Not Implemented'],
  [507, 'NoSpace', '507 Insufficient Storage'],
] as const) {
  test(`an answer ${status} without a code is told by its status`, async (context) => {
    let body = ''
    const { objects } = await endpoint(context, (_, response) => {
      response.writeHead(status).end(body)
    })
    const message = new RegExp(`refused .*: ${text}\\.$`)
    await fails(objects.head('bucket', 'key'), fault, message)
    await fails(objects.bucketExists('bucket'), fault, message)
    await fails(objects.get('bucket', 'key'), fault, message)
    body = PAGE_WITH_FAULTS
    await fails(objects.head('bucket', 'key'), fault, message)
    await fails(objects.get('bucket', 'key'), fault, message)
    await fails(objects.delete('bucket', 'key'), fault, message)
  })
}

test('an error of S3 is told by its code', async (context) => {
  const { objects } = await endpoint(context, (_, response) => {
    response.writeHead(403, { 'content-type': 'application/xml' })
    response.end('<Error><Code>InvalidAccessKeyId</Code><Message>none</Message></Error>')
  })
  await fails(objects.get('bucket', 'key'), 'AccessDenied', /refused .*: InvalidAccessKeyId\.$/)
})

const content = Buffer.from('0123456789'.repeat(1000))
const headers = {
  'content-length': content.length,
  etag: '"x"',
  'x-amz-checksum-crc32': checksumOf(content),
}

function checksumOf(bytes: Buffer): string {
  const four = Buffer.alloc(4)
  four.writeUInt32BE(crc32(bytes))
  return four.toString('base64')
}

function readWhole({ objects }: Endpoint, signal?: AbortSignal): Promise<Buffer> {
  const place = { bucket: 'bucket', key: 'key' }
  return readObject(objects, place, (_: ObjectInfo, body) => buffer(body), {
    pauseMs: 1,
    ...(signal && { signal }),
  })
}

test('a download that breaks off is tried again, up to a limit', async (context) => {
  let cuts = 0
  const server = await endpoint(context, (_, response) => {
    response.writeHead(200, headers)
    if (cuts-- > 0)
      response.write(content.subarray(0, 5000), () => setImmediate(() => response.destroy()))
    else response.end(content)
  })
  cuts = READ_ATTEMPTS_MAX - 1
  assert.deepEqual(await readWhole(server), content)
  assert.equal(server.requests.length, READ_ATTEMPTS_MAX)
  cuts = READ_ATTEMPTS_MAX
  await fails(
    readWhole(server),
    'Unavailable',
    /could not be reached for 'key' in the bucket 'bucket': aborted/,
  )
  assert.equal(server.requests.length, 2 * READ_ATTEMPTS_MAX)
})

test('a download with a wrong checksum is tried again, and then reported', async (context) => {
  let faults = 0
  const server = await endpoint(context, (_, response) => {
    response.writeHead(200, headers)
    response.end(faults-- > 0 ? Buffer.from(content).fill('x', 7, 8) : content)
  })
  faults = 2
  assert.deepEqual(await readWhole(server), content)
  faults = READ_ATTEMPTS_MAX
  await fails(
    readWhole(server),
    'Damaged',
    /The bytes of 'key' in the bucket 'bucket' have another checksum/,
  )
})

/** Long enough for an endpoint on a busy machine. */
const SHORT_LIMIT_MS = 3_000

test('a download that falls silent or never begins is ended', async (context) => {
  let isBegun = true
  const server = await endpoint(
    context,
    (_, response) => {
      if (isBegun) response.writeHead(200, headers).write(content.subarray(0, 5000))
    },
    SHORT_LIMIT_MS,
  )
  await fails(
    server.objects.get('bucket', 'key').then(({ body }) => buffer(body)),
    'Unavailable',
    /no byte has come for 3 s/,
  )
  isBegun = false
  await fails(server.objects.get('bucket', 'key'), 'Unavailable', /could not be reached/)
})

test('a slow reader is not taken for a silent endpoint', async (context) => {
  const large = Buffer.alloc(4 * 1024 ** 2, 'x')
  const { objects } = await endpoint(
    context,
    (_, response) => {
      response.writeHead(200, { 'content-length': large.length, etag: '"x"' }).end(large)
    },
    SHORT_LIMIT_MS,
  )
  const { body } = await objects.get('bucket', 'key')
  await once(body, 'readable')
  await new Promise((resolve) => setTimeout(resolve, 2.5 * SHORT_LIMIT_MS))
  assert.equal((await buffer(body)).length, large.length)
})

test('a download ends when it is asked to, in each of its moments', async (context) => {
  let isBegun = true
  const server = await endpoint(context, (_, response) => {
    if (isBegun) response.writeHead(200, headers).write(content.subarray(0, 5000))
  })
  for (isBegun of [true, false]) {
    const abort = new AbortController()
    const asked = server.requests.length
    const reading = assert.rejects(readWhole(server, abort.signal), { message: 'stopped' })
    while (server.requests.length === asked) await new Promise((resolve) => setTimeout(resolve, 5))
    abort.abort(new Error('stopped'))
    await reading
    assert.equal(server.requests.length, asked + 1)
  }
})

/** Longer than one part. */
function large(): Readable {
  return Readable.from(Array.from({ length: 12 }, () => Buffer.alloc(1024 ** 2)))
}

test('an upload whose completion is answered with a page fails and is cleared', async (context) => {
  for (const completion of [PAGE, PAGE_WITH_FAULTS]) {
    const aborted: string[] = []
    const { objects, notes } = await endpoint(context, ({ method, url = '' }, response) => {
      if (method === 'POST' && url.includes('uploads'))
        response.end(
          '<InitiateMultipartUploadResult><UploadId>up</UploadId></InitiateMultipartUploadResult>',
        )
      else if (method === 'PUT') response.writeHead(200, { etag: '"part"' }).end()
      else if (method === 'POST')
        response.writeHead(200, { 'content-type': 'text/html' }).end(completion)
      else if (method === 'HEAD') response.writeHead(404).end()
      else {
        aborted.push(`${method} ${url}`)
        response.writeHead(204).end()
      }
    })
    await fails(objects.put('bucket', 'key', large()), 'Unavailable', /no S3/)
    assert.deepEqual(aborted, ['DELETE /bucket/key?uploadId=up&x-id=AbortMultipartUpload'])
    assert.deepEqual(await notes(), [])
  }
})

test('an upload that cannot be cleared while a page answers is cleared later', async (context) => {
  let isPage = true
  const deleted: string[] = []
  const { objects, notes } = await endpoint(context, ({ method, url = '' }, response) => {
    if (method === 'POST' && url.includes('uploads'))
      response.end(
        '<InitiateMultipartUploadResult><UploadId>up</UploadId></InitiateMultipartUploadResult>',
      )
    else if (method === 'PUT') response.writeHead(200, { etag: '"part"' }).end()
    else if (isPage)
      response.writeHead(200, { 'content-type': 'text/html' }).end(method === 'HEAD' ? '' : PAGE)
    else if (method === 'HEAD') response.writeHead(404).end()
    else {
      deleted.push(`${method} ${url}`)
      response.writeHead(204).end()
    }
  })
  await fails(objects.put('bucket', 'key', large()), 'Unavailable', /no S3/)
  assert.equal((await notes()).length, 1)
  await fails(objects.clearAbandoned(), 'Unavailable', /no S3/)
  isPage = false
  await objects.clearAbandoned()
  assert.deepEqual(deleted, ['DELETE /bucket/key?uploadId=up&x-id=AbortMultipartUpload'])
  assert.deepEqual(await notes(), [])
})

test('an upload completed behind a page as answer counts as stored', async (context) => {
  let token: string | undefined
  const { objects, notes } = await endpoint(context, ({ method, url = '', headers }, response) => {
    if (method === 'POST' && url.includes('uploads')) {
      token = String(headers['x-amz-meta-heddle-put'])
      response.end(
        '<InitiateMultipartUploadResult><UploadId>up</UploadId></InitiateMultipartUploadResult>',
      )
    } else if (method === 'PUT') response.writeHead(200, { etag: '"part"' }).end()
    else if (method === 'POST') response.writeHead(200, { 'content-type': 'text/html' }).end(PAGE)
    else if (method === 'HEAD')
      response
        .writeHead(200, {
          etag: '"whole"',
          'content-length': 12 * 1024 ** 2,
          'x-amz-meta-heddle-put': token,
        })
        .end()
    else assert.fail(`nothing is to be cleared: ${method} ${url}`)
  })
  assert.equal((await objects.put('bucket', 'key', large())).etag, '"whole"')
  assert.deepEqual(await notes(), [])
})
