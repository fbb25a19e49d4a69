import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import { Sha256 } from '@aws-crypto/sha256-js'
import { SignatureV4 } from '@smithy/signature-v4'
import aws from 'aws-sdk'
import fc from 'fast-check'
import {
  refuseToken,
  type SignatureOptions,
  type SignedRequest,
  verifySignature,
} from './signature.ts'

const ACCESS_KEY_ID = 'HEDDLEEXAMPLEKEY'
const SECRET_ACCESS_KEY = 'a/secret+that=nobody/guesses'
const now = new Date('2026-03-04T05:06:07Z')
const REGION = 'us-west-2'
const options: SignatureOptions = {
  secretFor: (key) => (key === ACCESS_KEY_ID ? SECRET_ACCESS_KEY : undefined),
  now,
  region: REGION,
  services: ['simspaceweaver', 's3'],
}

interface Plain {
  method?: string
  path?: string
  query?: Record<string, string | string[]>
  headers?: Record<string, string>
  body?: string
  service?: string
  signedAt?: Date
  secret?: string
  region?: string
}

/** Signs with the SDKs' own signer, and writes the request as a client sends it. */
async function signed(plain: Plain): Promise<SignedRequest> {
  const service = plain.service ?? 'simspaceweaver'
  const request = await signerOf(plain, service).sign(httpRequest(plain), {
    signingDate: plain.signedAt ?? now,
  })
  const url = `${plain.path ?? '/'}${queryText(plain.query ?? {})}`
  return { method: plain.method ?? 'POST', url, headers: request.headers, body: bodyOf(plain) }
}

async function presigned(plain: Plain, expiresIn: number): Promise<SignedRequest> {
  const service = plain.service ?? 's3'
  const request = await signerOf(plain, service).presign(httpRequest(plain), {
    signingDate: plain.signedAt ?? now,
    expiresIn,
    unhoistableHeaders: new Set(['x-amz-content-sha256']),
    unsignableHeaders: new Set(['x-amz-content-sha256']),
  })
  const url = `${plain.path ?? '/'}${queryText(request.query as Record<string, string>)}`
  return {
    method: plain.method ?? 'GET',
    url,
    headers: { host: 'example.test:4310' },
    body: bodyOf(plain),
  }
}

function signerOf(plain: Plain, service: string): SignatureV4 {
  return new SignatureV4({
    service,
    region: plain.region ?? REGION,
    credentials: { accessKeyId: ACCESS_KEY_ID, secretAccessKey: plain.secret ?? SECRET_ACCESS_KEY },
    sha256: Sha256,
    uriEscapePath: service !== 's3',
    applyChecksum: service === 's3',
  })
}

function httpRequest(plain: Plain) {
  return {
    method: plain.method ?? 'POST',
    protocol: 'http:',
    hostname: 'example.test',
    port: 4310,
    path: plain.path ?? '/',
    query: plain.query ?? {},
    headers: { host: 'example.test:4310', ...plain.headers },
    ...(plain.body === undefined ? {} : { body: plain.body }),
  }
}

function queryText(query: Record<string, string | string[]>): string {
  const pairs = Object.entries(query).flatMap(([key, value]) =>
    [value].flat().map((one) => `${encodeURIComponent(key)}=${encodeURIComponent(one)}`),
  )
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`
}

function bodyOf(plain: Plain): Uint8Array | undefined {
  return plain.body === undefined ? undefined : Buffer.from(plain.body)
}

async function refusal(request: SignedRequest, changed: Partial<SignatureOptions> = {}) {
  const verdict = verifySignature(asReceived(request), { ...options, ...changed })
  assert.ok(!verdict.ok, 'the request should have been refused')
  assert.ok(
    !JSON.stringify(verdict).includes(SECRET_ACCESS_KEY),
    'a refusal never holds the secret',
  )
  return verdict
}

/** Node passes header names on in lower case. */
function asReceived(request: SignedRequest): SignedRequest {
  const headers = Object.entries(request.headers).map(([name, value]) => [
    name.toLowerCase(),
    value,
  ])
  return { ...request, headers: Object.fromEntries(headers) }
}

async function assertAccepted(request: SignedRequest) {
  const verdict = verifySignature(asReceived(request), options)
  assert.ok(verdict.ok, verdict.ok ? '' : verdict.message)
  return verdict
}

describe('verifySignature with requests of the SDKs', () => {
  it('accepts a signed POST and tells who signed, for what, and the hash of the body', async () => {
    const verdict = await assertAccepted(
      await signed({ path: '/startsimulation', body: '{"Name":"a"}' }),
    )
    assert.equal(verdict.accessKeyId, ACCESS_KEY_ID)
    assert.equal(verdict.service, 'simspaceweaver')
    assert.match(verdict.signature, /^[0-9a-f]{64}$/)
    assert.deepEqual(verdict.payload, {
      kind: 'hash',
      sha256: createHash('sha256').update('{"Name":"a"}').digest('hex'),
    })
  })

  it('accepts ARNs in the path, and odd characters and repeated keys in the query', async () => {
    await assertAccepted(
      await signed({
        method: 'DELETE',
        path: '/tags/arn%3Aaws%3Asimspaceweaver%3Aus-west-2%3A111122223333%3Asimulation%2Fmy-world',
        query: { tagKeys: ['b', 'a', 'ä&=+ %2F', "~!'()*"], empty: '', __x: '1' },
      }),
    )
  })

  it('accepts any path and query that the SDK signs, for both ways of escaping', async () => {
    const segment = fc
      .string({ unit: 'grapheme', maxLength: 12 })
      .filter((text) => text !== '.' && text !== '..')
    await fc.assert(
      fc.asyncProperty(
        fc.array(segment, { maxLength: 5 }),
        fc.dictionary(
          fc.string({ minLength: 1 }),
          fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1, maxLength: 3 }),
          {
            maxKeys: 4,
            noNullPrototype: true,
          },
        ),
        fc.constantFrom('s3', 'simspaceweaver'),
        async (segments, query, service) => {
          fc.pre(!('__proto__' in query && Object.hasOwn(query, '__proto__')))
          const path = `/${segments.map(strictEncode).join('/')}`
          await assertAccepted(await signed({ path, query, service }))
        },
      ),
      { numRuns: 60 },
    )
  })

  it('accepts an S3 path that the client wrote with fewer escapes than it signed', async () => {
    const request = await signed({ method: 'GET', path: '/bucket/a%28b%29%21', service: 's3' })
    await assertAccepted({ ...request, url: '/bucket/a(b)!' })
  })

  it('accepts the signer of aws-sdk v2 for both services', async () => {
    for (const service of ['simspaceweaver', 's3']) {
      const request = v2Request(service)
      await assertAccepted(request)
      await refusal({ ...request, method: 'PATCH' })
    }
  })

  it('reads the header in any order and spacing, and keeps requests apart', async () => {
    const request = await signed({ body: '{}' })
    const [credential, signedHeaders, signature] = String(request.headers.authorization)
      .replace('AWS4-HMAC-SHA256 ', '')
      .split(', ')
    const as = (...parts: (string | undefined)[]) => ({
      ...request,
      headers: { ...request.headers, authorization: `AWS4-HMAC-SHA256 ${parts.join(',')}` },
    })
    await assertAccepted(as(credential, signedHeaders, signature))
    await assertAccepted(as(` ${signature} `, credential, ` ${signedHeaders}`))
    await assertAccepted(as(credential, signature, signedHeaders))
    const other = `Signature=${'0'.repeat(64)}`
    assert.equal((await refusal(as(credential, signedHeaders, other))).reason, 'mismatch')
    assert.equal((await refusal(as(other, credential, signedHeaders))).reason, 'mismatch')
    const stranger = credential!.replace(ACCESS_KEY_ID, 'SOMEBODYELSE')
    assert.equal((await refusal(as(stranger, signedHeaders, signature))).reason, 'unknownKey')
    const fewer = signedHeaders!.replace('host;', '')
    assert.equal((await refusal(as(credential, fewer, signature))).reason, 'unsignedHeaders')
    assert.equal(
      (await refusal(as(credential, `${signedHeaders}${signature}`))).reason,
      'malformed',
    )
    assert.equal((await refusal(as(credential, signedHeaders))).reason, 'malformed')
  })

  it('reads metadata headers that hold UTF-8 as they were signed', async () => {
    const request = await signed({
      method: 'PUT',
      path: '/bucket/key',
      service: 's3',
      headers: { 'x-amz-meta-name': 'Zoë' },
    })
    const bytes = Buffer.from('Zoë').toString('latin1')
    await assertAccepted({ ...request, headers: { ...request.headers, 'x-amz-meta-name': bytes } })
    await assertAccepted(request)
  })

  it('accepts extra white space inside a signed value', async () => {
    const request = await signed({ headers: { 'x-note': 'a b' } })
    await assertAccepted({ ...request, headers: { ...request.headers, 'x-note': '  a   b ' } })
  })

  it('tells the three kinds of streamed body, and an unsigned one, apart', async () => {
    const kinds = {
      'UNSIGNED-PAYLOAD': { kind: 'unsigned' },
      'STREAMING-UNSIGNED-PAYLOAD-TRAILER': { kind: 'streaming', signed: false, trailer: true },
      'STREAMING-AWS4-HMAC-SHA256-PAYLOAD': { kind: 'streaming', signed: true, trailer: false },
      'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER': {
        kind: 'streaming',
        signed: true,
        trailer: true,
      },
    }
    for (const [value, payload] of Object.entries(kinds)) {
      const headers = { 'x-amz-content-sha256': value }
      const verdict = await assertAccepted(
        await signed({ method: 'PUT', path: '/b/k', service: 's3', headers }),
      )
      assert.deepEqual(verdict.payload, payload)
    }
    const odd = { 'x-amz-content-sha256': 'STREAMING-SOMETHING' }
    const verdict = await refusal(
      await signed({ method: 'PUT', path: '/b/k', service: 's3', headers: odd }),
    )
    assert.equal(verdict.reason, 'malformed')
  })
})

describe('verifySignature refuses', () => {
  it('a request without a signature', async () => {
    const verdict = await refusal({
      method: 'GET',
      url: '/listsimulations',
      headers: { host: 'a' },
    })
    assert.equal(verdict.error, 'MissingAuthenticationTokenException')
  })

  it('an access key that is not known', async () => {
    const verdict = await refusal(await signed({}), { secretFor: () => undefined })
    assert.equal(verdict.error, 'UnrecognizedClientException')
  })

  it('another secret, method, path, query, header, host or body', async () => {
    const good = await signed({
      path: '/tags/arn',
      query: { tagKeys: ['a', 'b'] },
      headers: { 'x-note': 'n' },
      body: '{}',
    })
    await assertAccepted(good)
    const changes: Partial<SignedRequest>[] = [
      { method: 'DELETE' },
      { url: good.url.replace('arn', 'arm') },
      { url: good.url.replace('arn', 'a%72n') },
      { url: `${good.url}&tagKeys=c` },
      { url: good.url.replace('tagKeys=a&', '') },
      { headers: { ...good.headers, 'x-note': 'm' } },
      { headers: { ...good.headers, host: 'other.test' } },
      { body: Buffer.from('{ }') },
      { body: undefined },
    ]
    for (const change of changes) {
      const verdict = await refusal({ ...good, ...change })
      assert.equal(verdict.error, 'InvalidSignatureException')
    }
    assert.equal((await refusal(await signed({ secret: 'another' }))).reason, 'mismatch')
  })

  it('any changed hex digit of the signature', async () => {
    const good = await signed({ body: '{}' })
    const authorization = String(good.headers.authorization)
    for (let index = authorization.length - 64; index < authorization.length; index += 7) {
      const other = authorization[index] === '0' ? '1' : '0'
      const changed = authorization.slice(0, index) + other + authorization.slice(index + 1)
      assert.equal(
        (await refusal({ ...good, headers: { ...good.headers, authorization: changed } })).reason,
        'mismatch',
      )
    }
  })

  it('a body hash in the header that is not that of the body', async () => {
    const headers = { 'x-amz-content-sha256': createHash('sha256').update('other').digest('hex') }
    const request = await signed({ headers, body: '{}' })
    assert.equal((await refusal(request)).reason, 'wrongBodyHash')
    await assertAccepted({ ...request, body: Buffer.from('other') })
    const unsigned = await signed({
      headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
      body: '{}',
    })
    assert.equal((await refusal(unsigned)).reason, 'wrongBodyHash')
  })

  it('a wrong region and a wrong service, saying what is expected', async () => {
    const elsewhere = await refusal(await signed({ region: 'eu-central-1' }))
    assert.equal(elsewhere.error, 'InvalidSignatureException')
    assert.match(elsewhere.message, /'us-west-2', not 'eu-central-1'/)
    const other = await refusal(await signed({ service: 'ec2' }))
    assert.equal(other.reason, 'wrongService')
    assert.match(other.message, /'simspaceweaver' or 's3', not 'ec2'/)
  })

  it('a clock that is more than 15 minutes off, in either direction', async () => {
    const at = (minutes: number) => new Date(now.getTime() + minutes * 60_000)
    await assertAccepted(await signed({ signedAt: at(-15) }))
    await assertAccepted(await signed({ signedAt: at(15) }))
    const late = await refusal(await signed({ signedAt: at(-15.1) }))
    assert.equal(late.error, 'InvalidSignatureException')
    assert.match(late.message, /^Signature expired/)
    assert.match((await refusal(await signed({ signedAt: at(15.1) }))).message, /not yet current/)
  })

  it('a captured request that is sent again after 15 minutes', async () => {
    const captured = await signed({})
    await assertAccepted(captured)
    const later = await refusal(captured, { now: new Date(now.getTime() + 15.1 * 60_000) })
    assert.equal(later.reason, 'skewed')
  })

  it('a session token that is not good, in the words of who knows it', async () => {
    const given: (string | undefined)[] = []
    const token = { ...(await signed({})) }
    const late = await refusal(
      { ...token, headers: { ...token.headers, 'X-Amz-Security-Token': 'a token' } },
      {
        secretFor: (_, sessionToken) => {
          given.push(sessionToken)
          return refuseToken('expiredToken')
        },
      },
    )
    assert.equal(late.error, 'ExpiredTokenException')
    assert.deepEqual(given, ['a token'])
  })

  it('a request whose host, or whose x-amz header for S3, is not signed', async () => {
    const request = await signed({ service: 's3', method: 'PUT', path: '/b/k' })
    const added = { ...request, headers: { ...request.headers, 'X-Amz-Copy-Source': '/b/other' } }
    assert.match((await refusal(added)).message, /'x-amz-copy-source' must be signed/)
    const authorization = String(request.headers.authorization).replace('host;', '')
    const noHost = await refusal({ ...request, headers: { ...request.headers, authorization } })
    assert.match(noHost.message, /'host' must be signed/)
    const { host: _, ...withoutHost } = request.headers
    assert.match(
      (await refusal({ ...request, headers: withoutHost })).message,
      /'host' is not in the request/,
    )
  })

  it('what cannot be read, without throwing', async () => {
    const good = await signed({})
    const headers = (authorization: string) => ({ ...good.headers, authorization })
    const whole = String(good.headers.authorization)
    const broken = [
      '',
      'Basic abc',
      'AWS KEY:signature',
      'AWS4-HMAC-SHA256',
      'AWS4-HMAC-SHA256 Credential',
      whole.replace('/aws4_request', ''),
      whole.replace('/aws4_request', '/aws5_request'),
      whole.replace('20260304', '20260303'),
      whole.replace(/Signature=.*/, 'Signature=zz'),
      whole.replace('SignedHeaders=host', 'SignedHeaders=__proto__;host'),
      whole.replace('SignedHeaders=host', 'SignedHeaders=Host'),
    ]
    for (const authorization of broken) {
      const verdict = await refusal({ ...good, headers: headers(authorization) })
      assert.equal(verdict.error, 'InvalidSignatureException', authorization)
    }
    assert.equal((await refusal({ ...good, url: '/%zz' })).reason, 'malformed')
    assert.equal((await refusal({ ...good, url: '/?a=%ff' })).reason, 'malformed')
    await fc.assert(
      fc.asyncProperty(fc.string(), fc.string(), async (text, url) => {
        await refusal({
          ...good,
          url,
          headers: { ...good.headers, authorization: `AWS4-HMAC-SHA256 ${text}` },
        })
      }),
      { numRuns: 100 },
    )
  })
})

describe('verifySignature with presigned requests', () => {
  const get: Plain = {
    method: 'GET',
    path: '/bucket/some%20key',
    headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
  }

  it('accepts one in its time, also long after the 15 minutes of the header form', async () => {
    const request = await presigned(
      { ...get, signedAt: new Date(now.getTime() - 3 * 3600_000) },
      4 * 3600,
    )
    assert.deepEqual((await assertAccepted(request)).payload, { kind: 'unsigned' })
  })

  it('takes the hash of the body from the query, where that has it', async () => {
    const sha256 = createHash('sha256').update('x').digest('hex')
    const put = { ...get, method: 'PUT', headers: { 'x-amz-content-sha256': sha256 } }
    const request = await presigned({ ...put, query: { 'X-Amz-Content-Sha256': sha256 } }, 60)
    assert.deepEqual((await assertAccepted(request)).payload, { kind: 'hash', sha256 })
  })

  it('refuses it after its time, and before it was made', async () => {
    const late = await refusal(
      await presigned({ ...get, signedAt: new Date(now.getTime() - 61_000) }, 60),
    )
    assert.equal(late.error, 'ExpiredTokenException')
    const early = await refusal(
      await presigned({ ...get, signedAt: new Date(now.getTime() + 3600_000) }, 60),
    )
    assert.equal(early.reason, 'skewed')
  })

  it('refuses a changed key, expiry or method, and a second signature in the header', async () => {
    const request = await presigned(get, 60)
    await assertAccepted(request)
    await refusal({ ...request, url: request.url.replace('some', 'same') })
    await refusal({ ...request, url: request.url.replace('Expires=60', 'Expires=61') })
    await refusal({ ...request, url: request.url.replace('Expires=60', 'Expires=9999999') })
    await refusal({ ...request, method: 'PUT' })
    const both = { ...request.headers, authorization: 'AWS4-HMAC-SHA256 Credential=a' }
    assert.match((await refusal({ ...request, headers: both })).message, /signed twice/)
  })
})

function strictEncode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

function v2Request(service: string): SignedRequest {
  const endpoint = new aws.Endpoint('http://example.test:4310')
  const request = new aws.HttpRequest(endpoint, REGION)
  request.method = 'POST'
  request.path = `/tags/arn%3Aaws%3A${service}%2Fx?empty=&tagKeys=a%20b&tagKeys=b`
  request.body = '{"Tags":{}}'
  request.headers = {
    Host: 'example.test:4310',
    'Content-Type': 'application/json',
    'User-Agent': 'test',
  }
  const signers = (
    aws as unknown as {
      Signers: { V4: new (request: aws.HttpRequest, service: string) => V2Signer }
    }
  ).Signers
  const signer = new signers.V4(request, service)
  if (service === 's3') {
    signer.signatureVersion = 's3v4'
    request.headers['X-Amz-Content-Sha256'] = createHash('sha256')
      .update(String(request.body))
      .digest('hex')
  }
  signer.addAuthorization({ accessKeyId: ACCESS_KEY_ID, secretAccessKey: SECRET_ACCESS_KEY }, now)
  return {
    method: 'POST',
    url: request.path,
    headers: request.headers,
    body: Buffer.from(String(request.body)),
  }
}

interface V2Signer {
  signatureVersion?: string
  addAuthorization(credentials: { accessKeyId: string; secretAccessKey: string }, date: Date): void
}
