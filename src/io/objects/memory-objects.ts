// An object store inside one process, for tests and for worlds that need no buckets.
// Owns the same behaviour as the lasting stores; its content ends with the process.

import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { abortable, endBody, type ObjectBody } from './object-body.ts'
import { clipRange } from './object-file.ts'
import { checkKey, compareUtf8 } from './object-names.ts'
import {
  type ByteRange,
  type ObjectInfo,
  type Objects,
  ObjectsError,
  type PutOptions,
} from './objects.ts'

export class MemoryObjects implements Objects {
  readonly #buckets = new Map<string, Map<string, { info: ObjectInfo; content: Buffer }>>()

  async createBucket(bucket: string): Promise<void> {
    if (this.#buckets.has(bucket))
      throw new ObjectsError('BucketExists', `The bucket '${bucket}' exists.`)
    this.#buckets.set(bucket, new Map())
  }

  async bucketExists(bucket: string): Promise<boolean> {
    return this.#buckets.has(bucket)
  }

  async head(bucket: string, key: string): Promise<ObjectInfo> {
    return this.#find(bucket, key).info
  }

  async get(
    bucket: string,
    key: string,
    range?: ByteRange,
  ): Promise<{ info: ObjectInfo; body: Readable }> {
    const { info, content } = this.#find(bucket, key)
    const { start, end } = clipRange(info.bytes, range)
    return { info, body: Readable.from([content.subarray(start, end + 1)], { objectMode: false }) }
  }

  async put(
    bucket: string,
    key: string,
    body: ObjectBody,
    options: PutOptions = {},
  ): Promise<ObjectInfo> {
    const { contentType, metadata = {}, signal } = options
    try {
      this.#keysOf(bucket)
      checkKey(key)
      const chunks: Buffer[] = []
      for await (const chunk of abortable(body, signal)) chunks.push(Buffer.from(chunk))
      signal?.throwIfAborted()
      const content = Buffer.concat(chunks)
      const info: ObjectInfo = {
        key,
        bytes: content.length,
        etag: `"${createHash('md5').update(content).digest('hex')}"`,
        modifiedAtMs: Date.now(),
        metadata,
        ...(contentType === undefined ? {} : { contentType }),
      }
      this.#keysOf(bucket).set(key, { info, content })
      return info
    } finally {
      endBody(body)
    }
  }

  async keys(bucket: string, prefix: string): Promise<string[]> {
    return [...this.#keysOf(bucket).keys()]
      .filter((key) => key.startsWith(prefix))
      .sort(compareUtf8)
  }

  async delete(bucket: string, key: string): Promise<void> {
    checkKey(key)
    this.#keysOf(bucket).delete(key)
  }

  async checkWritable(bucket: string): Promise<void> {
    this.#keysOf(bucket)
  }

  async clearAbandoned(): Promise<void> {
    // Nothing to do: a process that dies takes the whole store with it.
  }

  async close(): Promise<void> {
    this.#buckets.clear()
  }

  #keysOf(bucket: string) {
    const keys = this.#buckets.get(bucket)
    if (keys === undefined)
      throw new ObjectsError('NoSuchBucket', `There is no bucket '${bucket}'.`)
    return keys
  }

  #find(bucket: string, key: string) {
    checkKey(key)
    const found = this.#keysOf(bucket).get(key)
    if (found === undefined)
      throw new ObjectsError('NoSuchKey', `The bucket '${bucket}' has no object '${key}'.`)
    return found
  }
}
