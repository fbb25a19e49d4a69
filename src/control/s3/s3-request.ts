// What a request to the S3 endpoint asks for: bucket, key, operation. Owns the reading of URLs;
// never touches the store.

import {
  type IncomingHttpHeaders,
  type IncomingMessage,
  validateHeaderName,
  validateHeaderValue,
} from 'node:http'
import { hoistedHeaders } from '../../core/api/hoisted-headers.ts'
import { headerText } from '../../core/api/signature.ts'
import { S3Error } from './s3-errors.ts'
import { featureInHeaders, featureInQuery } from './s3-features.ts'

export interface S3Target {
  /** Empty for the list of buckets. */
  bucket: string
  /** Empty for the bucket itself. */
  key: string
  query: URLSearchParams
}

export type S3Operation =
  | 'ListBuckets'
  | 'GetBucketLocation'
  | 'GetBucketVersioning'
  | 'ListMultipartUploads'
  | 'ListObjectsV2'
  | 'ListObjects'
  | 'HeadBucket'
  | 'CreateBucket'
  | 'DeleteBucket'
  | 'DeleteObjects'
  | 'ListParts'
  | 'GetObject'
  | 'GetObjectAttributes'
  | 'GetObjectTagging'
  | 'HeadObject'
  | 'UploadPartCopy'
  | 'UploadPart'
  | 'CopyObject'
  | 'PutObject'
  | 'AbortMultipartUpload'
  | 'DeleteObject'
  | 'CreateMultipartUpload'
  | 'CompleteMultipartUpload'

/**
 * One way to ask for an operation; the first matching row counts. `x-amz-copy-source` is a header,
 * all others are query keys.
 */
interface Route {
  operation: S3Operation
  method: string
  target: 'service' | 'bucket' | 'key'
  needs?: string[]
  /** Optional query keys. */
  takes?: string[]
}

const routes: Route[] = [
  { operation: 'ListBuckets', method: 'GET', target: 'service' },
  { operation: 'GetBucketLocation', method: 'GET', target: 'bucket', needs: ['location'] },
  { operation: 'GetBucketVersioning', method: 'GET', target: 'bucket', needs: ['versioning'] },
  { operation: 'ListMultipartUploads', method: 'GET', target: 'bucket', needs: ['uploads'] },
  { operation: 'ListObjectsV2', method: 'GET', target: 'bucket', needs: ['list-type'] },
  { operation: 'ListObjects', method: 'GET', target: 'bucket' },
  { operation: 'HeadBucket', method: 'HEAD', target: 'bucket' },
  { operation: 'CreateBucket', method: 'PUT', target: 'bucket' },
  { operation: 'DeleteBucket', method: 'DELETE', target: 'bucket' },
  { operation: 'DeleteObjects', method: 'POST', target: 'bucket', needs: ['delete'] },
  { operation: 'ListParts', method: 'GET', target: 'key', needs: ['uploadId'] },
  { operation: 'GetObjectTagging', method: 'GET', target: 'key', needs: ['tagging'] },
  { operation: 'GetObjectAttributes', method: 'GET', target: 'key', needs: ['attributes'] },
  { operation: 'GetObject', method: 'GET', target: 'key', takes: ['partNumber'] },
  { operation: 'HeadObject', method: 'HEAD', target: 'key', takes: ['partNumber'] },
  {
    operation: 'UploadPartCopy',
    method: 'PUT',
    target: 'key',
    needs: ['uploadId', 'x-amz-copy-source'],
    takes: ['partNumber'],
  },
  {
    operation: 'UploadPart',
    method: 'PUT',
    target: 'key',
    needs: ['uploadId'],
    takes: ['partNumber'],
  },
  { operation: 'CopyObject', method: 'PUT', target: 'key', needs: ['x-amz-copy-source'] },
  { operation: 'PutObject', method: 'PUT', target: 'key' },
  { operation: 'AbortMultipartUpload', method: 'DELETE', target: 'key', needs: ['uploadId'] },
  { operation: 'DeleteObject', method: 'DELETE', target: 'key' },
  { operation: 'CreateMultipartUpload', method: 'POST', target: 'key', needs: ['uploads'] },
  { operation: 'CompleteMultipartUpload', method: 'POST', target: 'key', needs: ['uploadId'] },
]

/**
 * Reads bucket and key from path or host (`<bucket>.localhost`, `<bucket>.s3.localhost`). Throws
 * S3Error InvalidURI.
 */
export function targetOf(url: string, host: string | undefined): S3Target {
  const mark = url.indexOf('?')
  const path = (mark === -1 ? url : url.slice(0, mark)).replace(/^\//, '')
  const query = new URLSearchParams(mark === -1 ? '' : url.slice(mark + 1))
  const bucket = bucketOfHost(host)
  if (bucket !== undefined) return { bucket, key: decode(path), query }
  const slash = path.indexOf('/')
  if (slash === -1) return { bucket: decode(path), key: '', query }
  return { bucket: decode(path.slice(0, slash)), key: decode(path.slice(slash + 1)), query }
}

/** Undefined if the path contains the bucket. */
export function bucketOfHost(host: string | undefined): string | undefined {
  const bucket = /^([a-z0-9.-]+?)(?:\.s3)?\.localhost(?::\d+)?$/.exec(host ?? '')?.[1]
  return bucket === 's3' ? undefined : bucket
}

/**
 * The headers that count: those that were sent, and those in the query of a presigned URL unless
 * they were sent too. Throws S3Error InvalidArgument if the latter could not be sent as headers.
 */
export function headersOf(
  { headers }: Pick<IncomingMessage, 'headers'>,
  { query }: S3Target,
): IncomingHttpHeaders {
  if (!query.has('X-Amz-Signature') && !query.has('Signature')) return headers
  const hoisted = Object.entries(hoistedHeaders([...query])).filter(
    ([name]) => !OF_SIGNATURE.test(name),
  )
  return {
    ...Object.fromEntries(hoisted.map(([name, value]) => [name, headerValue(name, value)])),
    ...headers,
  }
}

const OF_SIGNATURE = new RegExp(
  '^x-amz-(algorithm|credential|date|expires|' +
    'signedheaders|signature|security-token|content-sha256)$',
)

/** Text as Node decodes the bytes of a header. */
function headerValue(name: string, text: string): string {
  const value = Buffer.from(text, 'utf8').toString('latin1')
  try {
    validateHeaderName(name)
    validateHeaderValue(name, value)
  } catch (cause) {
    throw new S3Error(
      'InvalidArgument',
      'A header in the query holds characters that no header may hold.',
      { cause },
    )
  }
  return value
}

/** Throws S3Error NotImplemented or MethodNotAllowed. */
export function operationOf(
  method: string,
  target: S3Target,
  headers: IncomingHttpHeaders,
): S3Operation {
  const kind = target.bucket === '' ? 'service' : target.key === '' ? 'bucket' : 'key'
  const has = (name: string) =>
    target.query.has(name) || (name.startsWith('x-') && headers[name] !== undefined)
  const route = routes.find(
    (row) => row.method === method && row.target === kind && (row.needs ?? []).every(has),
  )
  const feature =
    featureInQuery(target.query, [...(route?.needs ?? []), ...(route?.takes ?? [])]) ??
    featureInHeaders(headers, route?.operation ?? '', method)
  if (feature !== undefined)
    throw new S3Error('NotImplemented', `This object store has no '${feature}' of this kind.`)
  if (route === undefined)
    throw new S3Error('MethodNotAllowed', `${method} means nothing for this ${kind}.`)
  return route.operation
}

/**
 * Bucket and key of a copy's source, from its percent-encoded header. An encoded slash counts as a
 * slash. Throws S3Error InvalidArgument.
 */
export function copySourceOf(header: string): { bucket: string; key: string } {
  const [encoded, version] = headerText(header).split('?versionId=')
  const path = decode(encoded!).replace(/^\//, '')
  const slash = path.indexOf('/')
  if (slash < 1 || slash === path.length - 1) {
    throw new S3Error('InvalidArgument', 'The header x-amz-copy-source must read <bucket>/<key>.')
  }
  if (version !== undefined && version !== 'null')
    throw new S3Error('NotImplemented', 'This object store has no versions.')
  return { bucket: path.slice(0, slash), key: path.slice(slash + 1) }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    throw new S3Error('InvalidURI', 'The URL holds a broken percent-encoding.', { cause })
  }
}
