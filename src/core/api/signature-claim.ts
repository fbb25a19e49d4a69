// Reads what a request claims about its own signature: key, scope, date, signed headers, signature.
// Owns the syntax of both forms (header and query); never decides whether a claim is true.

import { memoised } from '../../base/memoised.ts'
import { decoded, type QueryPairs, queryPairs, splitTarget } from './raw-input.ts'

export type SignatureErrorName =
  | 'MissingAuthenticationTokenException'
  | 'UnrecognizedClientException'
  | 'InvalidSignatureException'
  | 'ExpiredTokenException'

/** More specific than the error's name, for protocols (S3) that have more names. */
export type SignatureReason =
  | 'missing'
  | 'malformed'
  | 'unknownKey'
  | 'wrongRegion'
  | 'wrongService'
  | 'skewed'
  | 'expired'
  | 'expiredToken'
  | 'invalidToken'
  | 'unsignedHeaders'
  | 'wrongBodyHash'
  | 'mismatch'

export interface SignatureRefusal {
  ok: false
  error: SignatureErrorName
  reason: SignatureReason
  /** Shown to the caller, so it never contains a secret. */
  message: string
}

export interface SignatureClaim extends SignerClaim {
  /** The token of temporary keys, from the X-Amz-Security-Token header or query parameter. */
  sessionToken?: string
  /** `yyyymmddThhmmssZ`. */
  dateTime: string
  signedAtMs: number
  /** How long a presigned request is valid; absent in the header form. */
  expiresSeconds?: number
  signature: string
}

/** The part of the claim that all requests of one caller share on one day. */
interface SignerClaim {
  readonly accessKeyId: string
  /** `yyyymmdd` of the scope; equals the day of `dateTime`. */
  readonly day: string
  readonly region: string
  readonly service: string
  /** Names in lower case, in order. */
  readonly signedHeaders: readonly string[]
}

/** A header's text by its name in lower case; undefined if the request has no such header. */
export type HeaderOf = (name: string) => string | undefined

type ParsedClaim =
  | {
      ok: true
      claim: SignatureClaim
      /** Raw path. */
      path: string
      query: QueryPairs
    }
  | SignatureRefusal

const ALGORITHM = 'AWS4-HMAC-SHA256'
/** The longest time that a presigned request may be valid. */
export const EXPIRES_SECONDS_MAX = 7 * 24 * 3600
const SIGNERS_KEPT = 200

/** Reads the claim from the Authorization header or the query. */
export function parseClaim(url: string, header: HeaderOf): ParsedClaim {
  const target = splitTarget(url)
  const query = queryPairs(target.query)
  if (query === undefined || decoded(target.path) === undefined) {
    return malformed('The URL holds a broken percent-encoding.')
  }
  const authorization = header('authorization')
  const inQuery = query.some(([name]) => name === 'X-Amz-Signature' || name === 'X-Amz-Algorithm')
  if (authorization !== undefined && inQuery)
    return malformed('The request is signed twice: by header and by query.')
  const claim = inQuery ? claimOfQuery(query) : claimOfHeader(authorization, header)
  return 'ok' in claim ? claim : { ok: true, claim, path: target.path, query }
}

function claimOfHeader(
  authorization: string | undefined,
  header: HeaderOf,
): SignatureClaim | SignatureRefusal {
  if (authorization === undefined) {
    return {
      ok: false,
      error: 'MissingAuthenticationTokenException',
      reason: 'missing',
      message: 'The request is not signed: it needs an Authorization header, or a presigned URL.',
    }
  }
  const { before, last } = cutSignature(authorization)
  const fields = fieldsOf(before)
  if ('ok' in fields) return fields
  const { signer, signature = last } = fields
  if (signature === undefined) return malformed(FIELDS_MISSING)
  const dateTime = header('x-amz-date') ?? basicDate(header('date'))
  if (dateTime === undefined)
    return malformed('The request needs a date, in the header x-amz-date or Date.')
  return claimOf(signer, signature, dateTime, header('x-amz-security-token'))
}

/**
 * Cuts the signature off. Clients put it last; the text before it repeats in many requests and is
 * cached.
 */
function cutSignature(authorization: string): { before: string; last?: string } {
  const at = authorization.length - SIGNATURE_FIELD.length - SIGNATURE_DIGITS
  if (!authorization.startsWith(SIGNATURE_FIELD, at)) return { before: authorization }
  const before = authorization.slice(0, at).trimEnd()
  if (!before.endsWith(',')) return { before: authorization }
  return { before: before.slice(0, -1), last: authorization.slice(at + SIGNATURE_FIELD.length) }
}

const SIGNATURE_FIELD = 'Signature='
const SIGNATURE_DIGITS = 64
const FIELDS_MISSING = 'The Authorization header needs Credential, SignedHeaders and Signature.'

/** The fields include a signature only if it is not at the header's end. */
const fieldsOf = memoised(
  SIGNERS_KEPT,
  (text: string): { signer: SignerClaim; signature?: string } | SignatureRefusal => {
    const space = text.indexOf(' ')
    if (space === -1 || text.slice(0, space) !== ALGORITHM) {
      return malformed(`The Authorization header must begin with ${ALGORITHM}.`)
    }
    const fields = new Map<string, string>()
    for (const field of text.slice(space + 1).split(',')) {
      const equals = field.indexOf('=')
      if (equals === -1) return malformed('The Authorization header holds a part without a value.')
      fields.set(field.slice(0, equals).trim(), field.slice(equals + 1).trim())
    }
    const credential = fields.get('Credential')
    const signedHeaders = fields.get('SignedHeaders')
    const signature = fields.get('Signature')
    if (credential === undefined || signedHeaders === undefined) return malformed(FIELDS_MISSING)
    const signer = signerOf(credential, signedHeaders)
    if ('ok' in signer) return signer
    return { signer, ...(signature !== undefined && { signature }) }
  },
)

function claimOfQuery(query: QueryPairs): SignatureClaim | SignatureRefusal {
  const names = ['Algorithm', 'Credential', 'SignedHeaders', 'Signature', 'Date', 'Expires']
  const values = names.map((name) => valuesOf(query, `X-Amz-${name}`))
  const absent = names[values.findIndex(({ length }) => length !== 1)]
  if (absent !== undefined) return malformed(`The query needs X-Amz-${absent}, once.`)
  const [stated, credential, signedHeaders, signature, dateTime, expires] =
    values.flat() as string[]
  if (stated !== ALGORITHM) return malformed(`X-Amz-Algorithm must be ${ALGORITHM}.`)
  const [sessionToken, ...more] = valuesOf(query, 'X-Amz-Security-Token')
  if (more.length > 0) return malformed('The query holds X-Amz-Security-Token more than once.')
  const signer = signerOf(credential!, signedHeaders!)
  if ('ok' in signer) return signer
  const claim = claimOf(signer, signature!, dateTime!, sessionToken)
  if ('ok' in claim) return claim
  const expiresSeconds = /^\d{1,6}$/.test(expires!) ? Number(expires) : 0
  if (expiresSeconds < 1 || expiresSeconds > EXPIRES_SECONDS_MAX) {
    return malformed(`X-Amz-Expires must be a number of seconds from 1 to ${EXPIRES_SECONDS_MAX}.`)
  }
  return { ...claim, expiresSeconds }
}

function valuesOf(query: QueryPairs, wanted: string): string[] {
  return query.filter(([name]) => name === wanted).map(([, value]) => value)
}

function signerOf(credential: string, headerNames: string): SignerClaim | SignatureRefusal {
  const scope = credential.split('/')
  const [accessKeyId, day, region, service, terminator] = scope.slice(-5)
  if (
    scope.length !== 5 ||
    !accessKeyId ||
    !day ||
    !region ||
    !service ||
    terminator !== 'aws4_request'
  ) {
    return malformed(
      'The credential must read <access key>/<yyyymmdd>/<region>/<service>/aws4_request.',
    )
  }
  const signedHeaders = headerNames.split(';').sort()
  if (signedHeaders.some((name) => !/^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(name))) {
    return malformed('The signed headers must be names in lower case, parted by semicolons.')
  }
  return { accessKeyId, day, region, service, signedHeaders }
}

function claimOf(
  signer: SignerClaim,
  signature: string,
  dateTime: string,
  sessionToken: string | undefined,
): SignatureClaim | SignatureRefusal {
  const signedAtMs = millisecondsOf(dateTime)
  if (Number.isNaN(signedAtMs))
    return malformed('The date of the signature must read yyyymmddThhmmssZ.')
  const { accessKeyId, day, region, service, signedHeaders } = signer
  if (!dateTime.startsWith(`${day}T`)) {
    return malformed(`The day in the credential, '${day}', is not that of the date, '${dateTime}'.`)
  }
  if (!/^[0-9a-f]{64}$/.test(signature))
    return malformed('The signature must be 64 hex digits in lower case.')
  const claim = {
    accessKeyId,
    day,
    region,
    service,
    signedHeaders,
    dateTime,
    signedAtMs,
    signature,
  }
  return sessionToken === undefined ? claim : { ...claim, sessionToken }
}

/** NaN if the text is not a time. */
function millisecondsOf(dateTime: string): number {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(dateTime)
  if (match === null) return Number.NaN
  const [, year, month, day, hour, minute, second] = match
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
}

function basicDate(httpDate: string | undefined): string | undefined {
  if (httpDate === undefined || !Number.isNaN(millisecondsOf(httpDate))) return httpDate
  const milliseconds = Date.parse(httpDate)
  if (Number.isNaN(milliseconds)) return undefined
  return new Date(milliseconds).toISOString().replace(/[-:]|\.\d+/g, '')
}

function malformed(message: string): SignatureRefusal {
  return { ok: false, error: 'InvalidSignatureException', reason: 'malformed', message }
}
