// The permission check before the operations of the S3 endpoint. Owns which actions on which
// resources an S3 call needs, under AWS's names; never touches an object.

import type { ContextValues } from '../../core/access/request-context.ts'
import { S3Error } from '../s3/s3-errors.ts'
import { copySourceOf, type S3Operation, type S3Target } from '../s3/s3-request.ts'
import type { Access, Origin, Principal } from './access.ts'

/** Checks one caller's permissions; created for each request. */
export interface S3Guard {
  /** Throws S3Error AccessDenied, before anything is touched. */
  demand(operation: S3Operation, target: S3Target, headers: Readonly<Record<string, unknown>>): void
  /**
   * Checks a key that the request's body names. `reads` is true if a condition reveals what is
   * there.
   */
  demandDelete(bucket: string, key: string, reads: boolean): void
  /** Whether the caller may list a bucket. If not, it must not learn that a key is missing. */
  mayList(bucket: string): boolean
}

/**
 * `keys` are keys that only the body names. Before the body is read, permission for any key is
 * enough; then each key is checked.
 */
type Subject = 'service' | 'bucket' | 'key' | 'keys'

/** Source: Amazon S3's table of actions. */
const ACTIONS: Readonly<Record<S3Operation, { action: string; subject: Subject }>> = {
  ListBuckets: { action: 's3:ListAllMyBuckets', subject: 'service' },
  GetBucketLocation: { action: 's3:GetBucketLocation', subject: 'bucket' },
  GetBucketVersioning: { action: 's3:GetBucketVersioning', subject: 'bucket' },
  ListMultipartUploads: { action: 's3:ListBucketMultipartUploads', subject: 'bucket' },
  ListObjectsV2: { action: 's3:ListBucket', subject: 'bucket' },
  ListObjects: { action: 's3:ListBucket', subject: 'bucket' },
  HeadBucket: { action: 's3:ListBucket', subject: 'bucket' },
  CreateBucket: { action: 's3:CreateBucket', subject: 'bucket' },
  DeleteBucket: { action: 's3:DeleteBucket', subject: 'bucket' },
  DeleteObjects: { action: 's3:DeleteObject', subject: 'keys' },
  ListParts: { action: 's3:ListMultipartUploadParts', subject: 'key' },
  GetObject: { action: 's3:GetObject', subject: 'key' },
  GetObjectAttributes: { action: 's3:GetObjectAttributes', subject: 'key' },
  GetObjectTagging: { action: 's3:GetObjectTagging', subject: 'key' },
  HeadObject: { action: 's3:GetObject', subject: 'key' },
  UploadPartCopy: { action: 's3:PutObject', subject: 'key' },
  UploadPart: { action: 's3:PutObject', subject: 'key' },
  CopyObject: { action: 's3:PutObject', subject: 'key' },
  PutObject: { action: 's3:PutObject', subject: 'key' },
  AbortMultipartUpload: { action: 's3:AbortMultipartUpload', subject: 'key' },
  DeleteObject: { action: 's3:DeleteObject', subject: 'key' },
  CreateMultipartUpload: { action: 's3:PutObject', subject: 'key' },
  CompleteMultipartUpload: { action: 's3:PutObject', subject: 'key' },
}

export function s3Guard(access: Access, principal: Principal, origin: Origin): S3Guard {
  const denial = (action: string, resource: string, values: ContextValues = {}) =>
    access.denial(principal, origin, { action, resource, values: [values] })
  const demandOf = (action: string, resource: string, values?: ContextValues) => {
    const message = denial(action, resource, values)
    if (message !== undefined) throw new S3Error('AccessDenied', message)
  }
  return {
    demand(operation, target, headers) {
      const { action, subject } = ACTIONS[operation]
      if (subject === 'keys') {
        const message = access.denialOfAll(principal, origin, {
          action,
          prefix: `${bucketArn(target.bucket)}/`,
        })
        if (message !== undefined) throw new S3Error('AccessDenied', message)
        return
      }
      demandOf(action, resourceOf(subject, target), listValues(target))
      // As in S3: comparing ETags reveals what is there.
      const isRead = operation === 'GetObjectAttributes' || comparesEtags(headers)
      if (subject === 'key' && isRead)
        demandOf('s3:GetObject', objectArn(target.bucket, target.key))
      const copied = headers['x-amz-copy-source']
      if (copied === undefined || (operation !== 'CopyObject' && operation !== 'UploadPartCopy'))
        return
      const source = copySourceOf(String(copied))
      demandOf('s3:GetObject', objectArn(source.bucket, source.key))
    },
    demandDelete(bucket, key, reads) {
      demandOf('s3:DeleteObject', objectArn(bucket, key))
      if (reads) demandOf('s3:GetObject', objectArn(bucket, key))
    },
    mayList: (bucket) => denial('s3:ListBucket', bucketArn(bucket)) === undefined,
  }
}

function comparesEtags(headers: Readonly<Record<string, unknown>>): boolean {
  return ['if-match', 'if-none-match'].some(
    (name) => headers[name] !== undefined && headers[name] !== '*',
  )
}

function resourceOf(subject: Exclude<Subject, 'keys'>, { bucket, key }: S3Target): string {
  if (subject === 'service') return 'arn:aws:s3:::*'
  return subject === 'bucket' ? bucketArn(bucket) : objectArn(bucket, key)
}

function bucketArn(bucket: string): string {
  return `arn:aws:s3:::${bucket}`
}

function objectArn(bucket: string, key: string): string {
  return `arn:aws:s3:::${bucket}/${key}`
}

/** The condition values of a listing. */
function listValues({ key, query }: S3Target): ContextValues {
  if (key !== '') return {}
  const names = ['prefix', 'delimiter', 'max-keys']
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = query.get(name)
      return value === null ? [] : [[`s3:${name}`, value]]
    }),
  )
}
