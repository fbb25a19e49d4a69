import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { describe, it } from 'node:test'
import {
  AbortMultipartUploadCommand,
  ChecksumAlgorithm,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketAclCommand,
  GetBucketLocationCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  type GetObjectCommandInput,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  type S3Client,
  S3ServiceException,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { after, before } from '../../base/testing/hooks.ts'
import { startTestEndpoint, type TestEndpoint } from './testing.ts'

describe('the S3 endpoint, asked by @aws-sdk/client-s3 with its default settings,', () => {
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

  async function put(Key: string, Body: string, more: object = {}) {
    return client.send(new PutObjectCommand({ Bucket, Key, Body, ...more }))
  }

  async function get(Key: string, more: Partial<GetObjectCommandInput> = {}) {
    const answer = await client.send(new GetObjectCommand({ Bucket, Key, ...more }))
    return { answer, text: await answer.Body!.transformToString() }
  }

  it('makes, finds, lists and deletes buckets', async () => {
    const made = {
      Bucket: 'another',
      CreateBucketConfiguration: { LocationConstraint: 'us-west-2' as const },
    }
    await client.send(new CreateBucketCommand(made))
    const { Buckets } = await client.send(new ListBucketsCommand({}))
    assert.deepEqual(
      Buckets?.map(({ Name }) => Name),
      ['another', Bucket],
    )
    assert.ok(Math.abs(Number(Buckets?.[0]?.CreationDate) - Date.now()) < 60_000)
    assert.equal(
      (await client.send(new HeadBucketCommand({ Bucket: 'another' }))).BucketRegion,
      'us-west-2',
    )
    const location = await client.send(new GetBucketLocationCommand({ Bucket: 'another' }))
    assert.equal(location.LocationConstraint, 'us-west-2')
    await assertError('BucketAlreadyOwnedByYou', 409, client.send(new CreateBucketCommand(made)))
    await client.send(new PutObjectCommand({ Bucket: 'another', Key: 'k', Body: '' }))
    await assertError(
      'BucketNotEmpty',
      409,
      client.send(new DeleteBucketCommand({ Bucket: 'another' })),
    )
    await client.send(new DeleteObjectCommand({ Bucket: 'another', Key: 'k' }))
    await client.send(new DeleteBucketCommand({ Bucket: 'another' }))
    await assertError('NotFound', 404, client.send(new HeadBucketCommand({ Bucket: 'another' })))
    await assertError(
      'InvalidBucketName',
      400,
      client.send(new CreateBucketCommand({ Bucket: 'Not_A_Bucket' })),
    )
    const elsewhere = {
      Bucket: 'else',
      CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' as const },
    }
    await assertError(
      'IllegalLocationConstraintException',
      400,
      client.send(new CreateBucketCommand(elsewhere)),
    )
  })

  it('keeps objects with their headers and metadata', async () => {
    const kept = {
      ContentType: 'application/zip',
      CacheControl: 'no-store',
      ContentDisposition: 'attachment',
      ContentEncoding: 'gzip',
      ContentLanguage: 'de',
      Metadata: { tick: '5', name: 'Zoë' },
    }
    const { ETag } = await put('dir/some key+&%.zip', 'hello', kept)
    const { answer, text } = await get('dir/some key+&%.zip')
    assert.equal(text, 'hello')
    assert.equal(answer.ETag, ETag)
    assert.equal(answer.ETag, `"${createHash('md5').update('hello').digest('hex')}"`)
    for (const [name, value] of Object.entries(kept)) {
      if (name !== 'Metadata') assert.deepEqual(answer[name as 'ContentType'], value)
    }
    assert.equal(answer.Metadata?.tick, '5')
    const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'dir/some key+&%.zip' }))
    assert.equal(head.ContentLength, 5)
    assert.ok(Math.abs(Number(head.LastModified) - Date.now()) < 60_000)
  })

  it('checks and echoes every checksum of the SDK, in a header and in a trailer', async () => {
    for (const name of ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const) {
      const more = { ChecksumAlgorithm: ChecksumAlgorithm[name] }
      const whole = (await put(`sum-${name}`, 'content', more))[`Checksum${name}`]
      assert.ok(whole, name)
      const Body = Readable.from([Buffer.from('con'), Buffer.from('tent')])
      const input = { Bucket, Key: `sum-${name}`, Body, ContentLength: 7, ...more }
      const streamed = await client.send(new PutObjectCommand(input))
      assert.equal(streamed[`Checksum${name}`], whole)
      assert.equal((await get(`sum-${name}`)).text, 'content')
    }
    const wrong = put('sum-wrong', 'content', { ChecksumCRC32: 'AAAAAA==' })
    await assertError('BadDigest', 400, wrong)
    await assertError(
      'BadDigest',
      400,
      put('sum-wrong', 'content', { ContentMD5: 'AAAAAAAAAAAAAAAAAAAAAA==' }),
    )
    await assertError('InvalidDigest', 400, put('sum-wrong', 'content', { ContentMD5: 'no' }))
    await assertError('NoSuchKey', 404, get('sum-wrong'))
  })

  it('reads ranges and honours conditions', async () => {
    const { ETag } = await put('range', '0123456789')
    const { answer, text } = await get('range', { Range: 'bytes=2-4' })
    assert.equal(text, '234')
    assert.equal(answer.ContentRange, 'bytes 2-4/10')
    assert.equal(answer.$metadata.httpStatusCode, 206)
    assert.equal((await get('range', { Range: 'bytes=-3' })).text, '789')
    assert.equal((await get('range', { Range: 'bytes=7-' })).text, '789')
    assert.equal((await get('range', { Range: 'bytes=0-1,3-4' })).text, '0123456789')
    await assertError('InvalidRange', 416, get('range', { Range: 'bytes=10-' }))
    assert.equal((await get('range', { IfMatch: ETag })).text, '0123456789')
    await assertError('PreconditionFailed', 412, get('range', { IfMatch: '"other"' }))
    await assertError('Unknown', 304, get('range', { IfNoneMatch: ETag }))
    await assertError(
      'Unknown',
      304,
      get('range', { IfModifiedSince: new Date(Date.now() + 60_000) }),
    )
    await assertError('PreconditionFailed', 412, get('range', { IfUnmodifiedSince: new Date(0) }))
    await assertError('PreconditionFailed', 412, put('range', 'new', { IfNoneMatch: '*' }))
    assert.equal(
      (await get('range', { ResponseContentType: 'text/x' })).answer.ContentType,
      'text/x',
    )
    await put('range-new', 'new', { IfNoneMatch: '*' })
  })

  it('lists in pages, with prefix and delimiter, in both versions of the list', async () => {
    await client.send(new CreateBucketCommand({ Bucket: 'listed' }))
    const keys = ['a&b<c>', 'dir/1', 'dir/2', 'dir/sub/3', 'e\u0301 +%', 'z\u0001']
    for (const Key of keys)
      await client.send(new PutObjectCommand({ Bucket: 'listed', Key, Body: Key }))
    for (const EncodingType of [undefined, 'url'] as const) {
      const decode = (key: string | undefined) =>
        EncodingType === 'url' ? decodeURIComponent(key ?? '') : key
      const found: unknown[] = []
      let ContinuationToken: string | undefined
      do {
        const input = { Bucket: 'listed', MaxKeys: 2, ContinuationToken, EncodingType }
        const page = await client.send(new ListObjectsV2Command(input))
        assert.equal(page.KeyCount, page.Contents?.length)
        found.push(...page.Contents!.map(({ Key }) => decode(Key)))
        ContinuationToken = page.NextContinuationToken
        assert.equal(page.IsTruncated, ContinuationToken !== undefined)
      } while (ContinuationToken !== undefined)
      assert.deepEqual(found, keys)
    }
    const grouped = await client.send(
      new ListObjectsV2Command({ Bucket: 'listed', Delimiter: '/', StartAfter: 'b' }),
    )
    assert.deepEqual(grouped.CommonPrefixes, [{ Prefix: 'dir/' }])
    const keysOf = grouped.Contents?.map(({ Key }) => Key)
    assert.deepEqual(keysOf, ['e\u0301 +%', 'z\u0001'])
    const first = await client.send(
      new ListObjectsCommand({ Bucket: 'listed', Prefix: 'dir/', Delimiter: '/', MaxKeys: 2 }),
    )
    const sizes = first.Contents?.map(({ Key, Size }) => [Key, Size])
    assert.deepEqual(sizes, [
      ['dir/1', 5],
      ['dir/2', 5],
    ])
    assert.equal(first.NextMarker, 'dir/2')
    const second = { Bucket: 'listed', Prefix: 'dir/', Delimiter: '/', Marker: first.NextMarker }
    assert.deepEqual((await client.send(new ListObjectsCommand(second))).CommonPrefixes, [
      { Prefix: 'dir/sub/' },
    ])
    const none = await client.send(new ListObjectsV2Command({ Bucket: 'listed', MaxKeys: 0 }))
    assert.equal(none.IsTruncated, false)
    await assertError(
      'InvalidArgument',
      400,
      client.send(new ListObjectsV2Command({ Bucket: 'listed', ContinuationToken: '!' })),
    )
    const gone = await client.send(
      new DeleteObjectsCommand({
        Bucket: 'listed',
        Delete: { Objects: [...keys, 'not there'].map((Key) => ({ Key })) },
      }),
    )
    const deleted = gone.Deleted?.map(({ Key }) => Key)
    assert.deepEqual(deleted, [...keys, 'not there'])
    await client.send(new DeleteBucketCommand({ Bucket: 'listed' }))
  })

  it('copies objects, with their metadata or with new', async () => {
    await put('source ü&', 'content', { ContentType: 'text/a', Metadata: { a: '1' } })
    const CopySource = `${Bucket}/${encodeURIComponent('source ü&')}`
    await client.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource }))
    assert.equal((await get('copy')).text, 'content')
    assert.deepEqual((await get('copy')).answer.Metadata, { a: '1' })
    const replacing = {
      MetadataDirective: 'REPLACE' as const,
      Metadata: { b: '2' },
      ContentType: 'text/b',
    }
    await client.send(
      new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `/${Bucket}/copy`, ...replacing }),
    )
    const { answer, text } = await get('copy')
    assert.equal(text, 'content')
    assert.deepEqual(answer.Metadata, { b: '2' })
    assert.equal(answer.ContentType, 'text/b')
    await assertError(
      'InvalidRequest',
      400,
      client.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/copy` })),
    )
    await assertError(
      'NoSuchKey',
      404,
      client.send(new CopyObjectCommand({ Bucket, Key: 'x', CopySource: `${Bucket}/none` })),
    )
    await assertError(
      'NoSuchBucket',
      404,
      client.send(new CopyObjectCommand({ Bucket, Key: 'x', CopySource: 'none/none' })),
    )
    const onlyIf = { Bucket, Key: 'x', CopySource: `${Bucket}/copy`, CopySourceIfMatch: '"other"' }
    await assertError('PreconditionFailed', 412, client.send(new CopyObjectCommand(onlyIf)))
  })

  it('uploads in parts: put, copied, listed, completed, aborted', async () => {
    const Key = 'parts'
    await put('half', '0123456789')
    const { UploadId } = await client.send(
      new CreateMultipartUploadCommand({ Bucket, Key, Metadata: { a: '1' } }),
    )
    const one = await client.send(
      new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 1, Body: 'part one,' }),
    )
    const copy = {
      Bucket,
      Key,
      UploadId,
      CopySource: `${Bucket}/half`,
      CopySourceRange: 'bytes=2-4',
    }
    const two = await client.send(new UploadPartCopyCommand({ ...copy, PartNumber: 2 }))
    const parts = await client.send(new ListPartsCommand({ Bucket, Key, UploadId, MaxParts: 1 }))
    const sizes = parts.Parts?.map(({ PartNumber, Size }) => [PartNumber, Size])
    assert.deepEqual(sizes, [[1, 9]])
    assert.equal(parts.IsTruncated, true)
    const uploads = await client.send(new ListMultipartUploadsCommand({ Bucket, Prefix: 'par' }))
    const uploadIds = uploads.Uploads?.map((upload) => upload.UploadId)
    assert.deepEqual(uploadIds, [UploadId])
    const complete = (Parts: object[]) =>
      client.send(
        new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }),
      )
    const [PartOne, PartTwo] = [
      { PartNumber: 1, ETag: one.ETag },
      { PartNumber: 2, ETag: two.CopyPartResult?.ETag },
    ]
    await assertError('InvalidPartOrder', 400, complete([PartTwo, PartOne]))
    await assertError('InvalidPart', 400, complete([PartOne, { PartNumber: 3, ETag: one.ETag }]))
    await assertError('MalformedXML', 400, complete([]))
    await assertError('NoSuchKey', 404, get(Key))
    assert.match((await complete([PartOne, PartTwo])).ETag ?? '', /^"[0-9a-f]{32}-2"$/)
    assert.equal((await get(Key)).text, 'part one,234')
    assert.deepEqual((await get(Key)).answer.Metadata, { a: '1' })
    await assertError('NoSuchUpload', 404, complete([PartOne]))
    const { UploadId: other } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }))
    await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId: other }))
    await assertError(
      'NoSuchUpload',
      404,
      client.send(new ListPartsCommand({ Bucket, Key, UploadId: other })),
    )
    const part = { Bucket, Key, UploadId: other, PartNumber: 0, Body: 'x' }
    await assertError('InvalidArgument', 400, client.send(new UploadPartCommand(part)))
  })

  it('takes and gives 100 MB through lib-storage without keeping them in memory', async () => {
    const block = randomBytes(1024 * 1024)
    const sent = createHash('sha256')
    async function* blocks() {
      for (let index = 0; index < 100; index++) {
        block.writeUInt32LE(index)
        sent.update(block)
        yield Buffer.from(block)
      }
    }
    await new Upload({
      client,
      params: { Bucket, Key: 'large', Body: Readable.from(blocks()) },
    }).done()
    const answer = await client.send(new GetObjectCommand({ Bucket, Key: 'large' }))
    assert.equal(answer.ContentLength, 100 * 1024 * 1024)
    const read = createHash('sha256')
    for await (const chunk of answer.Body as Readable) read.update(chunk)
    assert.equal(read.digest('hex'), sent.digest('hex'))
    assert.deepEqual(await endpoint.objects.listUploads(Bucket), [])
  })

  it('says what is missing, and that it has no such feature', async () => {
    await assertError('NoSuchKey', 404, get('missing'))
    await assertError(
      'NotFound',
      404,
      client.send(new HeadObjectCommand({ Bucket, Key: 'missing' })),
    )
    const elsewhere = { Bucket: 'not-there', Key: 'k' }
    await assertError('NoSuchBucket', 404, client.send(new GetObjectCommand(elsewhere)))
    await assertError(
      'NoSuchBucket',
      404,
      client.send(new PutObjectCommand({ ...elsewhere, Body: 'x' })),
    )
    await assertError(
      'NoSuchBucket',
      404,
      client.send(new ListObjectsV2Command({ Bucket: 'not-there' })),
    )
    await assertError('NoSuchBucket', 404, client.send(new DeleteObjectCommand(elsewhere)))
    await assertError('KeyTooLongError', 400, put('k'.repeat(1025), 'x'))
    await assertError('NotImplemented', 501, client.send(new GetBucketAclCommand({ Bucket })))
    assert.equal((await client.send(new GetBucketVersioningCommand({ Bucket }))).Status, undefined)
    await assertError(
      'NoSuchBucket',
      404,
      client.send(new GetBucketVersioningCommand({ Bucket: 'not-there' })),
    )
    await assertError('NotImplemented', 501, get('half', { VersionId: 'one' }))
  })
})

/** The SDK takes names of errors from the XML, and from the status if there is no body. */
async function assertError(name: string, status: number, step: Promise<unknown>): Promise<void> {
  await assert.rejects(step, (error) => {
    assert.ok(error instanceof S3ServiceException, String(error))
    assert.deepEqual([error.name, error.$metadata.httpStatusCode], [name, status])
    return true
  })
}
