// The interface to buckets and objects, independent of the store.
// Owns the shapes and the failures; never speaks HTTP.

import type { Readable } from 'node:stream'
import type { ObjectBody } from './object-body.ts'

export interface ObjectInfo {
  key: string
  bytes: number
  /** In quotes, as S3 sends it. */
  etag: string
  modifiedAtMs: number
  contentType?: string
  /** User metadata, keys in lower case without `x-amz-meta-`. */
  metadata: Record<string, string>
}

export type ObjectsFault =
  | 'NoSuchBucket'
  | 'NoSuchKey'
  | 'NoSuchUpload'
  | 'AccessDenied'
  | 'InvalidName'
  | 'InvalidRange'
  | 'InvalidPart'
  | 'PreconditionFailed'
  | 'BucketExists'
  | 'BucketNotEmpty'
  | 'NoSpace'
  /** The content does not match the checksum that the client sent. */
  | 'Damaged'
  | 'Unavailable'

export class ObjectsError extends Error {
  readonly fault: ObjectsFault
  constructor(fault: ObjectsFault, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ObjectsError'
    this.fault = fault
  }
}

export interface ByteRange {
  first: number
  last?: number
}

export interface PutOptions {
  contentType?: string
  metadata?: Record<string, string>
  signal?: AbortSignal
}

/**
 * What the worker and control need from an object store. The embedded store offers more, for its S3
 * endpoint.
 */
export interface Objects {
  bucketExists(bucket: string): Promise<boolean>
  /** Throws ObjectsError NoSuchBucket or NoSuchKey, and the signal's reason if it ends the call. */
  head(bucket: string, key: string, signal?: AbortSignal): Promise<ObjectInfo>
  /**
   * The caller must read or destroy the body. `info.bytes` is the size of the whole object; `last`
   * is inclusive, and cut at the object's end. Throws ObjectsError NoSuchBucket, NoSuchKey, or
   * InvalidRange if the range is empty. The body fails with an ObjectsError if the store goes away,
   * and with Damaged if the content is not what was put; `readObject` tries again. The signal ends
   * the call, which then throws its reason, or the body.
   */
  get(
    bucket: string,
    key: string,
    range?: ByteRange,
    signal?: AbortSignal,
  ): Promise<{ info: ObjectInfo; body: Readable }>
  /**
   * Streams the body; the object appears under its key whole or not at all. An aborted put leaves
   * nothing behind. Throws errors of the body as they are, and failures of the store as
   * ObjectsErrors.
   */
  put(bucket: string, key: string, body: ObjectBody, options?: PutOptions): Promise<ObjectInfo>
  /**
   * Returns all keys that begin with the prefix, in byte order. Throws ObjectsError NoSuchBucket,
   * and the signal's reason if it ends the call.
   */
  keys(bucket: string, prefix: string, signal?: AbortSignal): Promise<string[]>
  /** Succeeds if the object does not exist. Throws ObjectsError NoSuchBucket. */
  delete(bucket: string, key: string): Promise<void>
  /**
   * Checks that an object could be put under the key, without ever putting one there. Throws
   * ObjectsError NoSuchBucket or AccessDenied, naming the bucket.
   */
  checkWritable(bucket: string, key: string): Promise<void>
  /**
   * Removes what puts left in the store after their process was killed or lost the store. Leaves
   * puts under way alone. Throws ObjectsError if the store is unreachable: try again later.
   */
  clearAbandoned(): Promise<void>
  close(): Promise<void>
}
