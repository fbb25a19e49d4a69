// The content of a request's body, checked against all that the client states about it. Owns the
// checks; the stream fails if one of them fails.

import type { IncomingMessage } from 'node:http'
import { Transform, type TransformCallback } from 'node:stream'
import { assert } from '../../base/assert.ts'
import type { SignatureAccepted } from '../../core/api/signature.ts'
import type { Checksums } from '../../io/objects/object-file.ts'
import { type RunningChecksum, startChecksum } from './checksums.ts'
import { ChunkedBody } from './chunked-body.ts'
import { S3Error, type S3ErrorCode } from './s3-errors.ts'

/**
 * A running sum and its expected value; `expected` is undefined while it is still to come in a
 * trailer.
 */
interface Check {
  name: string
  sum: RunningChecksum
  expected: Buffer | undefined
  code: S3ErrorCode
}

const PREFIX = 'x-amz-checksum-'
const notSums = new Set(['algorithm', 'mode', 'type'].map((name) => PREFIX + name))

export class VerifiedBody extends Transform {
  /** The client's checksums, all verified, once the stream has ended. */
  readonly checksums: Checksums = {}
  readonly #chunked: ChunkedBody | undefined
  readonly #checks: Check[]
  readonly #decodedBytes: number | undefined
  #bytes = 0

  /** Throws S3Error if the headers contradict each other. */
  constructor(
    headers: IncomingMessage['headers'],
    accepted: SignatureAccepted,
    checksumsAreOfBody: boolean,
  ) {
    super()
    const { payload } = accepted
    const announced = trailerNames(headers)
    if (payload.kind === 'streaming') {
      const { chunkSigning, signature } = accepted
      assert(
        chunkSigning !== undefined,
        'only a version that can sign chunks lets a body come in chunks',
      )
      const signing = { chunk: chunkSigning, seedSignature: signature }
      this.#chunked = new ChunkedBody({
        ...(payload.trailer && { announced }),
        ...(payload.signed ? { signing } : {}),
      })
      this.#decodedBytes = decodedLength(headers)
    }
    this.#checks = checksOf(headers, checksumsAreOfBody ? announced : undefined)
    if (payload.kind === 'hash') {
      const sum = startChecksum('sha256')!
      const expected = Buffer.from(payload.sha256, 'hex')
      this.#checks.push({
        name: 'x-amz-content-sha256',
        sum,
        expected,
        code: 'XAmzContentSHA256Mismatch',
      })
    }
  }

  override _transform(bytes: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    this.#step(callback, () => {
      if (this.#chunked === undefined) this.#takeContent(bytes)
      else this.#chunked.push(bytes, (content) => this.#takeContent(content))
    })
  }

  override _flush(callback: TransformCallback): void {
    this.#step(callback, () => {
      this.#chunked?.end()
      if (this.#decodedBytes !== undefined && this.#decodedBytes !== this.#bytes) {
        throw new S3Error(
          'IncompleteBody',
          `The body has ${this.#bytes} bytes, not ${this.#decodedBytes} as it says.`,
        )
      }
      for (const check of this.#checks) this.#finish(check)
    })
  }

  #step(callback: TransformCallback, work: () => void): void {
    try {
      work()
    } catch (error) {
      callback(error as Error)
      return
    }
    callback()
  }

  #takeContent(content: Buffer): void {
    this.#bytes += content.length
    for (const check of this.#checks) check.sum.update(content)
    this.push(content)
  }

  #finish(check: Check): void {
    const expected = check.expected ?? this.#trailing(check.name)
    const actual = check.sum.digest()
    if (!actual.equals(expected)) {
      throw new S3Error(
        check.code,
        `The body does not have the checksum that ${check.name} states.`,
      )
    }
    if (check.name.startsWith(PREFIX))
      this.checksums[check.name.slice(PREFIX.length)] = actual.toString('base64')
  }

  #trailing(name: string): Buffer {
    const value = this.#chunked?.trailers.get(name)
    if (value === undefined)
      throw new S3Error('MalformedTrailerError', `The trailing header ${name} is missing.`)
    return Buffer.from(value, 'base64')
  }
}

/**
 * Streams a request's body through its checks, under the headers that count. It never destroys the
 * request, which must still be answered. `checksumsAreOfBody` is false if the checksum headers
 * describe something else, as when an upload is completed. Throws S3Error if the headers contradict
 * each other.
 */
export function verifiedBody(
  request: IncomingMessage,
  headers: IncomingMessage['headers'],
  accepted: SignatureAccepted,
  checksumsAreOfBody: boolean,
): VerifiedBody {
  const body = new VerifiedBody(headers, accepted, checksumsAreOfBody)
  const cutOff = () => {
    if (!request.complete)
      body.destroy(new S3Error('IncompleteBody', 'The connection ended before the body did.'))
  }
  body.once('error', () => request.unpipe(body))
  request.once('error', cutOff)
  request.once('close', cutOff)
  request.pipe(body)
  return body
}

/** `announced` is undefined if the checksum headers do not describe the body. */
function checksOf(
  headers: IncomingMessage['headers'],
  announced: ReadonlySet<string> | undefined,
): Check[] {
  const checks: Check[] = []
  const md5 = headers['content-md5']
  if (typeof md5 === 'string') {
    const sum = startChecksum('md5')!
    checks.push({
      name: 'content-md5',
      sum,
      expected: base64('content-md5', md5, 'InvalidDigest', 16),
      code: 'BadDigest',
    })
  }
  if (announced === undefined) return checks
  const names = [...checksumNames(headers), ...announced]
  if (names.length > 1) {
    throw new S3Error(
      'InvalidRequest',
      `A body has one checksum at most, not ${names.join(' and ')}.`,
    )
  }
  checkAlgorithm(headers, names[0])
  for (const name of names) {
    const value = headers[name]
    const expected = value === undefined ? undefined : base64(name, String(value), 'BadDigest')
    checks.push({ name, sum: sumOf(name), expected, code: 'BadDigest' })
  }
  return checks
}

/** SDKs name the algorithm beside the checksum. */
function checkAlgorithm(
  headers: IncomingMessage['headers'],
  checksumName: string | undefined,
): void {
  const algorithm = headers['x-amz-sdk-checksum-algorithm']
  if (algorithm === undefined || checksumName === PREFIX + String(algorithm).toLowerCase()) return
  const found = checksumName === undefined ? 'there is none' : `there is ${checksumName}`
  throw new S3Error(
    'InvalidRequest',
    `x-amz-sdk-checksum-algorithm names a checksum '${algorithm}', and ${found}.`,
  )
}

/** The headers that are checksums of a content. */
export function checksumNames(headers: IncomingMessage['headers']): string[] {
  return Object.keys(headers).filter((name) => name.startsWith(PREFIX) && !notSums.has(name))
}

/** Trailers may contain only checksums. */
function trailerNames(headers: IncomingMessage['headers']): Set<string> {
  const names = String(headers['x-amz-trailer'] ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '')
  const odd = names.find((name) => !name.startsWith(PREFIX))
  if (odd !== undefined)
    throw new S3Error('InvalidRequest', `x-amz-trailer names '${odd}', which is no checksum.`)
  return new Set(names)
}

function decodedLength(headers: IncomingMessage['headers']): number {
  const stated = headers['x-amz-decoded-content-length']
  if (stated === undefined) {
    throw new S3Error(
      'MissingContentLength',
      'A body in chunks needs the header x-amz-decoded-content-length.',
    )
  }
  if (!/^\d{1,15}$/.test(String(stated))) {
    throw new S3Error(
      'InvalidArgument',
      'x-amz-decoded-content-length must be a whole number of bytes.',
    )
  }
  return Number(stated)
}

function sumOf(name: string): RunningChecksum {
  const sum = startChecksum(name.slice(PREFIX.length))
  if (sum === undefined)
    throw new S3Error('InvalidRequest', `The checksum ${name} is not known here.`)
  return sum
}

function base64(name: string, value: string, code: S3ErrorCode, bytes?: number): Buffer {
  const decoded = Buffer.from(value, 'base64')
  if (decoded.toString('base64') !== value || (bytes !== undefined && decoded.length !== bytes)) {
    throw new S3Error(code, `The header ${name} holds no valid checksum.`)
  }
  return decoded
}
