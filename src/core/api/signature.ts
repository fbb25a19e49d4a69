// Checks AWS Signature Version 4 of a request, in its header form and its presigned form.
// Owns what counts as a good signature; never reads a body from a socket, never looks at a clock, never knows where secrets come from.

import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { createScope, getSigningKey, SignatureV4 } from '@smithy/signature-v4'
import type { Checksum, HeaderBag, HttpRequest, SourceData } from '@smithy/types'
import {
  parseClaim,
  type SignatureClaim,
  type SignatureErrorName,
  type SignatureReason,
  type SignatureRefusal,
} from './signature-claim.ts'

export type { SignatureErrorName, SignatureReason, SignatureRefusal }

/** A request as it came in; header names in any case. */
export interface SignedRequest {
  method: string
  /** Raw path and query, exactly as on the request line. */
  url: string
  headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** The whole body. Not looked at for S3, whose bodies are checked while they stream in. */
  body?: Uint8Array
}

export interface SignatureOptions {
  /**
   * The secret of an access key, undefined where the key is not known. A session token is for this function to judge: it may refuse it
   * (`refuseToken`), and must not take a request's word for a token that it does not know.
   */
  secretFor(accessKeyId: string, sessionToken: string | undefined): string | SignatureRefusal | undefined
  now: Date
  region: string
  /** Names of services that may stand in the scope. */
  services: readonly string[]
}

/** What the signature says of the body. */
export type SignedPayload =
  | { kind: 'hash'; sha256: string }
  | { kind: 'unsigned' }
  | { kind: 'streaming'; signed: boolean; trailer: boolean }

/** What is needed to check the signatures of the chunks of a streamed body. */
export interface ChunkSigning {
  key: Uint8Array
  /** `<yyyymmdd>/<region>/<service>/aws4_request`. */
  scope: string
  /** `yyyymmddThhmmssZ`. */
  dateTime: string
}

export interface SignatureAccepted {
  ok: true
  accessKeyId: string
  /** Of temporary keys; `secretFor` has found it good. */
  sessionToken?: string
  service: string
  /** 64 lower-case hex digits; the seed of a streamed body's chunk signatures. */
  signature: string
  chunkSigning: ChunkSigning
  payload: SignedPayload
}

export const clockSkewMs = 15 * 60_000

/**
 * Signs the request again with exactly the headers that the client says it signed, and compares.
 * Every refusal is a returned value; each of its errors has status 403 on the wire.
 */
export async function verifySignature(
  request: SignedRequest,
  options: SignatureOptions,
): Promise<SignatureAccepted | SignatureRefusal> {
  const headers = lowerCaseHeaders(request.headers)
  const parsed = parseClaim(request.url, headers)
  if (!parsed.ok) return parsed
  const { claim, path, query } = parsed

  const secret = options.secretFor(claim.accessKeyId, claim.sessionToken)
  if (typeof secret === 'object') return secret
  if (secret === undefined) {
    return refuse('UnrecognizedClientException', 'unknownKey', 'The access key of the request is not known here.')
  }
  const refusal =
    checkScope(claim, options) ??
    checkDate(claim, options.now) ??
    checkSignedHeaders(claim, headers) ??
    checkBodyHash(claim, headers, request.body)
  if (refusal !== undefined) return refusal

  const payloadHash = payloadHashOf(claim, headers, request.body)
  const payload = payloadOf(payloadHash)
  if (payload === undefined) {
    return refuse('InvalidSignatureException', 'malformed', 'The header x-amz-content-sha256 holds no known value.')
  }

  const canonicalHeaders: HeaderBag = Object.create(null)
  for (const name of claim.signedHeaders) canonicalHeaders[name] = canonicalHeaderValue(headers[name]!)
  const signer = new Resigner(claim, secret)
  const signable: HttpRequest = {
    method: request.method,
    protocol: 'http:',
    hostname: '',
    path: claim.service === 's3' ? encodePathOnce(path) : path,
    query,
    headers: {},
  }
  const expected = await signer.signatureOf(signable, canonicalHeaders, payloadHash)
  if (!sameText(expected, claim.signature)) {
    return refuse(
      'InvalidSignatureException',
      'mismatch',
      'The signature of the request does not match the one made here. Check the secret key and the way of signing.',
    )
  }
  return {
    ok: true,
    accessKeyId: claim.accessKeyId,
    ...(claim.sessionToken !== undefined && { sessionToken: claim.sessionToken }),
    service: claim.service,
    signature: claim.signature,
    chunkSigning: {
      key: await getSigningKey(NodeSha256, credentialsOf(claim, secret), claim.day, claim.region, claim.service),
      scope: createScope(claim.day, claim.region, claim.service),
      dateTime: claim.dateTime,
    },
    payload,
  }
}

/** What `secretFor` answers to a session token that is too old, or not good for the key. */
export function refuseToken(why: 'expiredToken' | 'invalidToken'): SignatureRefusal {
  return why === 'expiredToken'
    ? refuse('ExpiredTokenException', why, 'The security token included in the request is expired.')
    : refuse('UnrecognizedClientException', why, 'The security token included in the request is invalid.')
}

/**
 * The text of a header. Node hands out a header's bytes as Latin-1, and clients write and sign them as UTF-8; a value that isn't UTF-8
 * stays as it is.
 */
export function headerText(value: string): string {
  const bytes = Buffer.from(value, 'latin1')
  const isLatin1 = bytes.toString('latin1') === value
  if (!isLatin1) return value
  const text = bytes.toString('utf8')
  return text.includes('\ufffd') ? value : text
}

function refuse(error: SignatureErrorName, reason: SignatureReason, message: string): SignatureRefusal {
  return { ok: false, error, reason, message }
}

function checkScope(claim: SignatureClaim, options: SignatureOptions): SignatureRefusal | undefined {
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
  if (claim.signedAtMs > nowMs + clockSkewMs) {
    return refuse(
      'InvalidSignatureException',
      'skewed',
      `Signature not yet current: ${claim.dateTime} is more than 15 minutes after ${isoBasic(now)}.`,
    )
  }
  if (claim.expiresSeconds !== undefined) {
    if (nowMs <= claim.signedAtMs + claim.expiresSeconds * 1000) return undefined
    return refuse(
      'ExpiredTokenException',
      'expired',
      `The presigned request has expired: made at ${claim.dateTime} for ${claim.expiresSeconds} s, and it is ${isoBasic(now)}.`,
    )
  }
  if (claim.signedAtMs >= nowMs - clockSkewMs) return undefined
  return refuse(
    'InvalidSignatureException',
    'skewed',
    `Signature expired: ${claim.dateTime} is more than 15 minutes before ${isoBasic(now)}.`,
  )
}

/** Every listed header must be there, `host` must be listed, and for S3 every `x-amz-*` header, as they change what is done. */
function checkSignedHeaders(claim: SignatureClaim, headers: LowerHeaders): SignatureRefusal | undefined {
  const absent = claim.signedHeaders.find((name) => headers[name] === undefined)
  if (absent !== undefined) {
    return refuse(
      'InvalidSignatureException',
      'unsignedHeaders',
      `The signed header '${absent}' is not in the request.`,
    )
  }
  if (!claim.signedHeaders.includes('host')) {
    return refuse('InvalidSignatureException', 'unsignedHeaders', `The header 'host' must be signed.`)
  }
  if (claim.service !== 's3') return undefined
  const unsigned = Object.keys(headers).find(
    (name) => name.startsWith('x-amz-') && !claim.signedHeaders.includes(name) && headers[name] !== undefined,
  )
  if (unsigned === undefined) return undefined
  return refuse('InvalidSignatureException', 'unsignedHeaders', `The header '${unsigned}' must be signed.`)
}

function checkBodyHash(
  claim: SignatureClaim,
  headers: LowerHeaders,
  body: Uint8Array | undefined,
): SignatureRefusal | undefined {
  const stated = headers['x-amz-content-sha256']
  if (claim.service === 's3' || stated === undefined || sameText(stated, sha256Hex(body))) return undefined
  return refuse(
    'InvalidSignatureException',
    'wrongBodyHash',
    'The header x-amz-content-sha256 does not match the SHA-256 of the body.',
  )
}

function payloadHashOf(claim: SignatureClaim, headers: LowerHeaders, body: Uint8Array | undefined): string {
  if (claim.service !== 's3') return sha256Hex(body)
  return headers['x-amz-content-sha256'] ?? 'UNSIGNED-PAYLOAD'
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

type LowerHeaders = Record<string, string | undefined>

function lowerCaseHeaders(headers: SignedRequest['headers']): LowerHeaders {
  const lower: LowerHeaders = Object.create(null)
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue
    lower[name.toLowerCase()] = headerText(typeof value === 'string' ? value : value.join(','))
  }
  return lower
}

function canonicalHeaderValue(value: string): string {
  return value.replace(/\s+/g, ' ').trim()
}

/** S3 signs the path with each byte encoded once, whichever way the client wrote it on the request line. */
function encodePathOnce(path: string): string {
  return path
    .split('/')
    .map((segment) =>
      encodeURIComponent(decodeURIComponent(segment)).replace(
        /[!'()*]/g,
        (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
      ),
    )
    .join('/')
}

function isoBasic(date: Date): string {
  return date.toISOString().replace(/[-:]|\.\d+/g, '')
}

function sha256Hex(body: Uint8Array | undefined): string {
  return createHash('sha256')
    .update(body ?? new Uint8Array(0))
    .digest('hex')
}

/** Compares in a time that depends on the lengths alone. */
function sameText(left: string, right: string): boolean {
  const leftBytes = Buffer.from(left)
  const rightBytes = Buffer.from(right)
  return leftBytes.length === rightBytes.length && timingSafeEqual(leftBytes, rightBytes)
}

function credentialsOf(claim: SignatureClaim, secretAccessKey: string) {
  return { accessKeyId: claim.accessKeyId, secretAccessKey }
}

/** The signer of the SDKs, told which headers to sign in place of choosing them. */
class Resigner extends SignatureV4 {
  private readonly claim: SignatureClaim

  constructor(claim: SignatureClaim, secret: string) {
    super({
      service: claim.service,
      region: claim.region,
      credentials: credentialsOf(claim, secret),
      sha256: NodeSha256,
      uriEscapePath: claim.service !== 's3',
    })
    this.claim = claim
  }

  async signatureOf(request: HttpRequest, canonicalHeaders: HeaderBag, payloadHash: string): Promise<string> {
    const { day, region, service, dateTime, signedAtMs } = this.claim
    const canonicalRequest = this.createCanonicalRequest(request, canonicalHeaders, payloadHash)
    const scope = createScope(day, region, service)
    const text = await this.createStringToSign(dateTime, scope, canonicalRequest, 'AWS4-HMAC-SHA256')
    return this.sign(text, { signingDate: new Date(signedAtMs) })
  }
}

/** SHA-256, or HMAC-SHA-256 where a secret is given, in the shape that the signer wants. */
class NodeSha256 implements Checksum {
  private readonly secret: SourceData | undefined
  private hash = createHash('sha256') as ReturnType<typeof createHash> | ReturnType<typeof createHmac>

  constructor(secret?: SourceData) {
    this.secret = secret
    this.reset()
  }

  reset(): void {
    this.hash = this.secret === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(this.secret))
  }

  update(chunk: Uint8Array): void {
    this.hash.update(chunk)
  }

  async digest(): Promise<Uint8Array> {
    return this.hash.digest()
  }
}

function bytesOf(data: SourceData): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data)
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  return new Uint8Array(data)
}
