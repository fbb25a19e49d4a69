// The interface to buckets and objects, whoever keeps them.
// Owns the shapes and the failures; never speaks HTTP.

import type { Readable } from 'node:stream'
import type { ObjectBody } from './object-body.ts'

export interface ObjectInfo {
  key: string
  bytes: number
  /** Quoted, as S3 sends it. */
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
  /** What came has not the checksum that was said. */
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

/** What the worker and control need of an object store. The embedded store has more, for its S3 endpoint. */
export interface Objects {
  bucketExists(bucket: string): Promise<boolean>
  /** Throws ObjectsError NoSuchBucket or NoSuchKey, and the signal's reason where it ends the call. */
  head(bucket: string, key: string, signal?: AbortSignal): Promise<ObjectInfo>
  /**
   * The body is to be read or destroyed. `info.bytes` is the size of the whole object; `last` is included, and cut at the end.
   * Throws ObjectsError NoSuchBucket, NoSuchKey, or InvalidRange where nothing lies in the range; the body breaks with one where the store goes away,
   * or (Damaged) where what came is not what was put; `readObject` tries again. The signal ends the call, which then throws its reason, or the body.
   */
  get(
    bucket: string,
    key: string,
    range?: ByteRange,
    signal?: AbortSignal,
  ): Promise<{ info: ObjectInfo; body: Readable }>
  /**
   * Streams; the object appears under its key whole or not at all. Aborting leaves nothing behind.
   * An error of the body itself is thrown as it is; failures of the store are ObjectsErrors.
   */
  put(bucket: string, key: string, body: ObjectBody, options?: PutOptions): Promise<ObjectInfo>
  /** All keys that begin with the prefix, in byte order. Throws ObjectsError NoSuchBucket, and the signal's reason where it ends the call. */
  keys(bucket: string, prefix: string, signal?: AbortSignal): Promise<string[]>
  /** Deleting what isn't there succeeds. Throws ObjectsError NoSuchBucket. */
  delete(bucket: string, key: string): Promise<void>
  /** Throws ObjectsError NoSuchBucket or AccessDenied, naming the bucket, where an object could not be put under the key. At no moment is anything there. */
  checkWritable(bucket: string, key: string): Promise<void>
  /**
   * Clears away what puts have left in the store whose process was killed, or could not reach it any more. Nothing of a put that is
   * under way is touched. Throws ObjectsError where the store can't be reached: to be tried again.
   */
  clearAbandoned(): Promise<void>
  close(): Promise<void>
}
