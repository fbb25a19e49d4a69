// What a request to the S3 endpoint asks for: bucket, key, operation.
// Owns the reading of URLs; never touches the store.

import { type IncomingHttpHeaders, type IncomingMessage, validateHeaderName, validateHeaderValue } from 'node:http'
import { hoistedHeaders } from '../../core/api/hoisted-headers.ts'
import { S3Error } from './s3-errors.ts'

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
  | 'ListMultipartUploads'
  | 'ListObjectsV2'
  | 'ListObjects'
  | 'HeadBucket'
  | 'CreateBucket'
  | 'DeleteBucket'
  | 'DeleteObjects'
  | 'ListParts'
  | 'GetObject'
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

/** One way to ask for an operation; the first row that fits is taken. `x-amz-copy-source` is a header, all else are query keys. */
interface Route {
  operation: S3Operation
  method: string
  target: 'service' | 'bucket' | 'key'
  needs?: string[]
}

const routes: Route[] = [
  { operation: 'ListBuckets', method: 'GET', target: 'service' },
  { operation: 'GetBucketLocation', method: 'GET', target: 'bucket', needs: ['location'] },
  { operation: 'ListMultipartUploads', method: 'GET', target: 'bucket', needs: ['uploads'] },
  { operation: 'ListObjectsV2', method: 'GET', target: 'bucket', needs: ['list-type'] },
  { operation: 'ListObjects', method: 'GET', target: 'bucket' },
  { operation: 'HeadBucket', method: 'HEAD', target: 'bucket' },
  { operation: 'CreateBucket', method: 'PUT', target: 'bucket' },
  { operation: 'DeleteBucket', method: 'DELETE', target: 'bucket' },
  { operation: 'DeleteObjects', method: 'POST', target: 'bucket', needs: ['delete'] },
  { operation: 'ListParts', method: 'GET', target: 'key', needs: ['uploadId'] },
  { operation: 'GetObjectTagging', method: 'GET', target: 'key', needs: ['tagging'] },
  { operation: 'GetObject', method: 'GET', target: 'key' },
  { operation: 'HeadObject', method: 'HEAD', target: 'key' },
  { operation: 'UploadPartCopy', method: 'PUT', target: 'key', needs: ['uploadId', 'x-amz-copy-source'] },
  { operation: 'UploadPart', method: 'PUT', target: 'key', needs: ['uploadId'] },
  { operation: 'CopyObject', method: 'PUT', target: 'key', needs: ['x-amz-copy-source'] },
  { operation: 'PutObject', method: 'PUT', target: 'key' },
  { operation: 'AbortMultipartUpload', method: 'DELETE', target: 'key', needs: ['uploadId'] },
  { operation: 'DeleteObject', method: 'DELETE', target: 'key' },
  { operation: 'CreateMultipartUpload', method: 'POST', target: 'key', needs: ['uploads'] },
  { operation: 'CompleteMultipartUpload', method: 'POST', target: 'key', needs: ['uploadId'] },
]

/** Query keys that name features of S3 which this endpoint doesn't have. Answering without them would be a wrong answer. */
const unsupported = [
  'accelerate', 'acl', 'analytics', 'attributes', 'cors', 'encryption', 'intelligent-tiering', 'inventory', 'legal-hold',
  'lifecycle', 'logging', 'metrics', 'notification', 'object-lock', 'ownershipControls', 'policy', 'policyStatus',
  'publicAccessBlock', 'renameObject', 'replication', 'requestPayment', 'restore', 'retention', 'select', 'session', 'tagging',
  'torrent', 'versioning', 'versions', 'website',
] // biome-ignore format: a list to look things up in
const unsupportedHeaders = ['x-amz-server-side-encryption-customer-algorithm', 'x-amz-write-offset-bytes']

/** Reads bucket and key from path or host (`<bucket>.localhost`, `<bucket>.s3.localhost`). Throws S3Error InvalidURI. */
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

/** Undefined where the path has the bucket. */
export function bucketOfHost(host: string | undefined): string | undefined {
  const bucket = /^([a-z0-9.-]+?)(?:\.s3)?\.localhost(?::\d+)?$/.exec(host ?? '')?.[1]
  return bucket === 's3' ? undefined : bucket
}

/**
 * The headers that count: those that were sent, and beneath them what a presigned URL has in its query of what is kept with an object.
 * Throws S3Error InvalidArgument where that could not be sent back as headers.
 */
export function headersOf({ headers }: Pick<IncomingMessage, 'headers'>, { query }: S3Target): IncomingHttpHeaders {
  if (!query.has('X-Amz-Signature') && !query.has('Signature')) return headers
  const hoisted = Object.entries(hoistedHeaders([...query])).filter(([name]) => KEPT_OF_QUERY.test(name))
  return { ...Object.fromEntries(hoisted.map(([name, value]) => [name, headerValue(name, value)])), ...headers }
}

const KEPT_OF_QUERY = /^(x-amz-meta-.|content-)/

/** As Node hands out the bytes of a header. */
function headerValue(name: string, text: string): string {
  const value = Buffer.from(text, 'utf8').toString('latin1')
  try {
    validateHeaderName(name)
    validateHeaderValue(name, value)
  } catch (cause) {
    throw new S3Error('InvalidArgument', 'A header in the query holds characters that no header may hold.', { cause })
  }
  return value
}

/** Throws S3Error NotImplemented or MethodNotAllowed. */
export function operationOf(
  method: string,
  target: S3Target,
  headers: Readonly<Record<string, string | string[] | undefined>>,
): S3Operation {
  const kind = target.bucket === '' ? 'service' : target.key === '' ? 'bucket' : 'key'
  const asksForTags = method === 'GET' && kind === 'key' && target.query.has('tagging')
  const feature =
    unsupported.find((key) => target.query.has(key) && !(key === 'tagging' && asksForTags)) ??
    unsupportedFeature(method, target, headers)
  if (feature !== undefined) throw new S3Error('NotImplemented', `This object store has no '${feature}'.`)
  const has = (name: string) => target.query.has(name) || (name.startsWith('x-') && headers[name] !== undefined)
  const route = routes.find((row) => row.method === method && row.target === kind && (row.needs ?? []).every(has))
  if (route === undefined) throw new S3Error('MethodNotAllowed', `${method} means nothing for this ${kind}.`)
  return route.operation
}

function unsupportedFeature(
  method: string,
  target: S3Target,
  headers: Readonly<Record<string, string | string[] | undefined>>,
): string | undefined {
  const version = target.query.get('versionId')
  if (version !== null && version !== 'null') return 'versionId'
  if ((method === 'GET' || method === 'HEAD') && target.query.has('partNumber')) return 'partNumber'
  if (method === 'PUT' && headers['if-match'] !== undefined) return 'If-Match'
  return unsupportedHeaders.find((name) => headers[name] !== undefined)
}

/** The bucket and key of a copy's source, as its header names them. Throws S3Error InvalidArgument. */
export function copySourceOf(header: string): { bucket: string; key: string } {
  const [path, version] = header.replace(/^\//, '').split('?versionId=')
  const slash = path!.indexOf('/')
  if (slash < 1 || slash === path!.length - 1) {
    throw new S3Error('InvalidArgument', 'The header x-amz-copy-source must read <bucket>/<key>.')
  }
  if (version !== undefined && version !== 'null')
    throw new S3Error('NotImplemented', 'This object store has no versions.')
  return { bucket: decode(path!.slice(0, slash)), key: decode(path!.slice(slash + 1)) }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    throw new S3Error('InvalidURI', 'The URL holds a broken percent-encoding.', { cause })
  }
}
