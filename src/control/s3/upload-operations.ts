// The S3 endpoint's operations on multipart uploads. Owns their parameters and answers; the store
// keeps the parts.

import { PART_NUMBER_MAX } from '../../io/objects/folder-uploads.ts'
import type { Checksums } from '../../io/objects/object-file.ts'
import { copyRangeOf, writeConditionOf } from './conditions.ts'
import {
  checksumElementNames,
  checksumElements,
  checksumHeaders,
  sumOfPart,
  sumOfUpload,
  sumWith,
  uploadChecksumOf,
} from './object-checksums.ts'
import { openCopySource } from './object-operations.ts'
import { elementsIn, textIn } from './read-xml.ts'
import { numberIn, putOptionsOf, type S3Answer, type S3Context } from './s3-context.ts'
import { S3Error } from './s3-errors.ts'
import type { XmlElement } from './s3-xml.ts'

/** Room for the greatest number of parts, with their checksums. */
const completeShape = {
  root: 'CompleteMultipartUpload',
  bytesMax: 8 * 1024 * 1024,
  listed: { Part: PART_NUMBER_MAX },
}

export async function createMultipartUpload({
  objects,
  bucket,
  key,
  headers,
}: S3Context): Promise<S3Answer> {
  const checksum = uploadChecksumOf(headers)
  const UploadId = await objects.startUpload(bucket, key, {
    ...putOptionsOf(headers),
    ...(checksum && { checksum }),
  })
  const told = checksum && {
    'x-amz-checksum-algorithm': checksum.algorithm.toUpperCase(),
    'x-amz-checksum-type': checksum.type,
  }
  return {
    headers: { ...told },
    xml: { root: 'InitiateMultipartUploadResult', content: { Bucket: bucket, Key: key, UploadId } },
  }
}

export async function uploadPart({
  objects,
  bucket,
  key,
  query,
  headers,
  body,
}: S3Context): Promise<S3Answer> {
  const partNumber = numberIn(query, 'partNumber', { min: 1, max: PART_NUMBER_MAX })
  const upload = await objects.findUpload(bucket, key, uploadIdIn(query))
  const content = body()
  const sum = sumOfPart(upload, headers, content)
  const part = await objects.putPart(
    bucket,
    { key, uploadId: upload.uploadId, partNumber },
    content,
    sum,
  )
  return { headers: { ...checksumHeaders({ checksums: part.checksums }), etag: part.etag } }
}

export async function uploadPartCopy(context: S3Context): Promise<S3Answer> {
  const { objects, bucket, key, query, headers } = context
  const partNumber = numberIn(query, 'partNumber', { min: 1, max: PART_NUMBER_MAX })
  const upload = await objects.findUpload(bucket, key, uploadIdIn(query))
  const { source } = await openCopySource(context)
  try {
    const range = copyRangeOf(
      headers['x-amz-copy-source-range'] as string | undefined,
      source.info.bytes,
    )
    const sum = upload.checksum && sumWith(upload.checksum.algorithm)
    const place = { key, uploadId: upload.uploadId, partNumber }
    const part = await objects.putPart(bucket, place, source.read(range), sum)
    const content = {
      LastModified: new Date(part.modifiedAtMs).toISOString(),
      ETag: part.etag,
      ...checksumElements(part.checksums),
    }
    return { xml: { root: 'CopyPartResult', content } }
  } finally {
    await source.close()
  }
}

export async function completeMultipartUpload(context: S3Context): Promise<S3Answer> {
  const { objects, bucket, key, query, headers, xmlBody } = context
  const request = await xmlBody(completeShape)
  const parts = elementsIn(request, 'Part').map((part) => {
    const partNumber = Number(textIn(part, 'PartNumber') ?? '')
    const etag = textIn(part, 'ETag')
    if (
      !Number.isInteger(partNumber) ||
      partNumber < 1 ||
      partNumber > PART_NUMBER_MAX ||
      etag === undefined
    ) {
      throw new S3Error('MalformedXML', 'A Part needs a PartNumber and an ETag.')
    }
    return { partNumber, etag: etag.trim(), checksums: checksumsIn(part) }
  })
  if (parts.length === 0) throw new S3Error('MalformedXML', 'An upload needs at least one part.')
  if (
    parts.some(({ partNumber }, index) => index > 0 && partNumber <= parts[index - 1]!.partNumber)
  ) {
    throw new S3Error('InvalidPartOrder', 'The parts must be listed in the order of their numbers.')
  }
  const partChecksums = parts.map(({ checksums }) => checksums)
  const stored = await objects.completeUpload(bucket, key, uploadIdIn(query), parts, {
    condition: writeConditionOf(headers),
    sumOf: (upload, found) => sumOfUpload(upload, found, { headers, partChecksums }),
  })
  const { etag, checksums, checksumType } = stored
  const sums = checksumElements(checksums, checksumType)
  const content = { Location: `/${bucket}/${key}`, Bucket: bucket, Key: key, ETag: etag, ...sums }
  return { xml: { root: 'CompleteMultipartUploadResult', content } }
}

function checksumsIn(part: XmlElement): Checksums {
  const checksums: Checksums = {}
  for (const [element, algorithm] of checksumElementNames) {
    const value = textIn(part, element)
    if (value !== undefined) checksums[algorithm] = value.trim()
  }
  return checksums
}

export async function abortMultipartUpload({
  objects,
  bucket,
  key,
  query,
}: S3Context): Promise<S3Answer> {
  await objects.abortUpload(bucket, key, uploadIdIn(query))
  return { status: 204 }
}

export async function listParts({ objects, bucket, key, query }: S3Context): Promise<S3Answer> {
  const uploadId = uploadIdIn(query)
  const { upload, parts } = await objects.listParts(bucket, key, uploadId)
  const asked = numberIn(query, 'max-parts', { min: 0, max: 2 ** 31 - 1, fallback: 1000 })
  const partsMax = Math.min(asked, 1000)
  const marker = numberIn(query, 'part-number-marker', { min: 0, max: 2 ** 31 - 1, fallback: 0 })
  const rest = parts.filter(({ partNumber }) => partNumber > marker)
  const page = rest.slice(0, partsMax)
  const isTruncated = page.length < rest.length && page.length > 0
  const content = {
    Bucket: bucket,
    Key: key,
    UploadId: uploadId,
    StorageClass: 'STANDARD',
    ChecksumAlgorithm: upload.checksum?.algorithm.toUpperCase(),
    ChecksumType: upload.checksum?.type,
    PartNumberMarker: marker,
    NextPartNumberMarker: isTruncated ? page.at(-1)?.partNumber : undefined,
    MaxParts: partsMax,
    IsTruncated: isTruncated,
    Part: page.map(({ partNumber, bytes, etag, modifiedAtMs, checksums }) => ({
      PartNumber: partNumber,
      LastModified: new Date(modifiedAtMs).toISOString(),
      ETag: etag,
      Size: bytes,
      ...checksumElements(checksums),
    })),
  }
  return { xml: { root: 'ListPartsResult', content } }
}

function uploadIdIn(query: URLSearchParams): string {
  return query.get('uploadId') ?? ''
}
