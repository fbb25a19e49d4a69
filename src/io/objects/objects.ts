// The interface to buckets and objects, whoever keeps them.
// Owns the shapes and the failures; never speaks HTTP.

import type { Readable } from 'node:stream'

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
  | 'NoSpace'
  | 'Unavailable'

export class ObjectsError extends Error {
  readonly fault: ObjectsFault
  constructor(fault: ObjectsFault, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ObjectsError'
    this.fault = fault
  }
}

/** What the worker and control need of an object store. The embedded store has more, for its S3 endpoint. */
export interface Objects {
  bucketExists(bucket: string): Promise<boolean>
  /** Throws ObjectsError NoSuchBucket or NoSuchKey. */
  head(bucket: string, key: string): Promise<ObjectInfo>
  get(bucket: string, key: string, range?: { first: number; last?: number }): Promise<{ info: ObjectInfo; body: Readable }>
  /** Streams; the object appears under its key whole or not at all. Aborting leaves nothing behind. */
  put(
    bucket: string,
    key: string,
    body: Readable,
    options?: { contentType?: string; metadata?: Record<string, string>; signal?: AbortSignal },
  ): Promise<ObjectInfo>
  delete(bucket: string, key: string): Promise<void>
  /** Throws ObjectsError NoSuchBucket or AccessDenied, naming the bucket, where nothing could be written. */
  checkWritable(bucket: string): Promise<void>
  close(): Promise<void>
}
