// What an operation of the S3 endpoint is given, and what it gives back. Owns the shapes, and the
// reading of headers that several operations share.

import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import { headerText } from '../../core/api/signature.ts'
import type { FolderObjects, FolderPutOptions } from '../../io/objects/folder-objects.ts'
import type { StoredObject } from '../../io/objects/object-file.ts'
import { KEY_BYTES_MAX } from '../../io/objects/object-names.ts'
import type { XmlShape } from './read-xml.ts'
import { S3Error } from './s3-errors.ts'
import type { S3Target } from './s3-request.ts'
import type { XmlElement } from './s3-xml.ts'
import type { VerifiedBody } from './verified-body.ts'

export interface S3Context extends S3Target {
  objects: FolderObjects
  region: string
  headers: IncomingHttpHeaders
  /**
   * Starts receiving the body; call it once. Only then does a waiting client get `100 Continue`.
   */
  body(): VerifiedBody
  /** Like `body`, for a body of XML. Throws what readXml throws. */
  xmlBody(shape: XmlShape): Promise<XmlElement>
  /**
   * Checks the permission for keys that only the body names. `reads` is true if a condition reveals
   * what is there. Throws S3Error AccessDenied.
   */
  demandDelete(bucket: string, key: string, reads: boolean): void
}

export interface S3Answer {
  status?: number
  headers?: Record<string, string | number>
  xml?: { root: string; content: XmlElement }
  stream?: Readable
}

/** Headers that are kept with an object and sent back unchanged. */
const keptHeaders = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'expires',
]

/** The headers and metadata to keep with an object. Throws S3Error. */
export function putOptionsOf(headers: IncomingHttpHeaders): FolderPutOptions {
  const metadata: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith('x-amz-meta-'))
      metadata[name.slice('x-amz-meta-'.length)] = headerText(String(value))
  }
  const kept: Record<string, string> = {}
  for (const name of keptHeaders) {
    const value = name === 'content-encoding' ? contentEncodingOf(headers) : headers[name]
    if (typeof value === 'string') kept[name] = headerText(value)
  }
  const contentType = headers['content-type']
  return {
    metadata,
    headers: kept,
    ...(contentType === undefined ? {} : { contentType: headerText(contentType) }),
  }
}

/**
 * Drops `aws-chunked`, which describes the transfer; other encodings come back as they were sent.
 */
function contentEncodingOf(headers: IncomingHttpHeaders): string | undefined {
  const names = (headers['content-encoding'] ?? '').split(',')
  const kept = names
    .filter((name) => name.trim() !== 'aws-chunked')
    .join(',')
    .trim()
  return kept === '' ? undefined : kept
}

/** Headers that describe an object, for GET and HEAD. */
export function describeObject(info: StoredObject): Record<string, string | number> {
  const headers: Record<string, string | number> = {
    ...info.headers,
    'accept-ranges': 'bytes',
    'content-type': info.contentType ?? 'binary/octet-stream',
    'last-modified': new Date(info.modifiedAtMs).toUTCString(),
    etag: info.etag,
  }
  for (const [name, value] of Object.entries(info.metadata)) headers[`x-amz-meta-${name}`] = value
  return headers
}

/** S3 has an error of its own for keys that are too long. */
export function checkKeyLength(key: string): void {
  if (Buffer.byteLength(key) > KEY_BYTES_MAX)
    throw new S3Error('KeyTooLongError', 'The key is too long.')
}

/** A whole number in the query. Throws S3Error InvalidArgument. */
export function numberIn(
  query: URLSearchParams,
  name: string,
  limits: { min: number; max: number; fallback?: number },
) {
  const text = query.get(name)
  if (text === null && limits.fallback !== undefined) return limits.fallback
  const value = text !== null && /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= limits.min && value <= limits.max)) {
    throw new S3Error(
      'InvalidArgument',
      `${name} must be a whole number from ${limits.min} to ${limits.max}.`,
    )
  }
  return value
}
