// The text that a request's signature is made over, and the making. Source: AWS's reference of Signature Version 4.
// Owns the canonical form and the derived keys; never decides whether a signature is good.

import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto'

export interface CanonicalParts {
  readonly method: string
  /** As it is signed: for S3 encoded once, for all other services as on the request line. */
  readonly path: string
  /** Decoded. A key that occurs more than once has a list. */
  readonly query: Readonly<Record<string, string | readonly string[]>>
  /** Those that are signed, with their values. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly payloadHash: string
}

/** What a key of the caller's is good for. */
export interface SigningScope {
  /** `yyyymmdd`. */
  readonly day: string
  readonly region: string
  readonly service: string
}

export function scopeText({ day, region, service }: SigningScope): string {
  return `${day}/${region}/${service}/aws4_request`
}

/** 64 lower-case hex digits. */
export function signatureOf(parts: CanonicalParts, dateTime: string, scope: SigningScope, key: KeyObject): string {
  const canonical = canonicalRequest(parts, scope.service)
  const text = `AWS4-HMAC-SHA256\n${dateTime}\n${scopeText(scope)}\n${hash('sha256', canonical, 'hex')}`
  return createHmac('sha256', key).update(text).digest('hex')
}

const KEYS_MAX = 1000
const keys = new Map<string, KeyObject>()

/** The key derived from a secret. Keys are the same whenever they are derived, so those used of late are kept. */
export function signingKey(secret: string, scope: SigningScope): KeyObject {
  const name = `${scopeText(scope)} ${secret}`
  const known = keys.get(name)
  if (known !== undefined) return known
  const step = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()
  const { day, region, service } = scope
  const derived = createSecretKey(step(step(step(step(`AWS4${secret}`, day), region), service), 'aws4_request'))
  if (keys.size >= KEYS_MAX) keys.delete(keys.keys().next().value!)
  keys.set(name, derived)
  return derived
}

function canonicalRequest({ method, path, query, headers, payloadHash }: CanonicalParts, service: string): string {
  const sorted = headers.toSorted(([a], [b]) => (a < b ? -1 : 1))
  return [
    method,
    service === 's3' ? path : canonicalPath(path),
    canonicalQuery(query),
    ...sorted.map(([name, value]) => `${name}:${value}`),
    '',
    sorted.map(([name]) => name).join(';'),
    payloadHash,
  ].join('\n')
}

/** Without empty and dotted segments, and encoded a second time. */
function canonicalPath(path: string): string {
  const segments: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop()
    else if (segment !== '' && segment !== '.') segments.push(segment)
  }
  const end = segments.length > 0 && path.endsWith('/') ? '/' : ''
  return `${path.startsWith('/') ? '/' : ''}${segments.map(percentEncoded).join('/')}${end}`
}

/** Sorted by name, then by value, each encoded; a presigned request's own signature is not part of it. */
function canonicalQuery(query: CanonicalParts['query']): string {
  const names = Object.keys(query).filter((name) => name.toLowerCase() !== 'x-amz-signature')
  const encoded = names.map((name) => ({ name: percentEncoded(name), values: [query[name]!].flat() }))
  return encoded
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap(({ name, values }) => values.map((value) => `${name}=${percentEncoded(value)}`).sort())
    .join('&')
}

/** RFC 3986: only letters, digits and `-._~` stay as they are. */
export function percentEncoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
