// Builds the text that a request's signature covers, and signs it. Source: AWS's reference of
// Signature Version 4. Owns the canonical form and the derived keys; never decides whether a
// signature is valid.

import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto'
import type { QueryPairs } from './raw-input.ts'

interface CanonicalParts {
  readonly method: string
  /**
   * The path as it is signed: encoded once for S3, as on the request line for all other services.
   */
  readonly path: string
  /** Decoded. */
  readonly query: QueryPairs
  /** Names of the signed headers, in lower case, in the order of signing. */
  readonly signedHeaders: readonly string[]
  /** The value of a signed header. */
  readonly header: (name: string) => string
  readonly payloadHash: string
}

/** What a derived key is valid for. */
interface SigningScope {
  /** `yyyymmdd`. */
  readonly day: string
  readonly region: string
  readonly service: string
}

export function scopeText({ day, region, service }: SigningScope): string {
  return `${day}/${region}/${service}/aws4_request`
}

/** 64 lower-case hex digits. */
export function signatureOf(
  parts: CanonicalParts,
  dateTime: string,
  scope: SigningScope,
  key: KeyObject,
): string {
  const canonical = canonicalRequest(parts, scope.service)
  const canonicalHash = hash('sha256', canonical, 'hex')
  const text = `AWS4-HMAC-SHA256\n${dateTime}\n${scopeText(scope)}\n${canonicalHash}`
  return createHmac('sha256', key).update(text).digest('hex')
}

const KEYS_MAX = 1000
const keys = new Map<string, KeyObject>()

/** The key derived from a secret. Deriving takes four HMACs, so recent keys are cached. */
export function signingKey(secret: string, scope: SigningScope): KeyObject {
  const name = `${scopeText(scope)} ${secret}`
  const known = keys.get(name)
  if (known !== undefined) return known
  const step = (key: string | Buffer, text: string) =>
    createHmac('sha256', key).update(text).digest()
  const { day, region, service } = scope
  const derived = createSecretKey(
    step(step(step(step(`AWS4${secret}`, day), region), service), 'aws4_request'),
  )
  if (keys.size >= KEYS_MAX) keys.delete(keys.keys().next().value!)
  keys.set(name, derived)
  return derived
}

function canonicalRequest(parts: CanonicalParts, service: string): string {
  const { method, path, query, signedHeaders, header, payloadHash } = parts
  let headers = ''
  for (const name of signedHeaders) headers += `${name}:${trimmed(header(name))}\n`
  const canonical = service === 's3' ? path : canonicalPath(path)
  const target = `${canonical}\n${canonicalQuery(query)}`
  return `${method}\n${target}\n${headers}\n${signedHeaders.join(';')}\n${payloadHash}`
}

/** Strips surrounding spaces and reduces several spaces to one. Other white space is kept. */
function trimmed(value: string): string {
  return UNEVEN_SPACE.test(value) ? value.replace(/ {2,}/g, ' ').replace(/^ | $/g, '') : value
}

const UNEVEN_SPACE = / {2}|^ | $/

/** Removes empty and dotted segments and encodes the path a second time. */
function canonicalPath(path: string): string {
  if (PLAIN_PATH.test(path)) return path
  const segments: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop()
    else if (segment !== '' && segment !== '.') segments.push(segment)
  }
  const end = segments.length > 0 && path.endsWith('/') ? '/' : ''
  return `${path.startsWith('/') ? '/' : ''}${segments.map(percentEncoded).join('/')}${end}`
}

const PLAIN_PATH = /^(?:\/[\w~-]+)+$/

/** Sorted by name, then by value, each encoded. Leaves out a presigned request's own signature. */
function canonicalQuery(query: QueryPairs): string {
  const encoded: { name: string; text: string }[] = []
  for (const [name, value] of query) {
    if (name.toLowerCase() === 'x-amz-signature') continue
    const encodedName = percentEncoded(name)
    encoded.push({ name: encodedName, text: `${encodedName}=${percentEncoded(value)}` })
  }
  if (encoded.length > 1) encoded.sort((a, b) => order(a.name, b.name) || order(a.text, b.text))
  return encoded.map(({ text }) => text).join('&')
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** RFC 3986: only letters, digits and `-._~` are not encoded. */
export function percentEncoded(text: string): string {
  if (UNRESERVED.test(text)) return text
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

const UNRESERVED = /^[\w.~-]*$/
