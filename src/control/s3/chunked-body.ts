// Reads the `aws-chunked` encoding: chunks with or without signatures, then trailing headers.
// Owns the format and the chain of chunk signatures; bytes in, bytes out, never touches a stream.
//
//   <size in hex>[;chunk-signature=<hex>]\r\n <bytes> \r\n
//   …
//   0[;chunk-signature=<hex>]\r\n [<name>:<value>\r\n …] \r\n

import { createHash, createHmac, type Hash, timingSafeEqual } from 'node:crypto'
import type { ChunkSigning } from '../../core/api/signature.ts'
import { S3Error } from './s3-errors.ts'

/** Longer lines are refused, so that a client cannot make the server keep them. */
const LINE_BYTES_MAX = 16 * 1024
const emptyHash = createHash('sha256').digest('hex')

type State = 'size' | 'data' | 'afterData' | 'trailer' | 'end'

export class ChunkedBody {
  /** Trailing headers by lower-case name; complete once `end` has returned. */
  readonly trailers = new Map<string, string>()
  readonly #chain: SignatureChain | undefined
  /** Lower-case names of the trailing headers to come; undefined if none may come. */
  readonly #announced: ReadonlySet<string> | undefined
  #state: State = 'size'
  #line = ''
  #remainingBytes = 0
  #chunkSignature = ''
  #trailerBytes = 0

  /** Give `signing` if each chunk is signed, and `announced` if trailing headers may come. */
  constructor(options: {
    signing?: { chunk: ChunkSigning; seedSignature: string }
    announced?: ReadonlySet<string>
  }) {
    this.#chain = options.signing === undefined ? undefined : new SignatureChain(options.signing)
    this.#announced = options.announced
  }

  /** Hands the content in `bytes` to `onContent`. Throws S3Error. */
  push(bytes: Buffer, onContent: (content: Buffer) => void): void {
    for (let offset = 0; offset < bytes.length; ) {
      if (this.#state === 'data') {
        const content = bytes.subarray(offset, offset + this.#remainingBytes)
        offset += content.length
        this.#remainingBytes -= content.length
        this.#chain?.update(content)
        onContent(content)
        if (this.#remainingBytes === 0) this.#endChunk()
      } else {
        offset = this.#readLine(bytes, offset)
      }
    }
  }

  /** Call this after the last bytes. Throws S3Error if the body is incomplete. */
  end(): void {
    if (this.#state !== 'end')
      throw new S3Error('IncompleteBody', 'The body ended before its last chunk.')
  }

  #endChunk(): void {
    this.#chain?.checkChunk(this.#chunkSignature)
    this.#state = 'afterData'
  }

  #readLine(bytes: Buffer, offset: number): number {
    if (this.#state === 'end')
      throw new S3Error('InvalidRequest', 'There are bytes behind the last chunk.')
    const feed = bytes.indexOf(0x0a, offset)
    const end = feed === -1 ? bytes.length : feed
    this.#line += bytes.toString('latin1', offset, end)
    if (this.#line.length > LINE_BYTES_MAX)
      throw new S3Error('InvalidRequest', 'A line between two chunks is too long.')
    if (feed === -1) return bytes.length
    const line = this.#line.replace(/\r$/, '')
    this.#line = ''
    this.#takeLine(line)
    return feed + 1
  }

  #takeLine(line: string): void {
    if (this.#state === 'afterData') {
      if (line !== '') throw new S3Error('InvalidRequest', 'A chunk is longer than it says.')
      this.#state = 'size'
    } else if (this.#state === 'size') {
      this.#takeSize(line)
    } else if (line === '') {
      this.#endTrailer()
    } else {
      this.#takeTrailer(line)
    }
  }

  #takeSize(line: string): void {
    const match = /^([0-9a-fA-F]{1,13})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(line)
    if (match === null || (this.#chain !== undefined && match[2] === undefined)) {
      throw new S3Error('InvalidRequest', 'The head of a chunk could not be read.')
    }
    this.#remainingBytes = Number.parseInt(match[1]!, 16)
    this.#chunkSignature = match[2] ?? ''
    if (this.#remainingBytes > 0) {
      this.#state = 'data'
    } else {
      this.#chain?.checkChunk(this.#chunkSignature)
      this.#state = 'trailer'
    }
  }

  #takeTrailer(line: string): void {
    this.#trailerBytes += line.length
    const colon = line.indexOf(':')
    if (this.#announced === undefined || colon < 1 || this.#trailerBytes > LINE_BYTES_MAX) {
      throw new S3Error('MalformedTrailerError', 'The trailing headers could not be read.')
    }
    const name = line.slice(0, colon).trim().toLowerCase()
    if (
      (name !== 'x-amz-trailer-signature' && !this.#announced.has(name)) ||
      this.trailers.has(name)
    ) {
      throw new S3Error(
        'MalformedTrailerError',
        'A trailing header came twice, or x-amz-trailer does not name it.',
      )
    }
    this.trailers.set(name, line.slice(colon + 1).trim())
  }

  #endTrailer(): void {
    if (this.#announced !== undefined) this.#chain?.checkTrailer(this.trailers)
    this.#state = 'end'
  }
}

/** Each signature covers the one before it, so chunks cannot be changed, dropped or moved. */
class SignatureChain {
  readonly #signing: ChunkSigning
  #previous: string
  #hash: Hash = createHash('sha256')

  constructor(options: { chunk: ChunkSigning; seedSignature: string }) {
    this.#signing = options.chunk
    this.#previous = options.seedSignature
  }

  update(content: Uint8Array): void {
    this.#hash.update(content)
  }

  checkChunk(signature: string): void {
    this.#check('AWS4-HMAC-SHA256-PAYLOAD', [emptyHash, this.#hash.digest('hex')], signature)
    this.#hash = createHash('sha256')
  }

  checkTrailer(trailers: ReadonlyMap<string, string>): void {
    const text = [...trailers]
      .filter(([name]) => name !== 'x-amz-trailer-signature')
      .map(([name, value]) => `${name}:${value}\n`)
      .join('')
    const signature = trailers.get('x-amz-trailer-signature') ?? ''
    this.#check(
      'AWS4-HMAC-SHA256-TRAILER',
      [createHash('sha256').update(text).digest('hex')],
      signature,
    )
  }

  #check(algorithm: string, hashes: string[], signature: string): void {
    const { key, scope, dateTime } = this.#signing
    const text = [algorithm, dateTime, scope, this.#previous, ...hashes].join('\n')
    const expected = createHmac('sha256', key).update(text).digest('hex')
    const isEqual =
      signature.length === expected.length &&
      timingSafeEqual(Buffer.from(signature), Buffer.from(expected))
    if (!isEqual)
      throw new S3Error(
        'SignatureDoesNotMatch',
        'The signature of a chunk of the body does not match.',
      )
    this.#previous = expected
  }
}
