// The S3 endpoint's operations on multipart uploads.
// Owns their parameters and answers; the store keeps the parts.

import { partNumberMax } from '../../io/objects/folder-uploads.ts'
import { rangeOf } from './conditions.ts'
import { openCopySource } from './object-operations.ts'
import { numberIn, putOptionsOf, type S3Answer, type S3Context, wantsAbsent } from './s3-context.ts'
import { S3Error } from './s3-errors.ts'
import { elementsIn, parseXml, textIn } from './s3-xml.ts'

/** Ten thousand parts with their checksums. */
const completeBytesMax = 8 * 1024 * 1024

export async function createMultipartUpload({ objects, bucket, key, headers }: S3Context): Promise<S3Answer> {
  const UploadId = await objects.startUpload(bucket, key, putOptionsOf(headers))
  return { xml: { root: 'InitiateMultipartUploadResult', content: { Bucket: bucket, Key: key, UploadId } } }
}

export async function uploadPart({ objects, bucket, key, query, body }: S3Context): Promise<S3Answer> {
  const partNumber = numberIn(query, 'partNumber', { min: 1, max: partNumberMax })
  const content = body()
  const { etag } = await objects.putPart(bucket, key, uploadIdIn(query), partNumber, content)
  return { headers: { ...content.checksumHeaders, etag } }
}

export async function uploadPartCopy(context: S3Context): Promise<S3Answer> {
  const { objects, bucket, key, query, headers } = context
  const partNumber = numberIn(query, 'partNumber', { min: 1, max: partNumberMax })
  const { source } = await openCopySource(context)
  try {
    const header = headers['x-amz-copy-source-range']
    const range = rangeOf(header === undefined ? undefined : String(header), source.info.bytes)
    if (header !== undefined && range === undefined) {
      throw new S3Error('InvalidArgument', 'x-amz-copy-source-range must read bytes=<first>-<last>.')
    }
    const part = await objects.putPart(bucket, key, uploadIdIn(query), partNumber, source.read(range))
    const content = { LastModified: new Date(part.modifiedAtMs).toISOString(), ETag: part.etag }
    return { xml: { root: 'CopyPartResult', content } }
  } finally {
    await source.close()
  }
}

export async function completeMultipartUpload(context: S3Context): Promise<S3Answer> {
  const { objects, bucket, key, query, headers, smallBody } = context
  const request = parseXml(await smallBody(completeBytesMax), 'CompleteMultipartUpload')
  const parts = elementsIn(request, 'Part').map((part) => {
    const partNumber = Number(textIn(part, 'PartNumber') ?? '')
    const etag = textIn(part, 'ETag')
    if (!Number.isInteger(partNumber) || partNumber < 1 || partNumber > partNumberMax || etag === undefined) {
      throw new S3Error('MalformedXML', 'A Part needs a PartNumber and an ETag.')
    }
    return { partNumber, etag: etag.trim() }
  })
  if (parts.length === 0) throw new S3Error('MalformedXML', 'An upload needs at least one part.')
  if (parts.some(({ partNumber }, index) => index > 0 && partNumber <= parts[index - 1]!.partNumber)) {
    throw new S3Error('InvalidPartOrder', 'The parts must be listed in the order of their numbers.')
  }
  const options = { ifAbsent: wantsAbsent(headers) }
  const { etag } = await objects.completeUpload(bucket, key, uploadIdIn(query), parts, options)
  const content = { Location: `/${bucket}/${key}`, Bucket: bucket, Key: key, ETag: etag }
  return { xml: { root: 'CompleteMultipartUploadResult', content } }
}

export async function abortMultipartUpload({ objects, bucket, key, query }: S3Context): Promise<S3Answer> {
  await objects.abortUpload(bucket, key, uploadIdIn(query))
  return { status: 204 }
}

export async function listParts({ objects, bucket, key, query }: S3Context): Promise<S3Answer> {
  const uploadId = uploadIdIn(query)
  const { parts } = await objects.listParts(bucket, key, uploadId)
  const maxParts = numberIn(query, 'max-parts', { min: 0, max: 2 ** 30, fallback: 1000 })
  const marker = numberIn(query, 'part-number-marker', { min: 0, max: 2 ** 30, fallback: 0 })
  const rest = parts.filter(({ partNumber }) => partNumber > marker)
  const page = rest.slice(0, Math.min(maxParts, 1000))
  const isTruncated = page.length < rest.length && page.length > 0
  const content = {
    Bucket: bucket,
    Key: key,
    UploadId: uploadId,
    StorageClass: 'STANDARD',
    PartNumberMarker: marker,
    NextPartNumberMarker: isTruncated ? page.at(-1)?.partNumber : undefined,
    MaxParts: maxParts,
    IsTruncated: isTruncated,
    Part: page.map(({ partNumber, bytes, etag, modifiedAtMs }) => ({
      PartNumber: partNumber,
      LastModified: new Date(modifiedAtMs).toISOString(),
      ETag: etag,
      Size: bytes,
    })),
  }
  return { xml: { root: 'ListPartsResult', content } }
}

function uploadIdIn(query: URLSearchParams): string {
  return query.get('uploadId') ?? ''
}
