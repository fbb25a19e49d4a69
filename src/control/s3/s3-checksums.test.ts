import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import { crc32 } from 'node:zlib'
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListPartsCommand,
  PutObjectCommand,
  type S3Client,
  type S3ServiceException,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { after, before } from '../../base/testing/hooks.ts'
import { send } from './testing/raw-requests.ts'
import { startTestEndpoint, type TestEndpoint } from './testing.ts'

const contents = ['first part,', 'the second,', 'end']
const whole = contents.join('')
const sha256 = (content: string | Buffer) => createHash('sha256').update(content).digest('base64')
/** S3's sum for an object whose parts have sums of their own. */
const partSums = Buffer.concat(contents.map((content) => Buffer.from(sha256(content), 'base64')))
const composite = `${sha256(partSums)}-3`

function crc(content: string): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(crc32(content))
  return bytes.toString('base64')
}

describe('the S3 endpoint keeps checksums and parts:', () => {
  let endpoint: TestEndpoint
  let client: S3Client
  const [Bucket, Key] = ['worlds', 'key']
  before(async () => {
    endpoint = await startTestEndpoint()
    // This client sends and checks only what the test names.
    client = endpoint.client({
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    })
    await endpoint.objects.createBucket(Bucket)
  })
  after(async () => {
    await endpoint[Symbol.asyncDispose]()
    assert.deepEqual(endpoint.failures, [])
  })

  type Settings = Partial<CreateMultipartUploadCommandInput>

  /** Uploads all parts; `partSum` is sent along with each. */
  async function upload(settings: Settings, partSum: (content: string) => object = () => ({})) {
    const started = await client.send(
      new CreateMultipartUploadCommand({ Bucket, Key, ...settings }),
    )
    const { UploadId } = started
    const Parts: { PartNumber: number; ETag: string | undefined }[] = []
    for (const [index, Body] of contents.entries()) {
      const PartNumber = 2 * index + 1
      const part = { Bucket, Key, UploadId, PartNumber, Body, ...partSum(Body) }
      const { ETag } = await client.send(new UploadPartCommand(part))
      Parts.push({ PartNumber, ETag, ...partSum(Body) })
    }
    const complete = (more: object, parts: object[] = Parts) =>
      client.send(
        new CompleteMultipartUploadCommand({
          Bucket,
          Key,
          UploadId,
          MultipartUpload: { Parts: parts },
          ...more,
        }),
      )
    return { started, Parts, UploadId, complete }
  }

  const attributes = (more: object = {}) =>
    client.send(
      new GetObjectAttributesCommand({
        Bucket,
        Key,
        ObjectAttributes: ['ETag', 'Checksum', 'ObjectParts', 'StorageClass', 'ObjectSize'],
        ...more,
      }),
    )

  it('of parts, whose sum a client may state when it completes the upload', async () => {
    const sums = (content: string) => ({ ChecksumSHA256: sha256(content) })
    const { started, Parts, UploadId, complete } = await upload(
      { ChecksumAlgorithm: 'SHA256' },
      sums,
    )
    assert.deepEqual([started.ChecksumAlgorithm, started.ChecksumType], ['SHA256', 'COMPOSITE'])
    const listed = await client.send(new ListPartsCommand({ Bucket, Key, UploadId }))
    assert.deepEqual([listed.ChecksumAlgorithm, listed.ChecksumType], ['SHA256', 'COMPOSITE'])
    const listedSums = listed.Parts?.map(({ ChecksumSHA256 }) => ChecksumSHA256)
    assert.deepEqual(listedSums, contents.map(sha256))
    const wrongs = [
      { ChecksumSHA256: sha256(whole) },
      { ChecksumSHA256: 'bad' },
      { ChecksumSHA256: composite.replace('-3', '-2') },
    ]
    for (const wrong of wrongs)
      await assert.rejects(complete(wrong), refusedAs('BadDigest', 400), wrong.ChecksumSHA256)
    await assert.rejects(complete({ ChecksumCRC32: crc(whole) }), refusedAs('InvalidRequest', 400))
    await assert.rejects(
      complete({ ChecksumType: 'FULL_OBJECT' }),
      refusedAs('InvalidRequest', 400),
    )
    const swapped = [{ ...Parts[0], ChecksumSHA256: sha256('other') }, ...Parts.slice(1)]
    await assert.rejects(complete({}, swapped), refusedAs('InvalidPart', 400))
    await assert.rejects(
      complete({ MpuObjectSize: whole.length + 1 }),
      refusedAs('InvalidRequest', 400),
    )
    await assert.rejects(endpoint.objects.head(Bucket, Key))
    const answer = await complete({ ChecksumSHA256: composite, MpuObjectSize: whole.length })
    assert.deepEqual([answer.ChecksumSHA256, answer.ChecksumType], [composite, 'COMPOSITE'])
    assert.equal((await complete({})).ChecksumSHA256, composite)
    const silent = await client.send(new HeadObjectCommand({ Bucket, Key }))
    assert.equal(silent.ChecksumSHA256, undefined)
    const told = await client.send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }))
    assert.deepEqual([told.ChecksumSHA256, told.ChecksumType], [composite, 'COMPOSITE'])
  })

  it('of a whole object, made while its parts are joined', async () => {
    await endpoint.objects.delete(Bucket, Key)
    const settings: Settings = { ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' }
    const { complete } = await upload(settings, (content) => ({ ChecksumCRC32: crc(content) }))
    await assert.rejects(complete({ ChecksumCRC32: crc('other') }), refusedAs('BadDigest', 400))
    await assert.rejects(endpoint.objects.head(Bucket, Key))
    const answer = await complete({ ChecksumCRC32: crc(whole), ChecksumType: 'FULL_OBJECT' })
    assert.deepEqual([answer.ChecksumCRC32, answer.ChecksumType], [crc(whole), 'FULL_OBJECT'])
    // The server computes the sum if the client sends none, and answers it in the end.
    const silent = await upload({ ChecksumAlgorithm: 'CRC64NVME' })
    assert.equal(silent.started.ChecksumType, 'FULL_OBJECT')
    const nvme = (await silent.complete({})).ChecksumCRC64NVME
    const put = { Bucket, Key: 'same', Body: whole, ChecksumAlgorithm: 'CRC64NVME' as const }
    assert.equal((await client.send(new PutObjectCommand(put))).ChecksumCRC64NVME, nvme)
  })

  it('of an upload that has not said which, if the client states one in the end', async () => {
    const { complete, Parts } = await upload({})
    await assert.rejects(complete({ ChecksumSHA256: sha256('other') }), refusedAs('BadDigest', 400))
    const unknown = Parts.map((part) => ({ ...part, ChecksumSHA1: 'AAAA' }))
    await assert.rejects(complete({}, unknown), refusedAs('InvalidPart', 400))
    const both = { ChecksumSHA256: sha256(whole), ChecksumCRC32: crc(whole) }
    await assert.rejects(complete(both), refusedAs('InvalidRequest', 400))
    assert.equal((await complete({ ChecksumSHA256: sha256(whole) })).ChecksumSHA256, sha256(whole))
  })

  it('and refuses what can not be', async () => {
    const start = (settings: object) =>
      client.send(new CreateMultipartUploadCommand({ Bucket, Key, ...settings }))
    const impossible = [
      { ChecksumAlgorithm: 'CRC64NVME', ChecksumType: 'COMPOSITE' },
      { ChecksumAlgorithm: 'SHA256', ChecksumType: 'FULL_OBJECT' },
      { ChecksumType: 'FULL_OBJECT' },
      { ChecksumAlgorithm: 'ROT13' },
    ]
    for (const settings of impossible) {
      await assert.rejects(
        start(settings),
        refusedAs('InvalidRequest', 400),
        JSON.stringify(settings),
      )
    }
    const { UploadId } = await start({ ChecksumAlgorithm: 'SHA256' })
    const part = { Bucket, Key, UploadId, PartNumber: 1, Body: 'x', ChecksumCRC32: crc('x') }
    await assert.rejects(client.send(new UploadPartCommand(part)), refusedAs('InvalidRequest', 400))
    const path = `/worlds/key?uploadId=${UploadId}`
    const body =
      '<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>x</ETag></Part>' +
      '</CompleteMultipartUpload>'
    await client.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 1, Body: 'x' }))
    const sized = body.replace('<ETag>x', `<ETag>${createHash('md5').update('x').digest('hex')}`)
    for (const size of ['many', '-1', '1.0']) {
      const headers = { 'x-amz-mp-object-size': size }
      assert.equal(
        (await send(endpoint.port, { method: 'POST', path, body: sized, headers })).code,
        'InvalidArgument',
      )
    }
    await endpoint.objects.abortUpload(Bucket, Key, UploadId!)
  })

  it('of parts that are copied, and of copies', async () => {
    const put = { Bucket, Key: 'source', Body: whole, ChecksumSHA256: sha256(whole) }
    await client.send(new PutObjectCommand(put))
    const CopySource = `${Bucket}/source`
    const copied = await client.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource }))
    assert.equal(copied.CopyObjectResult?.ChecksumSHA256, sha256(whole))
    const other = { Bucket, Key: 'copy', CopySource, ChecksumAlgorithm: 'CRC32' as const }
    const summed = await client.send(new CopyObjectCommand(other))
    assert.equal(summed.CopyObjectResult?.ChecksumCRC32, crc(whole))
    const { UploadId } = await client.send(
      new CreateMultipartUploadCommand({
        Bucket,
        Key,
        ChecksumAlgorithm: 'CRC32',
        ChecksumType: 'FULL_OBJECT',
      }),
    )
    const range = { UploadId, PartNumber: 1, CopySource, CopySourceRange: 'bytes=0-4' }
    const part = await client.send(new UploadPartCopyCommand({ Bucket, Key, ...range }))
    assert.equal(part.CopyPartResult?.ChecksumCRC32, crc('first'))
    await endpoint.objects.abortUpload(Bucket, Key, UploadId!)
  })

  it('the parts of an object can be read and described', async () => {
    const sums = (content: string) => ({ ChecksumSHA256: sha256(content) })
    const { complete } = await upload({ ChecksumAlgorithm: 'SHA256' }, sums)
    const { ETag } = await complete({})
    for (const [index, content] of contents.entries()) {
      const asked = { Bucket, Key, PartNumber: 2 * index + 1, ChecksumMode: 'ENABLED' as const }
      const got = await client.send(new GetObjectCommand(asked))
      assert.equal(await got.Body!.transformToString(), content)
      assert.deepEqual([got.PartsCount, got.ContentLength, got.ETag], [3, content.length, ETag])
      assert.equal(got.$metadata.httpStatusCode, 206)
      assert.deepEqual([got.ChecksumSHA256, got.ChecksumType], [sha256(content), 'COMPOSITE'])
      const head = await client.send(new HeadObjectCommand({ ...asked, IfMatch: ETag }))
      assert.deepEqual(
        [head.PartsCount, head.ContentLength, head.ContentRange],
        [3, content.length, got.ContentRange],
      )
    }
    const second = await client.send(new HeadObjectCommand({ Bucket, Key, PartNumber: 3 }))
    assert.equal(second.ContentRange, `bytes 11-21/${whole.length}`)
    for (const PartNumber of [2, 6]) {
      await assert.rejects(
        client.send(new GetObjectCommand({ Bucket, Key, PartNumber })),
        refusedAs('InvalidPart', 400),
      )
    }
    const other = { Bucket, Key, PartNumber: 1, IfMatch: '"0123"' }
    await assert.rejects(
      client.send(new GetObjectCommand(other)),
      refusedAs('PreconditionFailed', 412),
    )
    const both = { Bucket, Key, PartNumber: 1, Range: 'bytes=0-1' }
    await assert.rejects(client.send(new GetObjectCommand(both)), refusedAs('InvalidRequest', 400))

    const all = await attributes()
    assert.deepEqual(
      [all.ETag, all.ObjectSize, all.StorageClass],
      [ETag?.replaceAll('"', ''), whole.length, 'STANDARD'],
    )
    assert.deepEqual(all.Checksum, { ChecksumSHA256: composite, ChecksumType: 'COMPOSITE' })
    assert.ok(Math.abs(Number(all.LastModified) - Date.now()) < 60_000)
    const { ObjectParts } = all
    assert.deepEqual(
      [ObjectParts?.TotalPartsCount, ObjectParts?.IsTruncated, ObjectParts?.MaxParts],
      [3, false, 1000],
    )
    assert.deepEqual(
      ObjectParts?.Parts?.map((part) => ({ ...part })),
      contents.map((content, index) => ({
        PartNumber: 2 * index + 1,
        Size: content.length,
        ChecksumSHA256: sha256(content),
      })),
    )
    const page = (await attributes({ MaxParts: 1, PartNumberMarker: '1' })).ObjectParts
    assert.deepEqual(
      page?.Parts?.map(({ PartNumber }) => PartNumber),
      [3],
    )
    assert.deepEqual(
      [page?.IsTruncated, page?.NextPartNumberMarker, page?.MaxParts],
      [true, '3', 1],
    )
    const one = await attributes({ ObjectAttributes: ['ObjectSize'] })
    assert.deepEqual(
      [one.ObjectSize, one.ETag, one.ObjectParts, one.Checksum],
      [whole.length, undefined, undefined, undefined],
    )
    await assert.rejects(
      attributes({ ObjectAttributes: ['Colour'] }),
      refusedAs('InvalidArgument', 400),
    )
    const none = await send(endpoint.port, { method: 'GET', path: '/worlds/key?attributes=' })
    assert.equal(none.code, 'InvalidArgument')
  })

  it('an object that was put at once is one part', async () => {
    await client.send(new PutObjectCommand({ Bucket, Key, Body: whole, ChecksumCRC32: crc(whole) }))
    const got = await client.send(new GetObjectCommand({ Bucket, Key, PartNumber: 1 }))
    assert.equal(await got.Body!.transformToString(), whole)
    assert.equal(got.PartsCount, undefined)
    await assert.rejects(
      client.send(new GetObjectCommand({ Bucket, Key, PartNumber: 2 })),
      refusedAs('InvalidPart', 400),
    )
    const { ObjectParts, Checksum } = await attributes()
    assert.equal(ObjectParts, undefined)
    assert.deepEqual(Checksum, { ChecksumCRC32: crc(whole), ChecksumType: 'FULL_OBJECT' })
    // The sum covers the whole object, so the answer for a piece has none.
    const piece = { Bucket, Key, Range: 'bytes=0-1', ChecksumMode: 'ENABLED' as const }
    assert.equal((await client.send(new GetObjectCommand(piece))).ChecksumCRC32, undefined)
    await client.send(new PutObjectCommand({ Bucket, Key, Body: '' }))
    const empty = await client.send(new GetObjectCommand({ Bucket, Key, PartNumber: 1 }))
    assert.equal(await empty.Body!.transformToString(), '')
  })

  it('a client with its default settings checks what it reads', async () => {
    const checking = endpoint.client()
    const { ETag } = await checking.send(new PutObjectCommand({ Bucket, Key, Body: whole }))
    const got = await checking.send(new GetObjectCommand({ Bucket, Key, IfMatch: ETag }))
    assert.equal(got.ChecksumCRC32, crc(whole))
    assert.equal(await got.Body!.transformToString(), whole)
  })
})

function refusedAs(name: string, status: number) {
  return (error: S3ServiceException) =>
    error.name === name && error.$metadata.httpStatusCode === status
}
