// Reads what a request says about its own signature: key, scope, date, signed headers, signature.
// Owns the syntax of both forms (header and query); never decides whether any of it is true.

import { decoded, queryPairs } from './raw-input.ts'

export type SignatureErrorName =
  | 'MissingAuthenticationTokenException'
  | 'UnrecognizedClientException'
  | 'InvalidSignatureException'
  | 'ExpiredTokenException'

/** Finer than the error's name, for protocols (S3) that have more names. */
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
  /** For the caller's eyes: never holds a secret. */
  message: string
}

export interface SignatureClaim {
  accessKeyId: string
  /** What comes with temporary keys: the header X-Amz-Security-Token, or the query's. */
  sessionToken?: string
  /** `yyyymmdd` of the scope; equals the day of `dateTime`. */
  day: string
  region: string
  service: string
  /** `yyyymmddThhmmssZ`. */
  dateTime: string
  signedAtMs: number
  /** How long a presigned request is good for; absent in the header form. */
  expiresSeconds?: number
  /** Lower case, as listed. */
  signedHeaders: readonly string[]
  signature: string
}

export type ParsedClaim =
  | {
      ok: true
      claim: SignatureClaim
      /** Raw path. */
      path: string
      /** Decoded query. A key that occurs more than once has a list. */
      query: Record<string, string | string[]>
    }
  | SignatureRefusal

const algorithm = 'AWS4-HMAC-SHA256'
const expiresSecondsMax = 7 * 24 * 3600

/** Reads the claim from the Authorization header or the query; `headers` in lower case. */
export function parseClaim(url: string, headers: Readonly<Record<string, string | undefined>>): ParsedClaim {
  const mark = url.indexOf('?')
  const path = mark === -1 ? url : url.slice(0, mark)
  const query = parseQuery(mark === -1 ? '' : url.slice(mark + 1))
  if (query === undefined || decoded(path) === undefined) return malformed('The URL holds a broken percent-encoding.')

  const authorization = headers.authorization
  const inQuery = hasQuerySignature(query)
  if (authorization !== undefined && inQuery) return malformed('The request is signed twice: by header and by query.')
  const parts = authorization === undefined ? partsOfQuery(query, inQuery) : partsOfHeader(authorization, headers)
  if ('ok' in parts) return parts
  const claim = claimOf(parts)
  if ('ok' in claim) return claim
  const sessionToken = inQuery ? query['X-Amz-Security-Token'] : headers['x-amz-security-token']
  if (Array.isArray(sessionToken)) return malformed('The query holds X-Amz-Security-Token more than once.')
  return { ok: true, claim: sessionToken === undefined ? claim : { ...claim, sessionToken }, path, query }
}

/** Whether the query carries a signature (the presigned form). */
function hasQuerySignature(query: Readonly<Record<string, string | string[]>>): boolean {
  return query['X-Amz-Signature'] !== undefined || query['X-Amz-Algorithm'] !== undefined
}

interface ClaimParts {
  credential: string
  signedHeaders: string
  signature: string
  dateTime: string
  expires?: string
}

function partsOfHeader(
  authorization: string,
  headers: Readonly<Record<string, string | undefined>>,
): ClaimParts | SignatureRefusal {
  const space = authorization.indexOf(' ')
  if (space === -1 || authorization.slice(0, space) !== algorithm) {
    return malformed(`The Authorization header must begin with ${algorithm}.`)
  }
  const fields = new Map<string, string>()
  for (const field of authorization.slice(space + 1).split(',')) {
    const equals = field.indexOf('=')
    if (equals === -1) return malformed('The Authorization header holds a part without a value.')
    fields.set(field.slice(0, equals).trim(), field.slice(equals + 1).trim())
  }
  const credential = fields.get('Credential')
  const signedHeaders = fields.get('SignedHeaders')
  const signature = fields.get('Signature')
  if (credential === undefined || signedHeaders === undefined || signature === undefined) {
    return malformed('The Authorization header needs Credential, SignedHeaders and Signature.')
  }
  const dateTime = headers['x-amz-date'] ?? basicDate(headers.date)
  if (dateTime === undefined) return malformed('The request needs a date, in the header x-amz-date or Date.')
  return { credential, signedHeaders, signature, dateTime }
}

function partsOfQuery(
  query: Readonly<Record<string, string | string[]>>,
  inQuery: boolean,
): ClaimParts | SignatureRefusal {
  if (!inQuery) {
    return {
      ok: false,
      error: 'MissingAuthenticationTokenException',
      reason: 'missing',
      message: 'The request is not signed: it needs an Authorization header, or a presigned URL.',
    }
  }
  const names = ['Algorithm', 'Credential', 'SignedHeaders', 'Signature', 'Date', 'Expires']
  const values = names.map((name) => query[`X-Amz-${name}`])
  const absent = names[values.findIndex((value) => typeof value !== 'string')]
  if (absent !== undefined) return malformed(`The query needs X-Amz-${absent}, once.`)
  const [stated, credential, signedHeaders, signature, dateTime, expires] = values as string[]
  if (stated !== algorithm) return malformed(`X-Amz-Algorithm must be ${algorithm}.`)
  return {
    credential: credential!,
    signedHeaders: signedHeaders!,
    signature: signature!,
    dateTime: dateTime!,
    expires: expires!,
  }
}

function claimOf(parts: ClaimParts): SignatureClaim | SignatureRefusal {
  const scope = parts.credential.split('/')
  const [accessKeyId, day, region, service, terminator] = scope.slice(-5)
  if (scope.length !== 5 || !accessKeyId || !region || !service || terminator !== 'aws4_request') {
    return malformed('The credential must read <access key>/<yyyymmdd>/<region>/<service>/aws4_request.')
  }
  const signedAtMs = millisecondsOf(parts.dateTime)
  if (signedAtMs === undefined) return malformed('The date of the signature must read yyyymmddThhmmssZ.')
  if (day !== parts.dateTime.slice(0, 8)) {
    return malformed(`The day in the credential, '${day}', is not that of the date, '${parts.dateTime}'.`)
  }
  if (!/^[0-9a-f]{64}$/.test(parts.signature)) return malformed('The signature must be 64 hex digits in lower case.')
  const signedHeaders = parts.signedHeaders.split(';')
  if (signedHeaders.some((name) => !/^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(name))) {
    return malformed('The signed headers must be names in lower case, parted by semicolons.')
  }
  const claim: SignatureClaim = {
    accessKeyId,
    day,
    region,
    service,
    dateTime: parts.dateTime,
    signedAtMs,
    signedHeaders,
    signature: parts.signature,
  }
  if (parts.expires === undefined) return claim
  const expiresSeconds = /^\d{1,6}$/.test(parts.expires) ? Number(parts.expires) : 0
  if (expiresSeconds < 1 || expiresSeconds > expiresSecondsMax) {
    return malformed(`X-Amz-Expires must be a number of seconds from 1 to ${expiresSecondsMax}.`)
  }
  return { ...claim, expiresSeconds }
}

function millisecondsOf(dateTime: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(dateTime)
  if (match === null) return undefined
  const [, year, month, day, hour, minute, second] = match
  const milliseconds = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  return Number.isNaN(milliseconds) ? undefined : milliseconds
}

function basicDate(httpDate: string | undefined): string | undefined {
  if (httpDate === undefined || millisecondsOf(httpDate) !== undefined) return httpDate
  const milliseconds = Date.parse(httpDate)
  if (Number.isNaN(milliseconds)) return undefined
  return new Date(milliseconds).toISOString().replace(/[-:]|\.\d+/g, '')
}

/** A plus sign is a space, as everything that routes on the query reads it. Undefined where an encoding is broken. */
function parseQuery(text: string): Record<string, string | string[]> | undefined {
  const pairs = queryPairs(text)
  if (pairs === undefined) return undefined
  const query: Record<string, string | string[]> = Object.create(null)
  for (const [key, value] of pairs) {
    const earlier = query[key]
    if (earlier === undefined) query[key] = value
    else query[key] = Array.isArray(earlier) ? [...earlier, value] : [earlier, value]
  }
  return query
}

function malformed(message: string): SignatureRefusal {
  return { ok: false, error: 'InvalidSignatureException', reason: 'malformed', message }
}
