import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
  type S3ServiceException,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { after, before } from '../../base/testing/hooks.ts'
import { send } from './testing/raw-requests.ts'
import { startTestEndpoint, TEST_ACCOUNT, type TestEndpoint } from './testing.ts'

describe('the S3 endpoint', () => {
  let endpoint: TestEndpoint
  let client: S3Client
  const Bucket = 'worlds'
  before(async () => {
    endpoint = await startTestEndpoint()
    client = endpoint.client()
    await client.send(new CreateBucketCommand({ Bucket }))
  })
  after(async () => {
    await endpoint[Symbol.asyncDispose]()
    assert.deepEqual(endpoint.failures, [])
  })

  const keys = async () =>
    (await endpoint.objects.list(Bucket, { maxEntries: 100 })).objects.map(({ key }) => key)

  it('answers 501 to what it would not do, and does nothing', async () => {
    const headers: [string, string][] = [
      ['x-amz-acl', 'public-read'],
      ['x-amz-acl', 'authenticated-read'],
      ['x-amz-grant-read', 'uri="http://acs.amazonaws.com/groups/global/AllUsers"'],
      ['x-amz-object-lock-mode', 'GOVERNANCE'],
      ['x-amz-object-lock-retain-until-date', '2030-01-01T00:00:00Z'],
      ['x-amz-object-lock-legal-hold', 'ON'],
      ['x-amz-server-side-encryption', 'AES256'],
      ['x-amz-server-side-encryption', 'aws:kms'],
      ['x-amz-server-side-encryption-customer-algorithm', 'AES256'],
      ['x-amz-server-side-encryption-aws-kms-key-id', 'k'],
      ['x-amz-storage-class', 'GLACIER'],
      ['x-amz-storage-class', 'REDUCED_REDUNDANCY'],
      ['x-amz-tagging', 'a=b'],
      ['x-amz-website-redirect-location', '/other'],
      ['x-amz-write-offset-bytes', '0'],
      ['if-unmodified-since', new Date().toUTCString()],
    ]
    for (const [name, value] of headers) {
      for (const [method, path] of [
        ['PUT', '/worlds/no'],
        ['POST', '/worlds/no?uploads='],
      ] as const) {
        const sent = { method, path, headers: { [name]: value } }
        const { status, code, text } = await send(endpoint.port, sent)
        assert.deepEqual([status, code], [501, 'NotImplemented'], `${method} ${name}: ${value}`)
        assert.ok(text.includes(name), text)
      }
    }
    const made: [string, string][] = [
      ['x-amz-acl', 'public-read-write'],
      ['x-amz-bucket-object-lock-enabled', 'true'],
      ['x-amz-object-ownership', 'ObjectWriter'],
    ]
    for (const [name, value] of made) {
      const { status } = await send(endpoint.port, {
        method: 'PUT',
        path: '/unmade',
        headers: { [name]: value },
      })
      assert.equal(status, 501, name)
    }
    const configuration = (inner: string) =>
      '<CreateBucketConfiguration><LocationConstraint>us-west-2</LocationConstraint>' +
      `${inner}</CreateBucketConfiguration>`
    for (const inner of [
      '<Tags><Tag><Key>a</Key><Value>b</Value></Tag></Tags>',
      '<Location><Type>x</Type></Location>',
    ]) {
      const { status } = await send(endpoint.port, {
        method: 'PUT',
        path: '/unmade',
        body: configuration(inner),
      })
      assert.equal(status, 501, inner)
    }
    assert.equal(await endpoint.objects.bucketExists('unmade'), false)
    assert.deepEqual(await keys(), [])
    assert.deepEqual(await endpoint.objects.listUploads(Bucket), [])
  })

  it('answers 501 to every part of S3 that it has not, whatever the method', async () => {
    const features = [
      'acl',
      'policy',
      'versioning',
      'tagging',
      'metadataTable',
      'abac',
      'lifecycle',
      'uploads',
      'object-lock',
    ]
    for (const feature of features) {
      const { status } = await send(endpoint.port, {
        method: 'PUT',
        path: `/unmade?${feature}=`,
        body: '<x/>',
      })
      assert.equal(status, 501, feature)
    }
    for (const path of [
      '/worlds?versions=',
      '/worlds/k?acl=',
      '/worlds/k?versionId=1',
      '/worlds/k?torrent=',
    ]) {
      assert.equal((await send(endpoint.port, { method: 'GET', path })).status, 501, path)
    }
    const part = { method: 'PUT', path: '/worlds/k?partNumber=1', body: 'x' }
    assert.equal((await send(endpoint.port, part)).status, 501)
    assert.equal(await endpoint.objects.bucketExists('unmade'), false)
    assert.deepEqual(await keys(), [])
  })

  it('takes what asks for what is so anyway', async () => {
    const harmless = {
      'x-amz-acl': 'private',
      'x-amz-storage-class': 'STANDARD',
      'x-amz-tagging': '',
      'x-amz-request-payer': 'requester',
      'x-amz-expected-bucket-owner': TEST_ACCOUNT,
    }
    const put = { method: 'PUT', path: '/worlds/plain', headers: harmless, body: 'x' }
    assert.equal((await send(endpoint.port, put)).status, 200)
    const owned = {
      method: 'PUT',
      path: '/worlds/plain',
      headers: { 'x-amz-acl': 'bucket-owner-full-control' },
    }
    assert.equal((await send(endpoint.port, owned)).status, 200)
    const made = {
      'x-amz-object-ownership': 'BucketOwnerEnforced',
      'x-amz-bucket-object-lock-enabled': 'false',
    }
    assert.equal(
      (await send(endpoint.port, { method: 'PUT', path: '/plain', headers: made })).status,
      200,
    )
    await endpoint.objects.deleteBucket('plain')
    await endpoint.objects.delete(Bucket, 'plain')
  })

  it('refuses whoever expects another owner, in every call that says so', async () => {
    await client.send(
      new PutObjectCommand({ Bucket, Key: 'mine', Body: 'x', ExpectedBucketOwner: TEST_ACCOUNT }),
    )
    const headers = { 'x-amz-expected-bucket-owner': '999999999999' }
    const calls = [
      ['PUT', '/worlds/mine'], ['GET', '/worlds/mine'], ['HEAD', '/worlds/mine'],
      ['DELETE', '/worlds/mine'], ['GET', '/worlds/mine?attributes='],
      ['GET', '/worlds?list-type=2'], ['GET', '/worlds'], ['HEAD', '/worlds'],
      ['DELETE', '/worlds'], ['GET', '/worlds?location='],
      ['GET', '/worlds?versioning='], ['GET', '/worlds?uploads='], ['POST', '/worlds?delete='],
      ['POST', '/worlds/mine?uploads='],
      ['PUT', '/worlds/mine?uploadId=x&partNumber=1'], ['POST', '/worlds/mine?uploadId=x'],
      ['DELETE', '/worlds/mine?uploadId=x'],
      ['GET', '/worlds/mine?uploadId=x'], ['PUT', '/other'], ['GET', '/worlds/mine?tagging='],
      ['GET', '/not-there/k'],
    ] as const // biome-ignore format: a list
    for (const [method, path] of calls) {
      assert.equal(
        (await send(endpoint.port, { method, path, headers })).status,
        403,
        `${method} ${path}`,
      )
    }
    const copy = { Bucket, Key: 'copy', CopySource: 'worlds/mine' }
    const elsewhere = { ...copy, ExpectedSourceBucketOwner: '999999999999' }
    await assert.rejects(client.send(new CopyObjectCommand(elsewhere)), { name: 'AccessDenied' })
    const part = { ...elsewhere, UploadId: 'x', PartNumber: 1 }
    await assert.rejects(client.send(new UploadPartCopyCommand(part)), { name: 'AccessDenied' })
    await client.send(new CopyObjectCommand({ ...copy, ExpectedSourceBucketOwner: TEST_ACCOUNT }))
    assert.deepEqual(await keys(), ['copy', 'mine'])
    for (const key of await keys()) await endpoint.objects.delete(Bucket, key)
  })

  it('decodes the source of a copy, and does not read an encoded mark as a version', async () => {
    const key = 'a/b c+&ü%2F?versionId=1'
    await client.send(new PutObjectCommand({ Bucket, Key: key, Body: 'content' }))
    const whole = encodeURIComponent(`${Bucket}/${key}`)
    const byKey = `${Bucket}/${encodeURIComponent(key)}`
    const hex = [...Buffer.from(`/${Bucket}/${key}`)]
      .map((byte) => `%${byte.toString(16).padStart(2, '0')}`)
      .join('')
    for (const CopySource of [
      whole,
      `/${byKey}`,
      `%2F${whole}`,
      byKey,
      hex,
      `${byKey}?versionId=null`,
    ]) {
      await client.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource }))
      const { body } = await endpoint.objects.get(Bucket, 'copy')
      assert.equal((await body.toArray()).join(''), 'content', CopySource)
      await endpoint.objects.delete(Bucket, 'copy')
      const upload = { Bucket, Key: 'parts' }
      const { UploadId } = await client.send(new CreateMultipartUploadCommand(upload))
      await client.send(
        new UploadPartCopyCommand({ ...upload, UploadId, PartNumber: 1, CopySource }),
      )
      await endpoint.objects.abortUpload(Bucket, 'parts', UploadId!)
    }
    const versioned = { Bucket, Key: 'copy', CopySource: `${byKey}?versionId=1` }
    await assert.rejects(client.send(new CopyObjectCommand(versioned)), { name: 'NotImplemented' })
    for (const CopySource of ['worlds', 'worlds%2F', '%2F', '/', 'worlds/%zz', '%2Fworlds']) {
      const refused = client.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource }))
      await assert.rejects(refused, refusedAs(/Invalid(Argument|URI)/, 400), CopySource)
    }
    await endpoint.objects.delete(Bucket, key)
  })

  it('copies just the range of a source that is asked for, and cuts none', async () => {
    await client.send(new PutObjectCommand({ Bucket, Key: 'source', Body: '0123456789' }))
    const upload = { Bucket, Key: 'parts' }
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(upload))
    const copy = (CopySourceRange: string) =>
      client.send(
        new UploadPartCopyCommand({
          ...upload,
          UploadId,
          PartNumber: 1,
          CopySource: 'worlds/source',
          CopySourceRange,
        }),
      )
    for (const range of [
      'bytes=0-10',
      'bytes=9-10',
      'bytes=10-10',
      'bytes=100-200',
      'bytes=0-999999999999999',
    ]) {
      await assert.rejects(copy(range), refusedAs(/^InvalidRange$/, 416), range)
    }
    const malformed = [
      'bytes=-2',
      'bytes=2-',
      'bytes=-',
      'bytes=3-2',
      '0-2',
      'bytes=0-2,4-5',
      'bytes=a-b',
      'octets=0-1',
    ]
    for (const range of [...malformed, ` ${'9'.repeat(20)}`, `bytes=0-${'9'.repeat(20)}`]) {
      await assert.rejects(copy(range), refusedAs(/^InvalidArgument$/, 400), range)
    }
    assert.deepEqual((await endpoint.objects.listParts(Bucket, 'parts', UploadId!)).parts, [])
    await copy('bytes=2-9')
    const { parts } = await endpoint.objects.listParts(Bucket, 'parts', UploadId!)
    assert.deepEqual(
      parts.map(({ bytes }) => bytes),
      [8],
    )
    await endpoint.objects.abortUpload(Bucket, 'parts', UploadId!)
    await endpoint.objects.delete(Bucket, 'source')
  })

  it('lists buckets in pages, by prefix and by region', async () => {
    for (const bucket of ['page-a', 'page-b', 'page-c']) await endpoint.objects.createBucket(bucket)
    const list = async (more: object) => {
      const { Buckets, ContinuationToken, Prefix } = await client.send(new ListBucketsCommand(more))
      return { names: Buckets?.map(({ Name }) => Name) ?? [], ContinuationToken, Prefix }
    }
    assert.deepEqual((await list({})).names, ['page-a', 'page-b', 'page-c', 'worlds'])
    const first = await list({ Prefix: 'page-', MaxBuckets: 2 })
    assert.deepEqual([first.names, first.Prefix], [['page-a', 'page-b'], 'page-'])
    const { ContinuationToken } = first
    const second = await list({ Prefix: 'page-', MaxBuckets: 2, ContinuationToken })
    assert.deepEqual([second.names, second.ContinuationToken], [['page-c'], undefined])
    assert.deepEqual((await list({ BucketRegion: 'eu-west-1' })).names, [])
    assert.equal((await list({ BucketRegion: 'us-west-2' })).names.length, 4)
    for (const wrong of [{ MaxBuckets: 0 }, { MaxBuckets: 10_001 }, { ContinuationToken: '!' }]) {
      await assert.rejects(list(wrong), { name: 'InvalidArgument' }, JSON.stringify(wrong))
    }
    for (const bucket of ['page-a', 'page-b', 'page-c']) await endpoint.objects.deleteBucket(bucket)
  })

  it('lists owners if asked, and the most entries of a page', async () => {
    await client.send(new PutObjectCommand({ Bucket, Key: 'one', Body: 'x' }))
    const list = (more: object) => client.send(new ListObjectsV2Command({ Bucket, ...more }))
    const plain = await list({})
    assert.deepEqual([plain.MaxKeys, plain.Contents?.[0]?.Owner], [1000, undefined])
    const full = await list({ FetchOwner: true, MaxKeys: 5000 })
    assert.equal(full.MaxKeys, 1000)
    assert.ok(full.Contents?.[0]?.Owner?.ID)
    assert.equal((await list({ MaxKeys: 7 })).MaxKeys, 7)
    assert.equal((await list({ ContinuationToken: '' })).Contents?.length, 1)
    assert.equal((await list({ MaxKeys: 2 ** 31 - 1 })).MaxKeys, 1000)
    const first = await client.send(new ListObjectsCommand({ Bucket, MaxKeys: 2000 }))
    assert.equal(first.MaxKeys, 1000)
    assert.ok(first.Contents?.[0]?.Owner?.ID)
    const uploads = await client.send(new ListMultipartUploadsCommand({ Bucket, MaxUploads: 2000 }))
    assert.equal(uploads.MaxUploads, 1000)
    await endpoint.objects.delete(Bucket, 'one')
  })

  it('gives Content-Encoding back as it was sent, without the way of transfer', async () => {
    const sent: Record<string, string | undefined> = {
      'deflate, gzip': 'deflate, gzip',
      'gzip,br': 'gzip,br',
      'gzip, aws-chunked': 'gzip',
      'aws-chunked, gzip': 'gzip',
      'aws-chunked': undefined,
    }
    for (const [ContentEncoding, kept] of Object.entries(sent)) {
      await client.send(
        new PutObjectCommand({ Bucket, Key: 'encoded', Body: 'x', ContentEncoding }),
      )
      const got = await client.send(new GetObjectCommand({ Bucket, Key: 'encoded' }))
      assert.equal(got.ContentEncoding, kept)
    }
    await endpoint.objects.delete(Bucket, 'encoded')
  })

  it('tells of each key that was not deleted why, and deletes no version of it', async () => {
    for (const Key of ['a', 'b'])
      await client.send(new PutObjectCommand({ Bucket, Key, Body: Key }))
    const Objects = [
      { Key: 'a', VersionId: 'v1' },
      { Key: 'b', VersionId: 'null' },
    ]
    const { Deleted, Errors } = await client.send(
      new DeleteObjectsCommand({ Bucket, Delete: { Objects } }),
    )
    assert.deepEqual(
      Deleted?.map(({ Key }) => Key),
      ['b'],
    )
    assert.deepEqual(
      Errors?.map(({ Key, Code }) => [Key, Code]),
      [['a', 'NotImplemented']],
    )
    assert.deepEqual(await keys(), ['a'])
    await endpoint.objects.delete(Bucket, 'a')
  })
})

function refusedAs(name: RegExp, status: number) {
  return (error: S3ServiceException) =>
    name.test(error.name) && error.$metadata.httpStatusCode === status
}
