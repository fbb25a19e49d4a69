// Checks AWS Signature Version 4 of a request, in its header form and its presigned form. Owns
// which signatures are valid; never reads a body from a socket, never looks at a clock, never knows
// where secrets come from.

import { hash, type KeyObject, timingSafeEqual } from 'node:crypto'
import { percentEncoded, scopeText, signatureOf, signingKey } from './canonical-request.ts'
import type { QueryPairs } from './raw-input.ts'
import {
  type HeaderOf,
  parseClaim,
  type SignatureClaim,
  type SignatureErrorName,
  type SignatureReason,
  type SignatureRefusal,
} from './signature-claim.ts'

export type { SignatureErrorName, SignatureReason, SignatureRefusal }

/**
 * A request as it came in. Header names are in lower case; a repeated header has all its values in
 * order.
 */
export interface SignedRequest {
  method: string
  /** Raw path and query, exactly as on the request line. */
  url: string
  headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** The whole body. Ignored for S3, whose bodies are checked while they stream in. */
  body?: Uint8Array
}

export interface SignatureOptions {
  /**
   * The secret of an access key; undefined if the key is unknown. This function also judges the
   * session token: it may refuse it (`refuseToken`), and must not accept a token that it does not
   * know.
   */
  secretFor(
    accessKeyId: string,
    sessionToken: string | undefined,
  ): string | SignatureRefusal | undefined
  now: Date
  region: string
  /** Names of services that the scope may contain. */
  services: readonly string[]
}

/** What the signature says about the body. */
type SignedPayload =
  | { kind: 'hash'; sha256: string }
  | { kind: 'unsigned' }
  | { kind: 'streaming'; signed: boolean; trailer: boolean }

/** What is needed to check the signatures of a streamed body's chunks. */
export interface ChunkSigning {
  key: KeyObject
  /** `<yyyymmdd>/<region>/<service>/aws4_request`. */
  scope: string
  /** `yyyymmddThhmmssZ`. */
  dateTime: string
}

export interface SignatureAccepted {
  ok: true
  accessKeyId: string
  /** The token of temporary keys, accepted by `secretFor`. */
  sessionToken?: string
  service: string
  /** 64 lower-case hex digits; the seed of a streamed body's chunk signatures. */
  signature: string
  /** Absent if the body cannot have signed chunks. */
  chunkSigning?: ChunkSigning
  payload: SignedPayload
}

export const CLOCK_SKEW_MS = 15 * 60_000

/**
 * Signs the request again with exactly the headers that the client says it signed, and compares.
 * Every refusal is a returned value; each of its errors has status 403 on the wire.
 */
export function verifySignature(
  request: SignedRequest,
  options: SignatureOptions,
): SignatureAccepted | SignatureRefusal {
  const header: HeaderOf = (name) => headerIn(request.headers, name)
  if (Array.isArray(request.headers.authorization) && request.headers.authorization.length > 1) {
    return refuse(
      'InvalidSignatureException',
      'malformed',
      'The request has more than one Authorization header.',
    )
  }
  const parsed = parseClaim(request.url, header)
  if (!parsed.ok) return parsed
  const { claim, path, query } = parsed

  const secret = options.secretFor(claim.accessKeyId, claim.sessionToken)
  if (typeof secret === 'object') return secret
  if (secret === undefined) {
    return refuse(
      'UnrecognizedClientException',
      'unknownKey',
      'The access key of the request is not known here.',
    )
  }
  const bodyHash = claim.service === 's3' ? undefined : sha256Hex(request.body)
  const refusal =
    checkScope(claim, options) ??
    checkDate(claim, options.now) ??
    checkSignedHeaders(claim, request.headers) ??
    checkBodyHash(header('x-amz-content-sha256'), bodyHash)
  if (refusal !== undefined) return refusal

  const payloadHash =
    bodyHash ?? header('x-amz-content-sha256') ?? hoistedHash(query) ?? 'UNSIGNED-PAYLOAD'
  const payload =
    bodyHash === undefined ? payloadOf(payloadHash) : ({ kind: 'hash', sha256: bodyHash } as const)
  if (payload === undefined) {
    return refuse(
      'InvalidSignatureException',
      'malformed',
      'The header x-amz-content-sha256 holds no known value.',
    )
  }

  const signed = {
    method: request.method,
    path: claim.service === 's3' ? encodePathOnce(path) : path,
    query,
    signedHeaders: claim.signedHeaders,
    header: (name: string) => header(name) ?? '',
    payloadHash,
  }
  const key = signingKey(secret, claim)
  const expected = signatureOf(signed, claim.dateTime, claim, key)
  if (!sameText(expected, claim.signature)) {
    return refuseMismatch(signed.path, header)
  }
  return {
    ok: true,
    accessKeyId: claim.accessKeyId,
    ...(claim.sessionToken !== undefined && { sessionToken: claim.sessionToken }),
    service: claim.service,
    signature: claim.signature,
    chunkSigning: { key, scope: scopeText(claim), dateTime: claim.dateTime },
    payload,
  }
}

/** The answer of `secretFor` to a session token that is expired or does not fit the key. */
export function refuseToken(why: 'expiredToken' | 'invalidToken'): SignatureRefusal {
  return why === 'expiredToken'
    ? refuse('ExpiredTokenException', why, 'The security token included in the request is expired.')
    : refuse(
        'UnrecognizedClientException',
        why,
        'The security token included in the request is invalid.',
      )
}

/**
 * The text of a header. Node decodes headers as Latin-1, but clients write and sign UTF-8; a value
 * that is not valid UTF-8 is kept as it is.
 */
export function headerText(value: string): string {
  if (ASCII.test(value)) return value
  const bytes = Buffer.from(value, 'latin1')
  const isLatin1 = bytes.toString('latin1') === value
  if (!isLatin1) return value
  const text = bytes.toString('utf8')
  return text.includes('\ufffd') ? value : text
}

/** Text that is the same in Latin-1 and UTF-8. */
const ASCII = /^[\x20-\x7e]*$/

/** The refusal names the signed host and path: a proxy may have changed them. */
export function refuseMismatch(path: string, header: HeaderOf): SignatureRefusal {
  const host = header('host') ?? ''
  const forwarded = header('x-forwarded-host')
  const unheard =
    forwarded === undefined || forwarded === host
      ? ''
      : `; X-Forwarded-Host '${cut(forwarded)}' comes from no trusted proxy`
  return refuse(
    'InvalidSignatureException',
    'mismatch',
    'The signature of the request does not match the one made here, over the host ' +
      `'${cut(host)}' and the path '${cut(path)}'. ` +
      'Check the secret key and the way of signing, and that no proxy on the way changes ' +
      `host or path${unheard}.`,
  )
}

/** Shortens an address for a message; it may have 16 KiB. */
function cut(text: string): string {
  return text.length > 300 ? `${text.slice(0, 300)}…` : text
}

export function refuse(
  error: SignatureErrorName,
  reason: SignatureReason,
  message: string,
): SignatureRefusal {
  return { ok: false, error, reason, message }
}

function checkScope(
  claim: SignatureClaim,
  options: SignatureOptions,
): SignatureRefusal | undefined {
  if (!options.services.includes(claim.service)) {
    const expected = options.services.map((service) => `'${service}'`).join(' or ')
    return refuse(
      'InvalidSignatureException',
      'wrongService',
      `The credential must be scoped to the service ${expected}, not '${claim.service}'.`,
    )
  }
  if (claim.region !== options.region) {
    return refuse(
      'InvalidSignatureException',
      'wrongRegion',
      `The credential must be scoped to the region '${options.region}', not '${claim.region}'.`,
    )
  }
  return undefined
}

function checkDate(claim: SignatureClaim, now: Date): SignatureRefusal | undefined {
  const nowMs = now.getTime()
  if (claim.signedAtMs > nowMs + CLOCK_SKEW_MS) {
    return refuse(
      'InvalidSignatureException',
      'skewed',
      `Signature not yet current: ${claim.dateTime} is more than 15 minutes after ` +
        `${isoBasic(now)}.`,
    )
  }
  if (claim.expiresSeconds !== undefined) {
    if (nowMs <= claim.signedAtMs + claim.expiresSeconds * 1000) return undefined
    return refuse(
      'ExpiredTokenException',
      'expired',
      `The presigned request has expired: made at ${claim.dateTime} for ` +
        `${claim.expiresSeconds} s, and it is ${isoBasic(now)}.`,
    )
  }
  if (claim.signedAtMs >= nowMs - CLOCK_SKEW_MS) return undefined
  return refuse(
    'InvalidSignatureException',
    'skewed',
    `Signature expired: ${claim.dateTime} is more than 15 minutes before ${isoBasic(now)}.`,
  )
}

/**
 * Checks that every listed header is there, and that `host` and, for S3, every `x-amz-*` header is
 * listed, because these change what is done.
 */
function checkSignedHeaders(
  claim: SignatureClaim,
  headers: SignedRequest['headers'],
): SignatureRefusal | undefined {
  const absent = claim.signedHeaders.find(
    (name) => !Object.hasOwn(headers, name) || headers[name] === undefined,
  )
  if (absent !== undefined) {
    return refuse(
      'InvalidSignatureException',
      'unsignedHeaders',
      `The signed header '${absent}' is not in the request.`,
    )
  }
  if (!claim.signedHeaders.includes('host')) {
    return refuse(
      'InvalidSignatureException',
      'unsignedHeaders',
      `The header 'host' must be signed.`,
    )
  }
  if (claim.service !== 's3') return undefined
  const unsigned = Object.keys(headers).find(
    (name) =>
      name.startsWith('x-amz-') &&
      !claim.signedHeaders.includes(name) &&
      headers[name] !== undefined,
  )
  if (unsigned === undefined) return undefined
  return refuse(
    'InvalidSignatureException',
    'unsignedHeaders',
    `The header '${unsigned}' must be signed.`,
  )
}

/** The body hash of a presigned URL. */
function hoistedHash(query: QueryPairs): string | undefined {
  return query.find(([name]) => name.toLowerCase() === 'x-amz-content-sha256')?.[1]
}

function checkBodyHash(
  stated: string | undefined,
  bodyHash: string | undefined,
): SignatureRefusal | undefined {
  if (bodyHash === undefined || stated === undefined || sameText(stated, bodyHash)) return undefined
  return refuse(
    'InvalidSignatureException',
    'wrongBodyHash',
    'The header x-amz-content-sha256 does not match the SHA-256 of the body.',
  )
}

function payloadOf(payloadHash: string): SignedPayload | undefined {
  switch (payloadHash) {
    case 'UNSIGNED-PAYLOAD':
      return { kind: 'unsigned' }
    case 'STREAMING-UNSIGNED-PAYLOAD-TRAILER':
      return { kind: 'streaming', signed: false, trailer: true }
    case 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD':
      return { kind: 'streaming', signed: true, trailer: false }
    case 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER':
      return { kind: 'streaming', signed: true, trailer: true }
    default:
      return /^[0-9a-f]{64}$/.test(payloadHash) ? { kind: 'hash', sha256: payloadHash } : undefined
  }
}

/**
 * A header's text; undefined if the request itself has none. Names come from callers and may be
 * those of inherited members.
 */
export function headerIn(headers: SignedRequest['headers'], name: string): string | undefined {
  const value = Object.hasOwn(headers, name) ? headers[name] : undefined
  if (value === undefined) return undefined
  return headerText(typeof value === 'string' ? value : value.join(','))
}

/**
 * S3 signs the path with each byte encoded once, however the client wrote it on the request line.
 */
function encodePathOnce(path: string): string {
  return path
    .split('/')
    .map((segment) => percentEncoded(decodeURIComponent(segment)))
    .join('/')
}

function isoBasic(date: Date): string {
  return date.toISOString().replace(/[-:]|\.\d+/g, '')
}

const EMPTY_BODY_HASH = hash('sha256', '', 'hex')

function sha256Hex(body: Uint8Array | undefined): string {
  return body === undefined || body.length === 0 ? EMPTY_BODY_HASH : hash('sha256', body, 'hex')
}

/** Compares in a time that depends only on the lengths. */
export function sameText(left: string, right: string): boolean {
  const leftBytes = Buffer.from(left)
  const rightBytes = Buffer.from(right)
  return leftBytes.length === rightBytes.length && timingSafeEqual(leftBytes, rightBytes)
}
