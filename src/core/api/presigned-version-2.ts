// Checks AWS Signature Version 2 of a presigned S3 URL: the form that boto3 and aws-sdk v2 make where they are told of no other.
// Owns what counts as a good one; never takes this version in a header, or for another service.
// Source: Amazon S3's reference, "Signing and authenticating REST requests (AWS signature version 2)".

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

/** Whether a query, not decoded, has what makes one. */
export function isPresignedVersion2(query: string): boolean {
  return /(^|&)AWSAccessKeyId=/.test(query) && /(^|&)Signature=/.test(query)
}

interface PresignedOptions extends Pick<SignatureOptions, 'secretFor' | 'now'> {
  /** Where the host names the bucket: the path alone doesn't, and the signature is over both. */
  readonly bucketOfHost: string | undefined
}

/** The URL bears no region and no day of signing: it is good until its own end, and its body is not signed. */
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
  // It doesn't say when it was signed: what ends later than any that is signed now can't be right.
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

/** Those that this version signs: as they were sent, or else as the query carries them. */
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

/** What of the query is signed, as it changes what is asked for; all else is left open. */
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
