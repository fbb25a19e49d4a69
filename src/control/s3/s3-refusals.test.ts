import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdir, rm } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { crc32 } from 'node:zlib'
import { after, before } from '../../base/testing/hooks.ts'
import {
  type Received,
  type Sent,
  sendRaw as sendRawTo,
  send as sendTo,
  sign as signFor,
} from './testing/raw-requests.ts'
import { startTestEndpoint, type TestEndpoint, testKeys } from './testing.ts'

const emptyHash = createHash('sha256').digest('hex')

describe('the S3 endpoint', () => {
  let endpoint: TestEndpoint
  before(async () => {
    endpoint = await startTestEndpoint()
    await endpoint.objects.createBucket('worlds')
  })
  after(async () => {
    await endpoint[Symbol.asyncDispose]()
    assert.deepEqual(endpoint.failures, [])
  })

  const sign = (sent: Sent) => signFor(endpoint.port, sent)
  const send = (sent: Sent) => sendTo(endpoint.port, sent)
  const sendRaw = (sent: Sent, headers: Record<string, string>) =>
    sendRawTo(endpoint.port, sent, headers)

  async function assertRefused(code: string, status: number, sent: Sent): Promise<Received> {
    const received = await send(sent)
    assert.deepEqual([received.code, received.status], [code, status], received.text)
    assert.ok(
      !received.text.includes(testKeys.secretAccessKey) && !received.text.includes(endpoint.folder),
    )
    await assertNothingLeft()
    return received
  }

  async function assertNothingLeft(): Promise<void> {
    assert.deepEqual((await endpoint.objects.list('worlds', { maxEntries: 10 })).objects, [])
    assert.deepEqual(await readdir(join(endpoint.folder, 'objects', '.heddle', 'temporary')), [])
  }

  const put: Sent = { method: 'PUT', path: '/worlds/key', body: 'content' }

  it('takes a request that is right, so that the refusals below mean something', async () => {
    assert.equal((await send(put)).status, 200)
    assert.equal((await send({ method: 'DELETE', path: '/worlds/key' })).status, 204)
  })

  it('refuses wrong secrets, unknown keys, other regions and old signatures', async () => {
    await assertRefused('SignatureDoesNotMatch', 403, { ...put, secret: 'wrong' })
    await assertRefused('InvalidAccessKeyId', 403, { ...put, accessKeyId: 'UNKNOWN' })
    const elsewhere = await assertRefused('AuthorizationHeaderMalformed', 400, {
      ...put,
      region: 'eu-west-1',
    })
    assert.match(elsewhere.text, /<Region>us-west-2<\/Region>/)
    const old = new Date(Date.now() - 16 * 60_000)
    await assertRefused('RequestTimeTooSkewed', 403, { ...put, signingDate: old })
    await assertRefused('AccessDenied', 403, {
      ...put,
      unsigned: { 'x-amz-copy-source': '/worlds/other' },
    })
    const unsigned = await sendRaw(put, { host: `127.0.0.1:${endpoint.port}` })
    assert.deepEqual([unsigned.code, unsigned.status], ['AccessDenied', 403])
    await assertNothingLeft()
  })

  it('answers errors as XML with code, message, resource and request id', async () => {
    const { text, headers } = await send({
      method: 'GET',
      path: '/worlds/mis%3Csing?x-id=GetObject',
    })
    assert.match(
      text,
      new RegExp(
        '^<\\?xml version="1.0" encoding="UTF-8"\\?>\\n<Error><Code>NoSuchKey</Code>' +
          '<Message>.+&lt;.+</Message><Resource>/worlds/mis%3Csing</Resource>' +
          '<RequestId>[0-9A-F]{16}</RequestId></Error>$',
      ),
    )
    assert.equal(headers['content-type'], 'application/xml')
  })

  it('refuses a body that is not the one signed', async () => {
    await assertRefused('XAmzContentSHA256Mismatch', 400, { ...put, signedHash: emptyHash })
    await assertRefused('BadDigest', 400, {
      ...put,
      headers: { 'x-amz-checksum-crc32': 'AAAAAA==' },
    })
    await assertRefused('BadDigest', 400, {
      ...put,
      headers: { 'x-amz-checksum-crc32': 'no base64!' },
    })
    await assertRefused('InvalidDigest', 400, { ...put, headers: { 'content-md5': 'no base64!' } })
    await assertRefused('InvalidRequest', 400, {
      ...put,
      headers: { 'x-amz-checksum-odd': 'AAAAAA==' },
    })
  })

  it('refuses an unsigned stream with a wrong trailing checksum or length', async () => {
    const stream = (checksum: string, bytes = 7): Sent => ({
      ...put,
      signedHash: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      headers: {
        'content-encoding': 'aws-chunked',
        'x-amz-decoded-content-length': String(bytes),
        'x-amz-trailer': 'x-amz-checksum-crc32',
      },
      body: `7\r\ncontent\r\n0\r\n${checksum}\r\n\r\n`,
    })
    const sum = Buffer.alloc(4)
    sum.writeUInt32BE(crc32('content'))
    const right = `x-amz-checksum-crc32:${sum.toString('base64')}`
    await assertRefused('BadDigest', 400, stream('x-amz-checksum-crc32:AAAAAA=='))
    await assertRefused('MalformedTrailerError', 400, stream('x-amz-checksum-sha1:AAAAAA=='))
    await assertRefused('IncompleteBody', 400, stream(right, 8))
    await assertRefused('IncompleteBody', 400, { ...stream(right), body: '7\r\ncontent\r\n' })
    await assertRefused('InvalidRequest', 400, { ...stream(right), body: 'content\r\n' })
    assert.equal((await send(stream(right))).status, 200)
    const info = await endpoint.objects.head('worlds', 'key')
    assert.deepEqual([info.bytes, info.headers], [7, {}])
    await endpoint.objects.delete('worlds', 'key')
  })

  it('refuses a signed stream with a changed chunk', async () => {
    const signature = `;chunk-signature=${'a'.repeat(64)}`
    const body = `7${signature}\r\ncontent\r\n0${signature}\r\n\r\n`
    await assertRefused('SignatureDoesNotMatch', 403, {
      ...put,
      signedHash: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
      headers: { 'x-amz-decoded-content-length': '7' },
      body,
    })
  })

  it('refuses a body in chunks whose length is not stated as a number', async () => {
    const stream = (headers: Record<string, string>): Sent => ({
      ...put,
      signedHash: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      headers,
      body: '7\r\ncontent\r\n0\r\n\r\n',
    })
    await assertRefused('MissingContentLength', 411, stream({}))
    for (const length of [
      '7.0',
      '-7',
      '0x7',
      '7e0',
      'seven',
      '7, 7',
      '9'.repeat(20),
      'NaN',
      'Infinity',
    ]) {
      await assertRefused(
        'InvalidArgument',
        400,
        stream({ 'x-amz-decoded-content-length': length }),
      )
    }
    assert.equal((await send(stream({ 'x-amz-decoded-content-length': '007' }))).status, 200)
    await endpoint.objects.delete('worlds', 'key')
  })

  it('refuses trailers that no header announced, and more than one checksum', async () => {
    const sum = Buffer.alloc(4)
    sum.writeUInt32BE(crc32('content'))
    const crc = sum.toString('base64')
    const sha256 = createHash('sha256').update('content').digest('base64')
    const stream = (headers: Record<string, string>, ...trailers: string[]): Sent => ({
      ...put,
      signedHash: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      headers: { 'x-amz-decoded-content-length': '7', ...headers },
      body: `7\r\ncontent\r\n0\r\n${trailers.map((line) => `${line}\r\n`).join('')}\r\n`,
    })
    const trailer = `x-amz-checksum-crc32:${crc}`
    const announced = { 'x-amz-trailer': 'x-amz-checksum-crc32' }
    await assertRefused('MalformedTrailerError', 400, stream({}, trailer))
    await assertRefused(
      'MalformedTrailerError',
      400,
      stream(announced, trailer, `x-amz-checksum-sha256:${sha256}`),
    )
    await assertRefused('MalformedTrailerError', 400, stream(announced, trailer, 'x-amz-meta-a:b'))
    await assertRefused('MalformedTrailerError', 400, stream(announced, trailer, trailer))
    await assertRefused(
      'InvalidRequest',
      400,
      stream({ 'x-amz-trailer': 'x-amz-meta-a' }, 'x-amz-meta-a:b'),
    )
    const both = { 'x-amz-checksum-crc32': crc, 'x-amz-checksum-sha256': sha256 }
    await assertRefused('InvalidRequest', 400, { ...put, headers: both })
    await assertRefused(
      'InvalidRequest',
      400,
      stream({ ...announced, 'x-amz-checksum-sha256': sha256 }, trailer),
    )
    await assertRefused(
      'InvalidRequest',
      400,
      stream({ 'x-amz-trailer': 'x-amz-checksum-crc32,x-amz-checksum-sha1' }),
    )
    const named = (algorithm: string) => ({
      ...put,
      headers: { 'x-amz-sdk-checksum-algorithm': algorithm },
    })
    await assertRefused('InvalidRequest', 400, named('CRC32'))
    await assertRefused('InvalidRequest', 400, {
      ...put,
      headers: { 'x-amz-checksum-crc32': crc, ...named('SHA256').headers },
    })
    assert.equal(
      (await send(stream({ ...announced, ...named('CRC32').headers }, trailer))).status,
      200,
    )
    assert.equal((await send({ ...put, headers: { 'x-amz-checksum-crc32': crc } })).status, 200)
    await endpoint.objects.delete('worlds', 'key')
  })

  it('checks the MD5 of every body, of XML too', async () => {
    const Delete = '<Delete><Object><Key>a</Key></Object></Delete>'
    const md5 = createHash('md5').update(Delete).digest('base64')
    const post: Sent = {
      method: 'POST',
      path: '/worlds?delete=',
      body: Delete,
      headers: { 'content-md5': md5 },
    }
    assert.equal((await send(post)).status, 200)
    await assertRefused('BadDigest', 400, { ...post, body: Delete.replace('a', 'b') })
    const complete = { ...post, path: '/worlds/key?uploadId=x', body: '<CompleteMultipartUpload/>' }
    await assertRefused('BadDigest', 400, complete)
  })

  it('refuses requests without a body hash, and version 2 in a header', async () => {
    const { 'x-amz-content-sha256': _, ...rest } = await sign({
      ...put,
      signedHash: 'UNSIGNED-PAYLOAD',
    })
    const silent = await sendRaw(put, rest)
    assert.deepEqual([silent.code, silent.status], ['InvalidRequest', 400])
    assert.match(silent.text, /x-amz-content-sha256/)
    const authorization = `AWS ${testKeys.accessKeyId}:${Buffer.alloc(20).toString('base64')}`
    const old = await sendRaw(put, { host: 'x', date: new Date().toUTCString(), authorization })
    assert.deepEqual([old.code, old.status], ['InvalidRequest', 400])
    await assertNothingLeft()
  })

  it('answers a refused large body, and the connection goes on', async () => {
    const body = Buffer.alloc(20 * 1024 * 1024)
    await assertRefused('SignatureDoesNotMatch', 403, { ...put, secret: 'wrong', body })
    await assertRefused('NoSuchBucket', 404, { ...put, path: '/missing/key', body })
  })

  it('keeps nothing of a body that is cut off', async () => {
    const headers = await sign({ ...put, headers: { 'content-length': '7' } })
    const socket = connect(endpoint.port, '127.0.0.1')
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.write(`PUT /worlds/key HTTP/1.1\r\n${lines.join('')}\r\ncon`)
    const temporary = join(endpoint.folder, 'objects', '.heddle', 'temporary')
    await until(async () => (await readdir(temporary)).length === 1)
    socket.destroy()
    await until(async () => (await readdir(temporary)).length === 0)
    await assertNothingLeft()
  })

  it('lets a waiting client send its body only once the signature is good', async () => {
    const answerTo = async (sent: Sent): Promise<string[]> => {
      const headers = await sign({
        ...sent,
        headers: { expect: '100-continue', 'content-length': '7' },
      })
      return new Promise((resolve, reject) => {
        const events: string[] = []
        const request = httpRequest(
          { port: endpoint.port, method: 'PUT', path: sent.path, headers },
          (response) => {
            events.push(String(response.statusCode), String(response.headers.connection))
            response.resume().on('end', () => {
              request.destroy()
              resolve(events)
            })
          },
        )
        request.on('continue', () => {
          events.push('continue')
          request.end('content')
        })
        request.on('error', (error) => events.length === 0 && reject(error))
        request.flushHeaders()
      })
    }
    assert.deepEqual(await answerTo({ ...put, secret: 'wrong' }), ['403', 'close'])
    await assertNothingLeft()
    assert.deepEqual(await answerTo(put), ['continue', '200', 'keep-alive'])
    await endpoint.objects.delete('worlds', 'key')
  })

  it('refuses XML that defines entities, and XML without end', async () => {
    const post: Sent = { method: 'POST', path: '/worlds?delete', body: '' }
    const bomb = '<!DOCTYPE x [<!ENTITY a "aaaa">]><Delete><Object><Key>&a;</Key></Object></Delete>'
    await assertRefused('MalformedXML', 400, { ...post, body: bomb })
    await assertRefused('EntityTooLarge', 400, {
      ...post,
      body: `<Delete>${' '.repeat(9 * 1024 * 1024)}</Delete>`,
    })
  })

  it('refuses broken URLs and methods that mean nothing', async () => {
    await assertRefused('AuthorizationHeaderMalformed', 400, { method: 'GET', path: '/worlds/%zz' })
    await assertRefused('MethodNotAllowed', 405, { method: 'PATCH', path: '/worlds/key' })
    await assertRefused('InvalidArgument', 400, { method: 'PUT', path: '/worlds/a%00b', body: 'x' })
    for (const key of ['.', '..', '...']) {
      await assertRefused('InvalidArgument', 400, {
        method: 'PUT',
        path: `/worlds/${key}`,
        body: 'x',
      })
      await assertRefused('InvalidArgument', 400, { method: 'GET', path: `/worlds/${key}` })
      await assertRefused('InvalidArgument', 400, {
        method: 'POST',
        path: `/worlds/${key}?uploads=`,
      })
      await assertRefused('InvalidBucketName', 400, { method: 'PUT', path: `/${key}` })
    }
    await assertRefused('NoSuchBucket', 404, { method: 'GET', path: '/../etc/passwd' })
    await assertRefused('NoSuchBucket', 404, { method: 'GET', path: '/.heddle/temporary' })
    await assertRefused('NoSuchBucket', 404, { method: 'GET', path: '/..%2F..%2Fetc/passwd' })
    await assertRefused('InvalidArgument', 400, {
      method: 'PUT',
      path: '/worlds/x',
      headers: { 'x-amz-copy-source': 'worlds' },
    })
  })

  it('refuses headers for the answer that no answer can have', async () => {
    assert.equal((await send(put)).status, 200)
    const override = { method: 'GET', path: '/worlds/key?response-expires=a%0D%0Ax%3A%20y' }
    const { status, code, headers } = await send(override)
    assert.deepEqual([status, code, headers.x], [400, 'InvalidArgument', undefined])
    assert.equal((await send({ method: 'DELETE', path: '/worlds/key' })).status, 204)
  })

  it('reads the bucket from the name of the host as well', async () => {
    const host = `worlds.localhost:${endpoint.port}`
    assert.equal((await send({ ...put, path: '/by/host', headers: { host } })).status, 200)
    assert.equal((await send({ method: 'GET', path: '/worlds/by/host' })).text, 'content')
    assert.equal(
      (await send({ method: 'DELETE', path: '/by/host', headers: { host } })).status,
      204,
    )
    await assertNothingLeft()
  })

  it('tells a fault of the disk as 503, and nobody but the operator more', async () => {
    const temporary = join(endpoint.folder, 'objects', '.heddle', 'temporary')
    await rm(temporary, { recursive: true })
    const { code, status, text } = await send(put)
    assert.deepEqual([code, status], ['ServiceUnavailable', 503])
    assert.ok(!text.includes('.heddle'))
    const [failure] = endpoint.failures.splice(0)
    assert.match(String((failure as Error).cause), /ENOENT/)
  })
})

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadlineMs = Date.now() + 20_000
  while (!(await condition())) {
    assert.ok(Date.now() < deadlineMs, 'the condition never came true')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
