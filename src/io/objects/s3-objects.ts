// Objects in any S3: AWS, MinIO, Garage, or Heddle's own endpoint.
// Owns the translation of calls and errors; never creates or deletes a bucket.

import { finished, PassThrough, Readable } from 'node:stream'
import {
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { abortable, endBody, type ObjectBody } from './object-body.ts'
import { checkKey } from './object-names.ts'
import {
  type ByteRange,
  type ObjectInfo,
  type Objects,
  ObjectsError,
  type PutOptions,
} from './objects.ts'
import { demandS3Answers, noSuchBucket, objectsError } from './s3-answers.ts'
import { clearLeft, S3Put, TOKEN_NAME } from './s3-put.ts'
import { UploadNotes } from './upload-notes.ts'

export interface S3Credentials {
  accessKeyId: string
  secretAccessKey: string
  /** Set for temporary keys. */
  sessionToken?: string
}

export interface S3ObjectsOptions {
  endpoint: string
  region: string
  /** Uses `http://host/bucket/key` instead of `http://bucket.host/key`. */
  forcePathStyle: boolean
  credentials: S3Credentials
  /** Folder for notes of puts under way. */
  uploadsFolder: string
  /** Time limit for a request that moves no object's bytes. Default: 20 s. */
  answerLimitMs?: number
}

const ANSWER_LIMIT_MS_DEFAULT = 20_000

export class S3Objects implements Objects {
  readonly #client: S3Client
  readonly #notes: UploadNotes
  readonly #answerLimitMs: number

  constructor(options: S3ObjectsOptions) {
    this.#answerLimitMs = options.answerLimitMs ?? ANSWER_LIMIT_MS_DEFAULT
    const { endpoint, region, forcePathStyle, credentials, uploadsFolder } = options
    this.#notes = new UploadNotes(uploadsFolder, endpoint)
    this.#client = new S3Client({ endpoint, region, forcePathStyle, credentials })
    demandS3Answers(this.#client)
  }

  async close(): Promise<void> {
    this.#client.destroy()
  }

  async bucketExists(bucket: string): Promise<boolean> {
    try {
      await this.#client.send(new HeadBucketCommand({ Bucket: bucket }), this.#soon())
      return true
    } catch (error) {
      const mapped = objectsError(error, bucket, undefined)
      if (mapped.fault === 'NoSuchBucket') return false
      throw mapped
    }
  }

  async head(bucket: string, key: string, signal?: AbortSignal): Promise<ObjectInfo> {
    checkKey(key)
    try {
      const answer = await this.#client.send(
        new HeadObjectCommand({ Bucket: bucket, Key: key }),
        this.#soon(signal),
      )
      return infoOf(key, answer, answer.ContentLength ?? 0)
    } catch (error) {
      signal?.throwIfAborted()
      throw await this.#explain(error, bucket, key)
    }
  }

  async get(
    bucket: string,
    key: string,
    range?: ByteRange,
    signal?: AbortSignal,
  ): Promise<{ info: ObjectInfo; body: Readable }> {
    checkKey(key)
    const input = {
      Bucket: bucket,
      Key: key,
      ...(range === undefined ? {} : { Range: rangeText(range) }),
    }
    // Limits the time until the answer; the body may take longer.
    const late = new AbortController()
    const limit = setTimeout(() => late.abort(), this.#answerLimitMs)
    const abortSignal = signal === undefined ? late.signal : AbortSignal.any([late.signal, signal])
    try {
      const answer = await this.#client.send(new GetObjectCommand(input), { abortSignal })
      if (!(answer.Body instanceof Readable))
        throw new ObjectsError('Unavailable', 'The S3 endpoint sent no body.')
      const whole = /\/(\d+)$/.exec(answer.ContentRange ?? '')?.[1]
      const bytes = whole === undefined ? (answer.ContentLength ?? 0) : Number(whole)
      return { info: infoOf(key, answer, bytes), body: this.#watched(answer.Body, bucket, key) }
    } catch (error) {
      signal?.throwIfAborted()
      throw await this.#explain(error, bucket, key)
    } finally {
      clearTimeout(limit)
    }
  }

  /** Deletes the object of a put aborted at its very end: the endpoint may have got all of it. */
  async put(
    bucket: string,
    key: string,
    body: ObjectBody,
    options: PutOptions = {},
  ): Promise<ObjectInfo> {
    const { contentType, metadata = {}, signal } = options
    const [client, notes, answerLimitMs] = [this.#client, this.#notes, this.#answerLimitMs]
    const sending = new S3Put({ client, notes, bucket, key, answerLimitMs, signal })
    let bodyError: unknown
    /**
     * The upload keeps several chunks at once. Ending the body, not the upload, lets the upload end
     * its requests before it fails.
     */
    async function* copied(): AsyncGenerator<Buffer> {
      try {
        for await (const chunk of abortable(body, signal)) yield Buffer.from(chunk)
      } catch (error) {
        bodyError = error
        throw error
      }
    }
    const source = Readable.from(copied(), { objectMode: false })
    try {
      checkKey(key)
      const upload = new Upload({
        client: sending.client,
        leavePartsOnError: true,
        params: {
          Bucket: bucket,
          Key: key,
          Body: source,
          Metadata: { ...metadata, ...sending.metadata },
          ...(contentType === undefined ? {} : { ContentType: contentType }),
        },
      })
      await upload.done()
    } catch (error) {
      if (signal?.aborted === true || !(await sending.isStored())) {
        await sending.giveUp()
        signal?.throwIfAborted()
        if (error instanceof ObjectsError) throw error
        throw bodyError ?? (await this.#explain(error, bucket, key))
      }
    } finally {
      source.destroy()
      endBody(body)
    }
    try {
      const info = await this.head(bucket, key)
      await sending.succeed()
      return info
    } catch (error) {
      // A put reported as failed must leave no object.
      await sending.giveUp()
      throw error
    }
  }

  async keys(bucket: string, prefix: string, signal?: AbortSignal): Promise<string[]> {
    const keys: string[] = []
    try {
      const tokens = new Set<string>()
      for (let ContinuationToken: string | undefined; ; ) {
        const input = { Bucket: bucket, Prefix: prefix, ContinuationToken }
        const answer = await this.#client.send(new ListObjectsV2Command(input), this.#soon(signal))
        for (const { Key } of answer.Contents ?? []) if (Key !== undefined) keys.push(Key)
        ContinuationToken = answer.IsTruncated ? answer.NextContinuationToken : undefined
        if (ContinuationToken === undefined) return keys
        if (tokens.has(ContinuationToken))
          throw new ObjectsError(
            'Unavailable',
            `The list of the bucket '${bucket}' comes round to the same page again.`,
          )
        tokens.add(ContinuationToken)
      }
    } catch (error) {
      signal?.throwIfAborted()
      throw await this.#explain(error, bucket, prefix)
    }
  }

  async delete(bucket: string, key: string): Promise<void> {
    checkKey(key)
    try {
      await this.#client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }), this.#soon())
    } catch (error) {
      throw await this.#explain(error, bucket, key)
    }
  }

  /**
   * Begins an upload and aborts it. A test object would be visible, and the caller may lack the
   * permission to delete it.
   */
  async checkWritable(bucket: string, key: string): Promise<void> {
    checkKey(key)
    const [client, notes, answerLimitMs] = [this.#client, this.#notes, this.#answerLimitMs]
    const signal = this.#soon().abortSignal
    const trying = new S3Put({ client, notes, bucket, key, answerLimitMs, signal })
    try {
      await trying.client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key: key }))
    } catch (error) {
      const { fault, message } = objectsError(error, bucket, key)
      throw new ObjectsError(
        fault,
        `Nothing can be written to the bucket '${bucket}'. ${message}`,
        { cause: error },
      )
    } finally {
      await trying.giveUp()
    }
  }

  async clearAbandoned(): Promise<void> {
    const { left, faults } = await this.#notes.abandoned()
    for (const { path, note } of left) {
      try {
        await clearLeft(this.#client, note, this.#soon().abortSignal)
      } catch (error) {
        throw objectsError(error, note.bucket, note.key)
      }
      await this.#notes.remove(path)
    }
    if (faults.length > 0)
      throw new ObjectsError(
        'Unavailable',
        `notes of unfinished puts: ${faults.join('; ')}; remove them once nothing is left there`,
      )
  }

  /** Limits the time of a request: an endpoint may take it and never answer. */
  #soon(signal?: AbortSignal): { abortSignal: AbortSignal } {
    const late = AbortSignal.timeout(this.#answerLimitMs)
    return { abortSignal: signal === undefined ? late : AbortSignal.any([late, signal]) }
  }

  /** Wraps the body, which fails with an ObjectsError if the endpoint goes away or falls silent. */
  #watched(body: Readable, bucket: string, key: string): Readable {
    const through = new PassThrough()
    const limitMs = this.#answerLimitMs
    const silence = setTimeout(() => {
      // Nothing can arrive while the reader is slow, so this silence does not count.
      if (through.writableNeedDrain) silence.refresh()
      else body.destroy(new Error(`no byte has come for ${limitMs / 1000} s`))
    }, limitMs)
    body.on('data', () => silence.refresh())
    finished(body, { writable: false }, (cause) => {
      clearTimeout(silence)
      if (cause) through.destroy(objectsError(cause, bucket, key))
    })
    through.once('close', () => body.destroy())
    return body.pipe(through)
  }

  /**
   * Asks whether the bucket exists: an answer to HEAD has no body that tells a missing key from a
   * missing bucket.
   */
  async #explain(error: unknown, bucket: string, key: string): Promise<ObjectsError> {
    const mapped = objectsError(error, bucket, key)
    const isUnclear = error instanceof S3ServiceException && error.name === 'NotFound'
    if (isUnclear && !(await this.bucketExists(bucket))) return noSuchBucket(bucket, error)
    return mapped
  }
}

interface Described {
  ETag?: string | undefined
  LastModified?: Date | undefined
  ContentType?: string | undefined
  Metadata?: Record<string, string> | undefined
}

function infoOf(key: string, answer: Described, bytes: number): ObjectInfo {
  const { [TOKEN_NAME]: _, ...metadata } = answer.Metadata ?? {}
  return {
    key,
    bytes,
    etag: answer.ETag ?? '',
    modifiedAtMs: answer.LastModified?.getTime() ?? 0,
    metadata,
    ...(answer.ContentType === undefined ? {} : { contentType: answer.ContentType }),
  }
}

function rangeText(range: ByteRange): string {
  return `bytes=${range.first}-${range.last ?? ''}`
}
