// The content of a request's body, checked against everything that the client says of it.
// Owns the checks; never lets the stream end well where one of them fails.

import type { IncomingMessage } from 'node:http'
import { type Readable, Transform, type TransformCallback } from 'node:stream'
import { assert } from '../../base/assert.ts'
import type { SignatureAccepted } from '../../core/api/signature.ts'
import { GatheredBytes } from '../http/gathered-bytes.ts'
import { type RunningChecksum, startChecksum } from './checksums.ts'
import { ChunkedBody } from './chunked-body.ts'
import { S3Error, type S3ErrorCode } from './s3-errors.ts'

/** A sum that runs along, and what it must come to; `expected` is undefined while it is still to come in a trailer. */
interface Check {
  name: string
  sum: RunningChecksum
  expected: Buffer | undefined
  code: S3ErrorCode
}

const prefix = 'x-amz-checksum-'
const notSums = new Set(['algorithm', 'mode', 'type'].map((name) => prefix + name))

export class VerifiedBody extends Transform {
  /** Checksum headers to send back, once the stream has ended. */
  readonly checksumHeaders: Record<string, string> = {}
  private readonly chunked: ChunkedBody | undefined
  private readonly checks: Check[]
  private readonly decodedBytes: number | undefined
  private bytes = 0

  constructor(headers: IncomingMessage['headers'], accepted: SignatureAccepted, checksumsAreOfBody: boolean) {
    super()
    const { payload } = accepted
    if (payload.kind === 'streaming') {
      const { chunkSigning, signature } = accepted
      assert(chunkSigning !== undefined, 'only a version that can sign chunks lets a body come in chunks')
      const signing = { chunk: chunkSigning, seedSignature: signature }
      this.chunked = new ChunkedBody({ hasTrailer: payload.trailer, ...(payload.signed ? { signing } : {}) })
      const stated = headers['x-amz-decoded-content-length']
      if (typeof stated === 'string' && /^\d{1,15}$/.test(stated)) this.decodedBytes = Number(stated)
    }
    this.checks = checksumsAreOfBody ? checksOf(headers) : []
    if (payload.kind === 'hash') {
      const sum = startChecksum('sha256')!
      const expected = Buffer.from(payload.sha256, 'hex')
      this.checks.push({ name: 'x-amz-content-sha256', sum, expected, code: 'XAmzContentSHA256Mismatch' })
    }
  }

  override _transform(bytes: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    this.step(callback, () => {
      if (this.chunked === undefined) this.takeContent(bytes)
      else this.chunked.push(bytes, (content) => this.takeContent(content))
    })
  }

  override _flush(callback: TransformCallback): void {
    this.step(callback, () => {
      this.chunked?.end()
      if (this.decodedBytes !== undefined && this.decodedBytes !== this.bytes) {
        throw new S3Error('IncompleteBody', `The body has ${this.bytes} bytes, not ${this.decodedBytes} as it says.`)
      }
      for (const check of this.checks) this.finish(check)
    })
  }

  private step(callback: TransformCallback, work: () => void): void {
    try {
      work()
    } catch (error) {
      callback(error as Error)
      return
    }
    callback()
  }

  private takeContent(content: Buffer): void {
    this.bytes += content.length
    for (const check of this.checks) check.sum.update(content)
    this.push(content)
  }

  private finish(check: Check): void {
    const expected = check.expected ?? this.trailing(check.name)
    const actual = check.sum.digest()
    if (!actual.equals(expected)) {
      throw new S3Error(check.code, `The body does not have the checksum that ${check.name} states.`)
    }
    if (check.name.startsWith(prefix)) this.checksumHeaders[check.name] = actual.toString('base64')
  }

  private trailing(name: string): Buffer {
    const value = this.chunked?.trailers.get(name)
    if (value === undefined) throw new S3Error('MalformedTrailerError', `The trailing header ${name} is missing.`)
    return Buffer.from(value, 'base64')
  }
}

/**
 * Streams a request's body into its checks, under the headers that count. The request itself is never destroyed: it still has to be answered.
 * `checksumsAreOfBody` is false where the checksum headers speak of something else, as when an upload is completed.
 */
export function verifiedBody(
  request: IncomingMessage,
  headers: IncomingMessage['headers'],
  accepted: SignatureAccepted,
  checksumsAreOfBody: boolean,
): VerifiedBody {
  const body = new VerifiedBody(headers, accepted, checksumsAreOfBody)
  const cutOff = () => {
    if (!request.complete) body.destroy(new S3Error('IncompleteBody', 'The connection ended before the body did.'))
  }
  body.once('error', () => request.unpipe(body))
  request.once('error', cutOff)
  request.once('close', cutOff)
  request.pipe(body)
  return body
}

/**
 * Reads a small body whole. Throws S3Error EntityTooLarge where it isn't small, and SlowDown where `hold`, told of the bytes that are
 * kept, says that they are too many.
 */
export async function readSmall(body: Readable, bytesMax: number, hold?: (bytes: number) => boolean): Promise<string> {
  const gathered = new GatheredBytes(hold)
  for await (const chunk of body as AsyncIterable<Buffer>) {
    if (gathered.length + chunk.length > bytesMax)
      throw new S3Error('EntityTooLarge', `The body of the request may have ${bytesMax} bytes at most.`)
    if (!gathered.add(chunk)) throw new S3Error('SlowDown', 'Please reduce your request rate.')
  }
  return gathered.bytes.toString('utf8')
}

function checksOf(headers: IncomingMessage['headers']): Check[] {
  const checks: Check[] = []
  const md5 = headers['content-md5']
  if (typeof md5 === 'string') {
    const sum = startChecksum('md5')!
    checks.push({ name: 'content-md5', sum, expected: base64('content-md5', md5, 16), code: 'BadDigest' })
  }
  for (const [name, value] of Object.entries(headers)) {
    if (!name.startsWith(prefix) || notSums.has(name) || typeof value !== 'string') continue
    checks.push({ name, sum: sumOf(name), expected: base64(name, value), code: 'BadDigest' })
  }
  for (const name of trailerNames(headers)) {
    if (name.startsWith(prefix)) checks.push({ name, sum: sumOf(name), expected: undefined, code: 'BadDigest' })
  }
  return checks
}

function trailerNames(headers: IncomingMessage['headers']): string[] {
  const names = headers['x-amz-trailer']
  if (names === undefined) return []
  return String(names)
    .split(',')
    .map((name) => name.trim().toLowerCase())
}

function sumOf(name: string): RunningChecksum {
  const sum = startChecksum(name.slice(prefix.length))
  if (sum === undefined) throw new S3Error('InvalidRequest', `The checksum ${name} is not known here.`)
  return sum
}

function base64(name: string, value: string, bytes?: number): Buffer {
  const decoded = Buffer.from(value, 'base64')
  if (decoded.toString('base64') !== value || (bytes !== undefined && decoded.length !== bytes)) {
    throw new S3Error('InvalidDigest', `The header ${name} holds no valid checksum.`)
  }
  return decoded
}
