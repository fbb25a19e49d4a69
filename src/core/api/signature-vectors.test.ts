import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { type SignedRequest, verifySignature } from './signature.ts'
import {
  VECTOR_HOST,
  VECTOR_KEY,
  VECTOR_SCOPE,
  VECTOR_TIME,
  VECTORS,
  type Vector,
} from './signature-vectors.testing.ts'

const NORMALISED = 'all services but S3 sign the path without empty and dotted segments'
const REASONS = {
  folded: 'HTTP/1.1 has no headers of several lines (RFC 9112, 5.2): such a request is no HTTP',
  addedToken:
    'a token in the query is signed with the rest of the query, but for services that ' +
    'say otherwise',
}

/**
 * Vectors that do not apply, in both forms or in the query form alone. Heddle refuses each of them.
 */
const NOT_APPLYING: Readonly<Record<string, { reason: string; form?: 'query' }>> = {
  'get-header-value-multiline': { reason: REASONS.folded },
  'get-relative-relative-unnormalized': { reason: NORMALISED },
  'get-relative-unnormalized': { reason: NORMALISED },
  'get-slash-dot-slash-unnormalized': { reason: NORMALISED },
  'get-slash-pointless-dot-unnormalized': { reason: NORMALISED },
  'get-slash-unnormalized': { reason: NORMALISED },
  'get-slashes-unnormalized': { reason: NORMALISED },
  'post-sts-header-after': { reason: REASONS.addedToken, form: 'query' },
}

const { region, service } = VECTOR_SCOPE
const SCOPE = `${VECTOR_TIME.slice(0, 8)}/${region}/${service}/aws4_request`
const CREDENTIAL = `${VECTOR_KEY.accessKeyId}/${SCOPE}`

for (const vector of VECTORS) {
  for (const form of ['header', 'query'] as const) {
    const exception = NOT_APPLYING[vector.name]
    const reason =
      exception !== undefined && (exception.form ?? form) === form ? exception.reason : undefined
    const verb = reason === undefined ? 'is good' : `does not apply: ${reason}`
    test(`the published vector ${vector.name}, signed in the ${form}, ${verb}`, () => {
      const verdict = verdictOf(form === 'header' ? inHeader(vector) : inQuery(vector))
      assert.equal(verdict.ok ? 'ok' : verdict.reason, reason === undefined ? 'ok' : 'mismatch')
      if (!verdict.ok) return
      assert.equal(verdict.accessKeyId, VECTOR_KEY.accessKeyId)
      assert.equal(verdict.sessionToken, vector.token)
      const other = form === 'header' ? inHeader(changed(vector)) : inQuery(changed(vector))
      assert.equal(verdictOf(other).ok, false, 'another target has another signature')
    })
  }
}

test('the suite is there as a whole', () => {
  assert.equal(VECTORS.length, 38)
  const names = new Set(VECTORS.map(({ name }) => name))
  assert.equal(names.size, VECTORS.length)
  assert.deepEqual(
    Object.keys(NOT_APPLYING).filter((name) => !names.has(name)),
    [],
  )
})

function verdictOf(request: SignedRequest) {
  const iso = VECTOR_TIME.replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5')
  const secretFor = (key: string) =>
    key === VECTOR_KEY.accessKeyId ? VECTOR_KEY.secretAccessKey : undefined
  return verifySignature(request, { secretFor, now: new Date(iso), region, services: [service] })
}

function changed(vector: Vector): Vector {
  return { ...vector, target: `${vector.target}${vector.target.includes('?') ? '&' : '?'}other` }
}

function inHeader(vector: Vector): SignedRequest {
  const { token, body } = vector
  const headers = sent(vector)
  headers['x-amz-date'] = [VECTOR_TIME]
  if (body !== undefined)
    headers['x-amz-content-sha256'] = [createHash('sha256').update(body).digest('hex')]
  if (token !== undefined) headers['x-amz-security-token'] = [token]
  const names = Object.keys(headers).filter(
    (name) => !(vector.isTokenUnsigned && name === 'x-amz-security-token'),
  )
  const signed = `SignedHeaders=${names.sort().join(';')}, Signature=${vector.signatures[0]}`
  headers.authorization = [`AWS4-HMAC-SHA256 Credential=${CREDENTIAL}, ${signed}`]
  return requestOf(vector, vector.target, headers)
}

function inQuery(vector: Vector): SignedRequest {
  const headers = sent(vector)
  const pairs = {
    Algorithm: 'AWS4-HMAC-SHA256',
    Credential: CREDENTIAL,
    Date: VECTOR_TIME,
    SignedHeaders: Object.keys(headers).sort().join(';'),
    Expires: '3600',
    ...(vector.token !== undefined && { 'Security-Token': vector.token }),
    Signature: vector.signatures[1],
  }
  const query = Object.entries(pairs).map(
    ([name, value]) => `X-Amz-${name}=${encodeURIComponent(value)}`,
  )
  return requestOf(
    vector,
    `${vector.target}${vector.target.includes('?') ? '&' : '?'}${query.join('&')}`,
    headers,
  )
}

/** Headers as the server passes them on: names in lower case, all values in the order they came. */
function sent({ headers = [] }: Vector): Record<string, string[]> {
  const byName: Record<string, string[]> = { host: [VECTOR_HOST] }
  for (const [name, value] of headers) {
    byName[name.toLowerCase()] = [...(byName[name.toLowerCase()] ?? []), value.trim()]
  }
  return byName
}

function requestOf(
  { method, body }: Vector,
  url: string,
  headers: Record<string, string[]>,
): SignedRequest {
  return {
    method: method ?? 'GET',
    url,
    headers,
    ...(body !== undefined && { body: Buffer.from(body) }),
  }
}
