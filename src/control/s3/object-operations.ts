// The S3 endpoint's operations on single objects. Owns their parameters and answers; the store does
// the work.

import { PART_NUMBER_MAX } from '../../io/objects/folder-uploads.ts'
import type {
  ContentSum,
  OpenObject,
  StoredObject,
  StoredPart,
} from '../../io/objects/object-file.ts'
import type { ByteRange } from '../../io/objects/objects.ts'
import {
  checkConditions,
  deleteConditionOf,
  isRangeWanted,
  rangeOf,
  writeConditionOf,
} from './conditions.ts'
import {
  algorithmIn,
  checksumElements,
  checksumHeaders,
  sumOfBody,
  sumWith,
} from './object-checksums.ts'
import {
  describeObject,
  numberIn,
  putOptionsOf,
  type S3Answer,
  type S3Context,
} from './s3-context.ts'
import { S3Error } from './s3-errors.ts'
import { copySourceOf } from './s3-request.ts'
import type { XmlElement } from './s3-xml.ts'

export async function putObject({
  objects,
  bucket,
  key,
  headers,
  body,
}: S3Context): Promise<S3Answer> {
  const condition = writeConditionOf(headers)
  const options = putOptionsOf(headers)
  const content = body()
  const stored = await objects.put(bucket, key, content, {
    ...options,
    condition,
    sum: sumOfBody(content),
  })
  return { headers: { ...checksumHeaders(stored), etag: stored.etag } }
}

export async function getObject(context: S3Context): Promise<S3Answer> {
  return readObject(context, true)
}

export async function headObject(context: S3Context): Promise<S3Answer> {
  return readObject(context, false)
}

/**
 * Answers that there are no tags, which this store does not have. The AWS CLI asks before it copies
 * a large object.
 */
export async function getObjectTagging({ objects, bucket, key }: S3Context): Promise<S3Answer> {
  await objects.head(bucket, key)
  return { xml: { root: 'Tagging', content: { TagSet: '' } } }
}

export async function deleteObject({
  objects,
  bucket,
  key,
  headers,
}: S3Context): Promise<S3Answer> {
  const read = (name: string) => headers[name] as string | undefined
  const condition = deleteConditionOf({
    etag: read('if-match'),
    modifiedAt: read('x-amz-if-match-last-modified-time'),
    bytes: read('x-amz-if-match-size'),
  })
  await objects.delete(bucket, key, condition)
  return { status: 204 }
}

export async function copyObject(context: S3Context): Promise<S3Answer> {
  const { objects, bucket, key, headers } = context
  const isReplacing = directiveIn(headers) === 'REPLACE'
  const algorithm = algorithmIn(headers)
  const condition = writeConditionOf(headers)
  const { source, isSameKey } = await openCopySource(context)
  try {
    if (isSameKey && !isReplacing) {
      throw new S3Error('InvalidRequest', 'A copy onto itself must replace the metadata.')
    }
    const { contentType, metadata, headers: kept } = source.info
    const copied = {
      metadata,
      headers: kept,
      ...(contentType === undefined ? {} : { contentType }),
    }
    const options = isReplacing ? putOptionsOf(headers) : copied
    const sum = algorithm === undefined ? sumOfSource(source.info) : sumWith(algorithm)
    const stored = await objects.put(bucket, key, source.read(), { ...options, condition, sum })
    const { checksums, checksumType } = stored
    const content = {
      LastModified: new Date(stored.modifiedAtMs).toISOString(),
      ETag: stored.etag,
      ...checksumElements(checksums, checksumType),
    }
    return { xml: { root: 'CopyObjectResult', content } }
  } finally {
    await source.close()
  }
}

function directiveIn(headers: S3Context['headers']): 'COPY' | 'REPLACE' {
  const directive = headers['x-amz-metadata-directive'] ?? 'COPY'
  if (directive === 'COPY' || directive === 'REPLACE') return directive
  throw new S3Error('InvalidArgument', 'x-amz-metadata-directive must be COPY or REPLACE.')
}

/** A copy is one content, so composite sums of the source do not apply to it. */
function sumOfSource({ checksums, checksumType }: StoredObject): ContentSum | undefined {
  if (checksums === undefined || checksumType !== 'FULL_OBJECT') return undefined
  return { end: () => ({ checksums, checksumType }) }
}

/**
 * Opens the object that `x-amz-copy-source` names, if its conditions hold. The caller must close
 * it. Throws S3Error.
 */
export async function openCopySource(
  context: S3Context,
): Promise<{ source: OpenObject; isSameKey: boolean }> {
  const { objects, headers } = context
  const from = copySourceOf(String(headers['x-amz-copy-source']))
  const source = await objects.open(from.bucket, from.key)
  try {
    if (checkConditions(headers, source.info, 'x-amz-copy-source-') === 'notModified') {
      throw new S3Error(
        'PreconditionFailed',
        'The source of the copy does not fulfil a condition of the request.',
      )
    }
    return { source, isSameKey: from.bucket === context.bucket && from.key === context.key }
  } catch (error) {
    await source.close()
    throw error
  }
}

async function readObject(
  { objects, bucket, key, headers, query }: S3Context,
  withBody: boolean,
): Promise<S3Answer> {
  const opened = await objects.open(bucket, key)
  let isHandedOn = false
  try {
    const { info } = opened
    const described = { ...describeObject(info), ...overridesIn(query) }
    if (checkConditions(headers, info) === 'notModified') return { status: 304, headers: described }
    const piece = pieceOf(info, headers, query)
    const { range } = piece
    const bytes = range === undefined ? info.bytes : range.last - range.first + 1
    const sums = headers['x-amz-checksum-mode'] === 'ENABLED' ? checksumHeaders(piece) : {}
    const answer: S3Answer = {
      status: piece.isPart || range !== undefined ? 206 : 200,
      headers: { ...described, ...sums, 'content-length': bytes },
    }
    if (range !== undefined)
      answer.headers!['content-range'] = `bytes ${range.first}-${range.last}/${info.bytes}`
    if (piece.isPart && info.upload !== undefined)
      answer.headers!['x-amz-mp-parts-count'] = info.upload.parts.length
    if (withBody) {
      answer.stream = opened.read(range)
      isHandedOn = true
    }
    return answer
  } finally {
    if (!isHandedOn) await opened.close()
  }
}

/**
 * The requested piece of an object: a range, a part or everything, with the checksums of this piece
 * if they are known.
 */
interface Piece extends Pick<StoredObject, 'checksums' | 'checksumType'> {
  /** Absent if everything is requested. */
  range?: Required<ByteRange> | undefined
  isPart: boolean
}

function pieceOf(info: StoredObject, headers: S3Context['headers'], query: URLSearchParams): Piece {
  if (query.has('partNumber')) {
    if (headers.range !== undefined) {
      throw new S3Error(
        'InvalidRequest',
        'A request can ask for a range or for a part, not for both.',
      )
    }
    return partIn(info, numberIn(query, 'partNumber', { min: 1, max: PART_NUMBER_MAX }))
  }
  const range = isRangeWanted(headers, info) ? rangeOf(headers.range, info.bytes) : undefined
  return range === undefined ? { ...info, isPart: false } : { range, isPart: false }
}

/** An object that was not uploaded in parts counts as one part. */
function partIn(info: StoredObject, partNumber: number): Piece {
  const { upload, bytes } = info
  const parts = upload?.parts ?? [{ ...info, checksums: info.checksums ?? {}, partNumber: 1 }]
  const index = parts.findIndex((part) => part.partNumber === partNumber)
  const part = parts[index]
  if (part === undefined) throw new S3Error('InvalidPart', `The object has no part ${partNumber}.`)
  const first = parts.slice(0, index).reduce((sum, each) => sum + each.bytes, 0)
  const { checksums } = part
  // An empty part has no range.
  const range =
    part.bytes === 0 && bytes === 0 ? undefined : { first, last: first + part.bytes - 1 }
  return {
    isPart: true,
    checksums,
    ...(info.checksumType && { checksumType: info.checksumType }),
    range,
  }
}

/** Answers the attributes that `x-amz-object-attributes` names. */
export async function getObjectAttributes(context: S3Context): Promise<S3Answer> {
  const { objects, bucket, key, headers } = context
  const wanted = attributesIn(headers)
  const info = await objects.head(bucket, key)
  const { checksums, checksumType, upload } = info
  const content = {
    ETag: wanted.has('ETag') ? info.etag.replaceAll('"', '') : undefined,
    Checksum:
      wanted.has('Checksum') && checksums !== undefined
        ? checksumElements(checksums, checksumType)
        : undefined,
    ObjectParts:
      wanted.has('ObjectParts') && upload !== undefined
        ? partsPage(upload.parts, headers)
        : undefined,
    StorageClass: wanted.has('StorageClass') ? 'STANDARD' : undefined,
    ObjectSize: wanted.has('ObjectSize') ? info.bytes : undefined,
  }
  const lastModified = new Date(info.modifiedAtMs).toUTCString()
  return {
    headers: { 'last-modified': lastModified },
    xml: { root: 'GetObjectAttributesResponse', content },
  }
}

const attributes = ['ETag', 'Checksum', 'ObjectParts', 'StorageClass', 'ObjectSize']

function attributesIn(headers: S3Context['headers']): Set<string> {
  const named = String(headers['x-amz-object-attributes'] ?? '').split(',')
  const names = named.map((name) => name.trim())
  const odd = names.find((name) => !attributes.includes(name))
  if (odd === undefined) return new Set(names)
  throw new S3Error(
    'InvalidArgument',
    `x-amz-object-attributes must name some of ${attributes.join(', ')}.`,
  )
}

function partsPage(parts: readonly StoredPart[], headers: S3Context['headers']): XmlElement {
  const numbers = new URLSearchParams()
  for (const name of ['x-amz-max-parts', 'x-amz-part-number-marker']) {
    if (headers[name] !== undefined) numbers.set(name, String(headers[name]))
  }
  const asked = numberIn(numbers, 'x-amz-max-parts', { min: 0, max: 2 ** 31 - 1, fallback: 1000 })
  const marker = numberIn(numbers, 'x-amz-part-number-marker', {
    min: 0,
    max: 2 ** 31 - 1,
    fallback: 0,
  })
  const partsMax = Math.min(asked, 1000)
  const rest = parts.filter(({ partNumber }) => partNumber > marker)
  const page = rest.slice(0, partsMax)
  return {
    PartsCount: parts.length,
    PartNumberMarker: marker,
    NextPartNumberMarker: page.at(-1)?.partNumber ?? 0,
    MaxParts: partsMax,
    IsTruncated: page.length < rest.length,
    Part: page.map(({ partNumber, bytes, checksums }) => ({
      PartNumber: partNumber,
      Size: bytes,
      ...checksumElements(checksums),
    })),
  }
}

/** A presigned URL may set some headers of the answer. */
function overridesIn(query: URLSearchParams): Record<string, string> {
  const overrides: Record<string, string> = {}
  const names = [
    'cache-control',
    'content-disposition',
    'content-encoding',
    'content-language',
    'content-type',
    'expires',
  ]
  for (const name of names) {
    const value = query.get(`response-${name}`)
    if (value === null) continue
    // biome-ignore lint/suspicious/noControlCharactersInRegex: no header can carry them
    if (/[\x00-\x1f\x7f]/.test(value))
      throw new S3Error('InvalidArgument', `response-${name} can't be a header.`)
    overrides[name] = value
  }
  return overrides
}
