// Tests of faults that only a remote endpoint can have. testing/objects-contract.ts covers the
// rest, run for s3-objects over a real endpoint.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { ObjectsError } from './objects.ts'
import { S3Objects } from './s3-objects.ts'
import { temporaryPath } from './temporary-files.ts'

test('an endpoint that never answers is unavailable, and delays no abort', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'heddle-uploads-'))
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const objects = new S3Objects({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-west-2',
    forcePathStyle: true,
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    uploadsFolder: folder,
    answerLimitMs: 200,
  })
  try {
    const isUnavailable = (error: unknown) =>
      error instanceof ObjectsError && error.fault === 'Unavailable'
    await assert.rejects(objects.head('bucket', 'key'), isUnavailable)
    await assert.rejects(objects.delete('bucket', 'key'), isUnavailable)
    await assert.rejects(objects.bucketExists('bucket'), isUnavailable)
    const abort = new AbortController()
    const put = objects.put('bucket', 'key', Readable.from([Buffer.from('x')]), {
      signal: abort.signal,
    })
    const ended = assert.rejects(put, /given up/)
    const before = sockets.length
    while (sockets.length === before) await new Promise((resolve) => setTimeout(resolve, 5))
    abort.abort(new Error('given up'))
    await ended
    await assert.rejects(objects.checkWritable('bucket', 'key'), isUnavailable)
  } finally {
    await objects.close()
    for (const socket of sockets) socket.destroy()
    server.close()
    await rm(folder, { recursive: true })
  }
})

test('a note that is none is named with its file, and stays; a half-written one goes', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'heddle-uploads-'))
  const objects = new S3Objects({
    endpoint: 'http://127.0.0.1:1',
    region: 'us-west-2',
    forcePathStyle: true,
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    uploadsFolder: folder,
  })
  try {
    // As if a process wrote them that has ended.
    const place = () => temporaryPath(folder).replace(/-\d+-\d+-/, '-1-1-')
    const [odd, half] = [place(), place()]
    await writeFile(odd, '{"endpoint":"http://127.0.0.1:1","bucket":"b","key":7,"token":"t"}')
    await writeFile(half, '{"endpoint":"http')
    await assert.rejects(objects.clearAbandoned(), (error: ObjectsError) =>
      error.message.includes(`${odd} is damaged: key: Invalid input: expected string`),
    )
    assert.deepEqual(await readdir(folder), [basename(odd)])
  } finally {
    await objects.close()
    await rm(folder, { recursive: true })
  }
})
