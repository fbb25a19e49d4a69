// Conditions and ranges: what If-… and Range headers mean for an object that is read, replaced or
// deleted. Owns the rules of RFC 9110 as S3 applies them; never touches the object.

import type { IncomingHttpHeaders } from 'node:http'
import { type ByteRange, type ObjectInfo, ObjectsError } from '../../io/objects/objects.ts'
import type { WriteCondition } from '../../io/objects/place-file.ts'
import { S3Error } from './s3-errors.ts'

/**
 * 'notModified' becomes status 304. Throws S3Error PreconditionFailed. `prefix` is
 * `x-amz-copy-source-` for the source of a copy.
 */
export function checkConditions(
  headers: IncomingHttpHeaders,
  info: ObjectInfo,
  prefix = '',
): 'wanted' | 'notModified' {
  const read = (name: string) => headers[prefix + name] as string | undefined
  const modifiedAtMs = wholeSeconds(info.modifiedAtMs)
  const [ifMatch, ifNoneMatch] = [read('if-match'), read('if-none-match')]
  const [modifiedSince, unmodifiedSince] = [
    timeOf(read('if-modified-since')),
    timeOf(read('if-unmodified-since')),
  ]
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, info.etag)) throw preconditionFailed('If-Match')
  } else if (unmodifiedSince !== undefined && modifiedAtMs > unmodifiedSince) {
    throw preconditionFailed('If-Unmodified-Since')
  }
  const isUnwanted =
    ifNoneMatch !== undefined
      ? matches(ifNoneMatch, info.etag)
      : modifiedSince !== undefined && modifiedAtMs <= modifiedSince
  return isUnwanted ? 'notModified' : 'wanted'
}

/**
 * The range of a GET or HEAD, cut at the object's end. A header that is not a single byte range is
 * ignored, as HTTP demands. Throws S3Error InvalidRange if the range contains nothing.
 */
export function rangeOf(
  header: string | undefined,
  bytes: number,
): Required<ByteRange> | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '')
  if (match === null || (match[1] === '' && match[2] === '')) return undefined
  const isSuffix = match[1] === ''
  const first = isSuffix ? Math.max(0, bytes - Number(match[2])) : Number(match[1])
  const last = isSuffix || match[2] === '' ? bytes - 1 : Math.min(Number(match[2]), bytes - 1)
  if (!isSuffix && match[2] !== '' && Number(match[2]) < first) return undefined
  if (first > last) {
    throw new S3Error(
      'InvalidRange',
      'No byte of the object lies in the range that was asked for.',
      {
        headers: { 'content-range': `bytes */${bytes}` },
      },
    )
  }
  return { first, last }
}

/** The condition of a write on the object that it replaces; undefined if it has none. */
export function writeConditionOf(headers: IncomingHttpHeaders): WriteCondition | undefined {
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = headers
  if (ifMatch === undefined && ifNoneMatch === undefined) return undefined
  return (current) => {
    if (ifMatch !== undefined) requireMatch(current, ifMatch)
    if (ifNoneMatch !== undefined && current !== undefined && matches(ifNoneMatch, current.etag))
      throw failed()
  }
}

/** As a client wrote them, in headers or in XML. */
interface DeleteConditions {
  etag?: string | undefined
  modifiedAt?: string | undefined
  bytes?: string | undefined
}

/** The condition of a deletion; undefined if it has none. Throws S3Error InvalidArgument. */
export function deleteConditionOf({
  etag,
  modifiedAt,
  bytes,
}: DeleteConditions): WriteCondition | undefined {
  if (etag === undefined && modifiedAt === undefined && bytes === undefined) return undefined
  const modifiedAtMs = timeOf(modifiedAt)
  if (modifiedAt !== undefined && modifiedAtMs === undefined) {
    throw new S3Error('InvalidArgument', 'The time of the last change could not be read.')
  }
  if (bytes !== undefined && !/^\d{1,15}$/.test(bytes)) {
    throw new S3Error('InvalidArgument', 'The size of the object must be a whole number of bytes.')
  }
  return (current) => {
    if (etag !== undefined) requireMatch(current, etag)
    // If the object is already gone, S3 compares only the ETag.
    if (current === undefined) return
    if (
      modifiedAtMs !== undefined &&
      wholeSeconds(current.modifiedAtMs) !== wholeSeconds(modifiedAtMs)
    )
      throw failed()
    if (bytes !== undefined && current.bytes !== Number(bytes)) throw failed()
  }
}

function requireMatch(current: ObjectInfo | undefined, etag: string): void {
  if (current === undefined)
    throw new ObjectsError('NoSuchKey', 'There is no object under the key to be compared.')
  if (!matches(etag, current.etag)) throw failed()
}

function failed(): ObjectsError {
  return new ObjectsError(
    'PreconditionFailed',
    'The object does not fulfil a condition of the request.',
  )
}

/** HTTP's times have no fractions of a second. */
function wholeSeconds(timeMs: number): number {
  return Math.floor(timeMs / 1000) * 1000
}

/** Whether the range still applies: If-Range names the object that the client has a piece of. */
export function isRangeWanted(headers: IncomingHttpHeaders, info: ObjectInfo): boolean {
  const ifRange = headers['if-range']
  if (ifRange === undefined) return true
  const sinceMs = /^(W\/)?"/.test(String(ifRange)) ? undefined : timeOf(String(ifRange))
  return sinceMs === undefined
    ? String(ifRange) === info.etag
    : wholeSeconds(info.modifiedAtMs) === sinceMs
}

/**
 * The range of a copy's source. The range must lie within the source; it is not cut. Throws
 * S3Error.
 */
export function copyRangeOf(
  header: string | undefined,
  bytes: number,
): Required<ByteRange> | undefined {
  if (header === undefined) return undefined
  const [, first, last] = /^bytes=(\d{1,15})-(\d{1,15})$/.exec(header) ?? []
  if (first === undefined || Number(first) > Number(last)) {
    throw new S3Error('InvalidArgument', 'x-amz-copy-source-range must read bytes=<first>-<last>.')
  }
  if (Number(last) >= bytes) {
    throw new S3Error(
      'InvalidRange',
      `The range to be copied must lie in the ${bytes} bytes of the source.`,
    )
  }
  return { first: Number(first), last: Number(last) }
}

function matches(header: string, etag: string): boolean {
  return header.split(',').some((one) => {
    const wanted = one.trim().replace(/^W\//, '')
    return wanted === '*' || wanted === etag || `"${wanted}"` === etag
  })
}

function timeOf(header: string | undefined): number | undefined {
  const timeMs = header === undefined ? Number.NaN : Date.parse(header)
  return Number.isNaN(timeMs) ? undefined : timeMs
}

function preconditionFailed(header: string): S3Error {
  return new S3Error(
    'PreconditionFailed',
    'The object does not fulfil a condition of the request.',
    {
      details: { Condition: header },
    },
  )
}
