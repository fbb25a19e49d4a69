import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isPresignedVersion2, verifyPresignedVersion2 } from './presigned-version-2.ts'

// The example of Amazon S3's reference, with its published keys.
const KEY = 'AKIAIOSFODNN7EXAMPLE'
const URL_OF_EXAMPLE =
  `/photos/puppy.jpg?AWSAccessKeyId=${KEY}` +
  '&Signature=NpgCjnDzrM%2BWFzoENXmpNDUsSn8%3D&Expires=1175139620'
const EXPIRES_MS = 1175139620_000

interface Changes {
  url?: string
  method?: string
  headers?: Record<string, string>
  nowMs?: number
  bucketOfHost?: string | undefined
}

function verdict(changes: Changes = {}) {
  const { url = URL_OF_EXAMPLE, method = 'GET', headers = {}, nowMs = EXPIRES_MS - 1000 } = changes
  const outcome = verifyPresignedVersion2(
    { method, url, headers: { host: 'johnsmith.s3.amazonaws.com', ...headers } },
    {
      secretFor: (key) => (key === KEY ? 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' : undefined),
      now: new Date(nowMs),
      bucketOfHost: 'bucketOfHost' in changes ? changes.bucketOfHost : 'johnsmith',
    },
  )
  return outcome.ok ? 'ok' : outcome.reason
}

test("S3's own example is good until it ends, with the bucket in the host or in the path", () => {
  assert.equal(verdict(), 'ok')
  assert.equal(verdict({ nowMs: EXPIRES_MS }), 'ok')
  assert.equal(verdict({ nowMs: EXPIRES_MS + 1 }), 'expired')
  assert.equal(verdict({ url: `/johnsmith${URL_OF_EXAMPLE}`, bucketOfHost: undefined }), 'ok')
  assert.equal(verdict({ headers: { range: 'bytes=0-1', 'user-agent': 'any' } }), 'ok')
})

test('whatever is signed can not be changed or added', () => {
  const changes: Changes[] = [
    { url: URL_OF_EXAMPLE.replace('puppy', 'kitten') },
    { url: URL_OF_EXAMPLE.replace('Expires=1', 'Expires=2') },
    { url: `${URL_OF_EXAMPLE}&uploadId=1` },
    { url: `${URL_OF_EXAMPLE}&uploads` },
    { url: `${URL_OF_EXAMPLE}&response-content-type=text%2Fhtml` },
    { url: `${URL_OF_EXAMPLE}&x-amz-meta-a=b` },
    { url: `${URL_OF_EXAMPLE}&X-Amz-Copy-Source=a%2Fb` },
    { url: `${URL_OF_EXAMPLE}&content-type=text%2Fhtml` },
    { method: 'PUT' },
    { headers: { 'x-amz-copy-source': '/johnsmith/secret' } },
    { headers: { 'content-type': 'text/html' } },
    { headers: { 'content-md5': 'AAAAAAAAAAAAAAAAAAAAAA==' } },
    { bucketOfHost: 'other' },
  ]
  for (const each of changes) assert.equal(verdict(each), 'mismatch', JSON.stringify(each))
})

test('one that is good for longer than a week is refused', () => {
  const weekMs = 7 * 24 * 3600_000
  assert.equal(verdict({ nowMs: EXPIRES_MS - weekMs }), 'ok')
  assert.equal(verdict({ nowMs: EXPIRES_MS - weekMs - 14 * 60_000 }), 'ok')
  assert.equal(verdict({ nowMs: EXPIRES_MS - weekMs - 16 * 60_000 }), 'malformed')
  assert.equal(verdict({ nowMs: 0 }), 'malformed')
})

test('what is missing, doubled or unreadable is named', () => {
  const changes: Changes[] = [
    { url: URL_OF_EXAMPLE.replace(/&Expires=.*/, '') },
    { url: URL_OF_EXAMPLE.replace(/Expires=.*/, 'Expires=tomorrow') },
    { url: `${URL_OF_EXAMPLE}&Expires=1` },
    { url: `${URL_OF_EXAMPLE}&a=%zz` },
    { headers: { authorization: 'AWS4-HMAC-SHA256 Credential=x' } },
  ]
  for (const each of changes) assert.equal(verdict(each), 'malformed', JSON.stringify(each))
  assert.equal(verdict({ url: URL_OF_EXAMPLE.replace(KEY, 'AKIANOBODY') }), 'unknownKey')
})

test('a query is of this version where it has both key and signature', () => {
  assert.equal(isPresignedVersion2(URL_OF_EXAMPLE.split('?')[1]!), true)
  for (const query of [
    '',
    'Signature=x',
    'AWSAccessKeyId=x&Expires=1',
    'xAWSAccessKeyId=x&X-Amz-Signature=y',
  ]) {
    assert.equal(isPresignedVersion2(query), false, query)
  }
})
