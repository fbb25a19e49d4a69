import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  type DeleteObjectCommandInput,
  DeleteObjectsCommand,
  GetObjectCommand,
  PutObjectCommand,
  type S3Client,
  type S3ServiceException,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { after, before } from '../../base/testing/hooks.ts'
import { send } from './testing/raw-requests.ts'
import { startTestEndpoint, type TestEndpoint } from './testing.ts'

describe('the S3 endpoint, where a request has conditions,', () => {
  let endpoint: TestEndpoint
  let client: S3Client
  const Bucket = 'worlds'
  before(async () => {
    endpoint = await startTestEndpoint()
    client = endpoint.client()
    await endpoint.objects.createBucket(Bucket)
  })
  after(async () => {
    await endpoint[Symbol.asyncDispose]()
    assert.deepEqual(endpoint.failures, [])
  })

  async function put(Key: string, Body: string): Promise<string> {
    return (await client.send(new PutObjectCommand({ Bucket, Key, Body }))).ETag!
  }

  async function contentOf(Key: string): Promise<string> {
    return (await client.send(new GetObjectCommand({ Bucket, Key }))).Body!.transformToString()
  }

  async function remove(Key: string, more: Partial<DeleteObjectCommandInput> = {}) {
    return client.send(new DeleteObjectCommand({ Bucket, Key, ...more }))
  }

  /** An upload of one part, ready to be completed under conditions. */
  async function upload(Key: string, Body: string) {
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }))
    const { ETag } = await client.send(
      new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 1, Body }),
    )
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] }
    return (conditions: object) =>
      client.send(
        new CompleteMultipartUploadCommand({
          Bucket,
          Key,
          UploadId,
          MultipartUpload,
          ...conditions,
        }),
      )
  }

  /** The three ways to write an object, each with the content that it writes. */
  const writes: Record<string, (Key: string, conditions: object) => Promise<unknown>> = {
    'a put': (Key, conditions) =>
      client.send(new PutObjectCommand({ Bucket, Key, Body: 'new', ...conditions })),
    'a copy': async (Key, conditions) => {
      await put('source', 'new')
      return client.send(
        new CopyObjectCommand({ Bucket, Key, CopySource: `${Bucket}/source`, ...conditions }),
      )
    },
    'an upload that is completed': async (Key, conditions) =>
      (await upload(Key, 'new'))(conditions),
  }

  for (const [what, write] of Object.entries(writes)) {
    it(`${what} replaces just the object that it names, and none where it wants none`, async () => {
      const first = await put('key', 'old')
      await assert.rejects(
        write('key', { IfMatch: '"0123"' }),
        refusedAs('PreconditionFailed', 412),
      )
      await assert.rejects(write('key', { IfNoneMatch: '*' }), refusedAs('PreconditionFailed', 412))
      await assert.rejects(
        write('key', { IfNoneMatch: first }),
        refusedAs('PreconditionFailed', 412),
      )
      assert.equal(await contentOf('key'), 'old')
      await write('key', { IfMatch: first })
      assert.equal(await contentOf('key'), 'new')
      await put('key', 'old')
      await write('key', { IfMatch: first.replaceAll('"', '') })
      assert.equal(await contentOf('key'), 'new')
      await put('key', 'old')
      await write('key', { IfMatch: '*' })
      assert.equal(await contentOf('key'), 'new')
      await write('key', { IfNoneMatch: first })
      await remove('key')
      await assert.rejects(write('key', { IfMatch: '*' }), refusedAs('NoSuchKey', 404))
      await assert.rejects(write('key', { IfMatch: first }), refusedAs('NoSuchKey', 404))
      await write('key', { IfNoneMatch: '*' })
      assert.equal(await contentOf('key'), 'new')
      await remove('key')
    })
  }

  it('one of many who replace the same object at once wins', async () => {
    const IfMatch = await put('key', 'old')
    const writers = Array.from({ length: 8 }, (_, index) =>
      client.send(new PutObjectCommand({ Bucket, Key: 'key', Body: `${index}`, IfMatch })),
    )
    const outcomes = await Promise.allSettled(writers)
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
    await remove('key')
  })

  it('a refused upload, and one whose answer was lost, can be completed later', async () => {
    await put('key', 'old')
    const complete = await upload('key', 'new')
    await assert.rejects(complete({ IfNoneMatch: '*' }), refusedAs('PreconditionFailed', 412))
    await remove('key')
    const answer = await complete({ IfNoneMatch: '*' })
    for (const conditions of [{ IfNoneMatch: '*' }, {}]) {
      const again = await complete(conditions)
      assert.deepEqual({ ...again, $metadata: 0 }, { ...answer, $metadata: 0 })
    }
    assert.equal(await contentOf('key'), 'new')
    await put('key', 'another')
    await assert.rejects(complete({}), refusedAs('NoSuchUpload', 404))
    assert.equal(await contentOf('key'), 'another')
    await remove('key')
  })

  it('a deletion deletes just the object that it names', async () => {
    const ETag = await put('key', 'old')
    const { modifiedAtMs } = await endpoint.objects.head(Bucket, 'key')
    const wrong = [
      { IfMatch: '"0123"' },
      { IfMatchSize: 4 },
      { IfMatchLastModifiedTime: new Date(0) },
      { IfMatch: ETag, IfMatchSize: 4 },
    ]
    for (const conditions of wrong) {
      await assert.rejects(
        remove('key', conditions),
        refusedAs('PreconditionFailed', 412),
        JSON.stringify(conditions),
      )
    }
    assert.equal(await contentOf('key'), 'old')
    const right = [
      { IfMatch: ETag },
      { IfMatch: '*' },
      { IfMatch: ETag.replaceAll('"', '') },
      { IfMatchSize: 3, IfMatchLastModifiedTime: new Date(modifiedAtMs) },
    ]
    await remove('key', right.pop())
    for (const conditions of right) {
      await put('key', 'old')
      await remove('key', conditions)
      await assert.rejects(contentOf('key'), refusedAs('NoSuchKey', 404))
      await assert.rejects(remove('key', conditions), refusedAs('NoSuchKey', 404))
    }
    await remove('key', { IfMatchSize: 3 })
  })

  it('a deletion of many tells of each that was not the one', async () => {
    const [a, b] = [await put('a', 'a'), await put('b', 'b')]
    for (const Key of ['c', 'd', 'e']) await put(Key, Key)
    const Objects = [
      { Key: 'a', ETag: a },
      { Key: 'b', ETag: a },
      { Key: 'c', Size: 2 },
      { Key: 'd', LastModifiedTime: new Date(0) },
      { Key: 'e', ETag: '*', Size: 1 },
      { Key: 'f', ETag: b },
      { Key: 'g' },
    ]
    const { Deleted, Errors } = await client.send(
      new DeleteObjectsCommand({ Bucket, Delete: { Objects } }),
    )
    assert.deepEqual(
      Deleted?.map(({ Key }) => Key),
      ['a', 'e', 'g'],
    )
    assert.deepEqual(
      Errors?.map(({ Key, Code }) => [Key, Code]),
      [
        ['b', 'PreconditionFailed'],
        ['c', 'PreconditionFailed'],
        ['d', 'PreconditionFailed'],
        ['f', 'NoSuchKey'],
      ],
    )
    for (const key of ['b', 'c', 'd']) await remove(key, { IfMatch: '*' })
  })

  it('what takes no condition is not done under one', async () => {
    const calls = [
      ['PUT', '/worlds/key?uploadId=x&partNumber=1'],
      ['POST', '/worlds/key?uploads='],
      ['POST', '/worlds?delete='],
      ['DELETE', '/worlds/key?uploadId=x'],
    ] as const
    for (const [method, path] of calls) {
      const { code } = await send(endpoint.port, {
        method,
        path,
        headers: { 'if-match': '"0123"' },
      })
      assert.equal(code, 'NotImplemented', path)
    }
    const absent = { method: 'DELETE', path: '/worlds/key', headers: { 'if-none-match': '*' } }
    assert.equal((await send(endpoint.port, absent)).code, 'NotImplemented')
  })

  it('a range is read only of the object that the client has a piece of', async () => {
    const etag = await put('key', '0123456789')
    const modified = new Date(
      (await endpoint.objects.head(Bucket, 'key')).modifiedAtMs,
    ).toUTCString()
    const read = (ifRange: string) =>
      send(endpoint.port, {
        method: 'GET',
        path: '/worlds/key',
        headers: { range: 'bytes=2-3', 'if-range': ifRange },
      })
    for (const same of [etag, modified]) {
      const { status, text } = await read(same)
      assert.deepEqual([status, text], [206, '23'])
    }
    for (const other of ['"0123"', `W/${etag}`, 'Thu, 01 Jan 1970 00:00:00 GMT']) {
      const { status, text } = await read(other)
      assert.deepEqual([status, text], [200, '0123456789'], other)
    }
    await remove('key')
  })
})

function refusedAs(name: string, status: number) {
  return (error: S3ServiceException) =>
    error.name === name && error.$metadata.httpStatusCode === status
}
