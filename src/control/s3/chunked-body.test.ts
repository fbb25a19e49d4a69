import assert from 'node:assert/strict'
import { createHash, createHmac, createSecretKey } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ChunkedBody } from './chunked-body.ts'
import { S3Error, type S3ErrorCode } from './s3-errors.ts'

const chunk = {
  key: createSecretKey('signing key', 'utf8'),
  scope: '20260304/us-west-2/s3/aws4_request',
  dateTime: '20260304T050607Z',
}
const seedSignature = '5'.repeat(64)
const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex')

function sign(algorithm: string, previous: string, ...hashes: string[]): string {
  const text = [algorithm, chunk.dateTime, chunk.scope, previous, ...hashes].join('\n')
  return createHmac('sha256', chunk.key).update(text).digest('hex')
}

/** Writes a body as a signing client does. */
function signedBody(pieces: Uint8Array[], trailers: [string, string][] = []): Buffer {
  let previous = seedSignature
  const written: Buffer[] = []
  for (const piece of [...pieces, new Uint8Array(0)]) {
    previous = sign('AWS4-HMAC-SHA256-PAYLOAD', previous, sha256(''), sha256(piece))
    written.push(
      Buffer.from(`${piece.length.toString(16)};chunk-signature=${previous}\r\n`),
      Buffer.from(piece),
    )
    if (piece.length > 0) written.push(Buffer.from('\r\n'))
  }
  if (trailers.length > 0) {
    const text = trailers.map(([name, value]) => `${name}:${value}\n`).join('')
    const signature = sign('AWS4-HMAC-SHA256-TRAILER', previous, sha256(text))
    for (const [name, value] of [...trailers, ['x-amz-trailer-signature', signature]]) {
      written.push(Buffer.from(`${name}:${value}\r\n`))
    }
  }
  return Buffer.concat([...written, Buffer.from('\r\n')])
}

function decode(
  bytes: Buffer,
  options: { signed: boolean; hasTrailer: boolean },
  pieceBytes = bytes.length,
) {
  const signing = options.signed ? { signing: { chunk, seedSignature } } : {}
  const body = new ChunkedBody({ ...(options.hasTrailer && { announced: names }), ...signing })
  const content: Buffer[] = []
  for (let offset = 0; offset < bytes.length; offset += pieceBytes) {
    body.push(bytes.subarray(offset, offset + pieceBytes), (one) => content.push(one))
  }
  body.end()
  return { content: Buffer.concat(content), trailers: Object.fromEntries(body.trailers) }
}

function assertRefused(
  code: S3ErrorCode,
  bytes: Buffer | string,
  options: { signed: boolean; hasTrailer: boolean },
) {
  assert.throws(
    () => decode(Buffer.from(bytes), options),
    (error) => error instanceof S3Error && error.code === code,
  )
}

const nonEmpty = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 4 })

const names = new Set(['x-amz-checksum-crc32'])

describe('ChunkedBody', () => {
  it('reads signed chunks, with and without a trailer, however the bytes come in', () => {
    fc.assert(
      fc.property(
        nonEmpty,
        fc.boolean(),
        fc.integer({ min: 1, max: 50 }),
        (pieces, hasTrailer, pieceBytes) => {
          const bytes = signedBody(pieces, hasTrailer ? [['x-amz-checksum-crc32', 'AAAAAA==']] : [])
          const { content, trailers } = decode(bytes, { signed: true, hasTrailer }, pieceBytes)
          assert.deepEqual(content, Buffer.concat(pieces))
          assert.equal(trailers['x-amz-checksum-crc32'], hasTrailer ? 'AAAAAA==' : undefined)
        },
      ),
    )
  })

  it('refuses a signed body if any bit of its content, sizes or signatures changes', () => {
    const bytes = signedBody(
      [Buffer.from('some content'), Buffer.from('and more')],
      [['x-amz-checksum-crc32', 'AAAAAA==']],
    )
    for (let index = 0; index < bytes.length; index++) {
      const changed = Buffer.from(bytes)
      changed[index]! ^= 1
      assert.throws(() => {
        const { content, trailers } = decode(changed, { signed: true, hasTrailer: true })
        // These may change: line ends, and the case of names and digits.
        const isSame =
          content.equals(Buffer.from('some contentand more')) &&
          trailers['x-amz-checksum-crc32'] === 'AAAAAA=='
        if (isSame) throw new S3Error('InvalidRequest', 'means the same')
      }, S3Error)
    }
  })

  it('refuses a signed body with a chunk dropped, doubled or moved', () => {
    const options = { signed: true, hasTrailer: false }
    const bytes = signedBody([Buffer.from('one'), Buffer.from('two')]).toString('latin1')
    const [one, two, end] = [bytes.indexOf('3;'), bytes.lastIndexOf('3;'), bytes.indexOf('0;')]
    const first = bytes.slice(one, two)
    const second = bytes.slice(two, end)
    const last = bytes.slice(end)
    assert.equal(decode(Buffer.from(first + second + last), options).content.toString(), 'onetwo')
    for (const body of [
      second + last,
      first + last,
      second + first + last,
      first + first + second + last,
    ]) {
      assertRefused('SignatureDoesNotMatch', body, options)
    }
    assertRefused('IncompleteBody', first + second, options)
  })

  it('reads unsigned chunks with a trailer', () => {
    const options = { signed: false, hasTrailer: true }
    const { content, trailers } = decode(
      Buffer.from('3\r\nabc\r\nA\r\n0123456789\r\n0\r\nX-Amz-Checksum-Crc32: AA==\r\n\r\n'),
      options,
    )
    assert.equal(content.toString(), 'abc0123456789')
    assert.deepEqual(trailers, { 'x-amz-checksum-crc32': 'AA==' })
  })

  it('refuses what is cut, too long, or not of this format', () => {
    const options = { signed: false, hasTrailer: true }
    const trailer = 'x-amz-checksum-crc32:AA=='
    for (const body of [
      '',
      '3\r\nab',
      '3\r\nabc\r\n',
      '3\r\nabc\r\n0\r\n',
      `0\r\n${trailer}\r\n`,
    ]) {
      assertRefused('IncompleteBody', body, options)
    }
    for (const body of [
      'x\r\n',
      '-1\r\n',
      '3\r\nabcd\r\n0\r\n\r\n',
      '0\r\n\r\nmore',
      'f'.repeat(20_000),
      '\r\n',
    ]) {
      assertRefused('InvalidRequest', body, options)
    }
    assertRefused('MalformedTrailerError', '0\r\nno colon\r\n\r\n', options)
    assertRefused('MalformedTrailerError', '0\r\nx-amz-meta-a:b\r\n\r\n', options)
    assertRefused('MalformedTrailerError', `0\r\n${trailer}\r\n${trailer}\r\n\r\n`, options)
    assertRefused('MalformedTrailerError', '0\r\na:b\r\n\r\n', { signed: false, hasTrailer: false })
    assertRefused('InvalidRequest', '3\r\nabc\r\n0\r\n\r\n', { signed: true, hasTrailer: false })
  })
})
