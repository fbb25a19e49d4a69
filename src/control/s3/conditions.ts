// Conditional and partial reads: what If-… and Range headers mean for an object.
// Owns the rules of RFC 9110 as S3 applies them; never reads the object.

import type { IncomingHttpHeaders } from 'node:http'
import type { ByteRange, ObjectInfo } from '../../io/objects/objects.ts'
import { S3Error } from './s3-errors.ts'

/** 'notModified' is status 304. Throws S3Error PreconditionFailed. `prefix` is `x-amz-copy-source-` for the source of a copy. */
export function checkConditions(headers: IncomingHttpHeaders, info: ObjectInfo, prefix = ''): 'wanted' | 'notModified' {
  const read = (name: string) => headers[prefix + name] as string | undefined
  // HTTP's times have whole seconds.
  const modifiedAtMs = Math.floor(info.modifiedAtMs / 1000) * 1000
  const [ifMatch, ifNoneMatch] = [read('if-match'), read('if-none-match')]
  const [modifiedSince, unmodifiedSince] = [timeOf(read('if-modified-since')), timeOf(read('if-unmodified-since'))]
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
 * The range that a GET or HEAD asks for, its end cut to the object's. A header that isn't one range in bytes is ignored, as HTTP
 * demands. Throws S3Error InvalidRange where nothing lies in the range.
 */
export function rangeOf(header: string | undefined, bytes: number): Required<ByteRange> | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '')
  if (match === null || (match[1] === '' && match[2] === '')) return undefined
  const isSuffix = match[1] === ''
  const first = isSuffix ? Math.max(0, bytes - Number(match[2])) : Number(match[1])
  const last = isSuffix || match[2] === '' ? bytes - 1 : Math.min(Number(match[2]), bytes - 1)
  if (!isSuffix && match[2] !== '' && Number(match[2]) < first) return undefined
  if (first > last) {
    throw new S3Error('InvalidRange', 'No byte of the object lies in the range that was asked for.', {
      headers: { 'content-range': `bytes */${bytes}` },
    })
  }
  return { first, last }
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
  return new S3Error('PreconditionFailed', 'The object does not fulfil a condition of the request.', {
    details: { Condition: header },
  })
}
