// Checks AWS Signature Version 2 of a presigned S3 URL. boto3 and aws-sdk v2 use this version
// unless they are configured otherwise. Owns which signatures are valid; never accepts this version
// in a header or for another service. Source: Amazon S3's reference, "Signing and authenticating
// REST requests (AWS signature version 2)".

import { createHmac } from 'node:crypto'
import { hoistedHeaders } from './hoisted-headers.ts'
import { decoded, type QueryPairs, queryPairs, splitTarget } from './raw-input.ts'
import {
  CLOCK_SKEW_MS,
  headerIn,
  refuse,
  refuseMismatch,
  type SignatureAccepted,
  type SignatureOptions,
  type SignatureRefusal,
  type SignedRequest,
  sameText,
} from './signature.ts'
import { EXPIRES_SECONDS_MAX } from './signature-claim.ts'

/** Whether an undecoded query has the parameters of this version. */
export function isPresignedVersion2(query: string): boolean {
  return /(^|&)AWSAccessKeyId=/.test(query) && /(^|&)Signature=/.test(query)
}

interface PresignedOptions extends Pick<SignatureOptions, 'secretFor' | 'now'> {
  /**
   * The bucket, if the host names it: the signature covers it, but the path does not contain it.
   */
  readonly bucketOfHost: string | undefined
}

/**
 * Verifies a presigned URL. The URL has no region and no day of signing: it is valid until its
 * expiry, and its body is not signed.
 */
export function verifyPresignedVersion2(
  request: SignedRequest,
  options: PresignedOptions,
): SignatureAccepted | SignatureRefusal {
  const { path, query: rawQuery } = splitTarget(request.url)
  const query = queryPairs(rawQuery)
  if (query === undefined || decoded(path) === undefined)
    return malformed('The URL holds a broken percent-encoding.')
  const names = ['AWSAccessKeyId', 'Signature', 'Expires']
  const values = names.map((name) =>
    query.filter(([given]) => given === name).map(([, value]) => value),
  )
  const absent = names[values.findIndex(({ length }) => length !== 1)]
  if (absent !== undefined) return malformed(`The query needs ${absent}, once.`)
  const [accessKeyId, signature, expires] = values.flat() as [string, string, string]
  if (!/^\d{1,12}$/.test(expires)) return malformed('Expires must be seconds since the epoch.')
  if (headerIn(request.headers, 'authorization') !== undefined) {
    return malformed('The request is signed twice: by header and by query.')
  }

  const headers = signedHeaders(request, query)
  const sessionToken = headers['x-amz-security-token']
  const secret = options.secretFor(accessKeyId, sessionToken)
  if (typeof secret === 'object') return secret
  if (secret === undefined) {
    return refuse(
      'UnrecognizedClientException',
      'unknownKey',
      'The access key of the request is not known here.',
    )
  }
  if (options.now.getTime() > Number(expires) * 1000) {
    return refuse(
      'ExpiredTokenException',
      'expired',
      `The presigned request has expired: it was good until ${expires}.`,
    )
  }
  const bucket = options.bucketOfHost === undefined ? '' : `/${options.bucketOfHost}`
  const text = [
    request.method,
    headers['content-md5'] ?? '',
    headers['content-type'] ?? '',
    expires,
    ...Object.keys(headers)
      .filter((name) => name.startsWith('x-amz-'))
      .sort()
      .map((name) => `${name}:${headers[name]!.replace(/^ +| +$/g, '')}`),
    `${bucket}${path}${subresources(query)}`,
  ].join('\n')
  if (!sameText(createHmac('sha1', secret).update(text).digest('base64'), signature)) {
    return refuseMismatch(path, (name) => headerIn(request.headers, name))
  }
  // The URL does not say when it was signed, so refuse expiries beyond those of a URL signed now.
  if (Number(expires) * 1000 > options.now.getTime() + EXPIRES_SECONDS_MAX * 1000 + CLOCK_SKEW_MS) {
    return malformed(`Expires must be ${EXPIRES_SECONDS_MAX} seconds from now at most.`)
  }
  return {
    ok: true,
    accessKeyId,
    ...(sessionToken !== undefined && { sessionToken }),
    service: 's3',
    signature,
    payload: { kind: 'unsigned' },
  }
}

/** The headers that this version signs: as they were sent, or else as the query carries them. */
function signedHeaders(request: SignedRequest, query: QueryPairs): Record<string, string> {
  const headers = hoistedHeaders(query)
  for (const name of Object.keys(request.headers)) {
    const value = headerIn(request.headers, name)
    if (
      value !== undefined &&
      (name.startsWith('x-amz-') || name in headers || CONTENT_HEADERS.includes(name))
    ) {
      headers[name] = value
    }
  }
  return headers
}

const CONTENT_HEADERS = ['content-type', 'content-md5']

/**
 * The signed part of the query: the parameters that change what is asked for. Others are not
 * signed.
 */
function subresources(query: QueryPairs): string {
  const signed = query
    .filter(([name]) => SUBRESOURCES.has(name))
    .map(([name, value]) => (value === '' ? name : `${name}=${value}`))
  return signed.length === 0 ? '' : `?${signed.sort().join('&')}`
}

const SUBRESOURCES = new Set([
  'accelerate', 'acl', 'analytics', 'cors', 'delete', 'inventory', 'lifecycle', 'location',
  'logging', 'metrics', 'notification',
  'object-lock', 'partNumber', 'policy', 'replication', 'requestPayment', 'response-cache-control',
  'response-content-disposition',
  'response-content-encoding', 'response-content-language', 'response-content-type',
  'response-expires', 'restore', 'select',
  'select-type', 'tagging', 'torrent', 'uploadId', 'uploads', 'versionId', 'versioning',
  'versions', 'website',
]) // biome-ignore format: a list to look things up in

function malformed(message: string): SignatureRefusal {
  return refuse('InvalidSignatureException', 'malformed', message)
}
