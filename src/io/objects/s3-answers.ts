// Judges the answers of an S3 endpoint: whether an S3 sent them, and which fault an error is.
// Owns these two judgements; never sends anything.

import { STATUS_CODES } from 'node:http'
import { type S3Client, S3ServiceException } from '@aws-sdk/client-s3'
import { ObjectsError, type ObjectsFault } from './objects.ts'

interface Answer {
  $metadata: { httpStatusCode?: number }
  Body?: { destroy?(): void }
}

/**
 * What every S3 puts into a good answer, by command; the page of a proxy or a login does not have
 * it.
 */
const signOfS3: Readonly<Record<string, string>> = {
  HeadObjectCommand: 'ETag',
  GetObjectCommand: 'ETag',
  PutObjectCommand: 'ETag',
  UploadPartCommand: 'ETag',
  CreateMultipartUploadCommand: 'UploadId',
  CompleteMultipartUploadCommand: 'ETag',
  ListMultipartUploadsCommand: 'Bucket',
  ListObjectsV2Command: 'Name',
  ListBucketsCommand: 'Buckets',
}
/** Good answers to these commands have no content. */
const commandsWithoutContent: ReadonlySet<string> = new Set([
  'DeleteObjectCommand',
  'AbortMultipartUploadCommand',
])
const NO_CONTENT = 204

/**
 * Makes the client throw ObjectsError Unavailable for a good answer that no S3 sent: nothing was
 * done.
 */
export function demandS3Answers(client: S3Client): void {
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        const result = await next(args)
        const answer = result.output as unknown as Answer
        const sign = signOfS3[commandName]
        const status = answer.$metadata.httpStatusCode
        const isOfS3 = commandsWithoutContent.has(commandName)
          ? status === NO_CONTENT
          : sign === undefined || (answer as unknown as Record<string, unknown>)[sign] !== undefined
        if (isOfS3) return result
        answer.Body?.destroy?.()
        const said =
          sign === undefined ? `${statusText(status)}` : `${statusText(status)} without ${sign}`
        throw noS3(`${commandName.replace(/Command$/, '')} was answered ${said}`)
      },
    { step: 'initialize', name: 'demandS3Answers' },
  )
}

const faultOfName: Record<string, ObjectsFault> = {
  NoSuchBucket: 'NoSuchBucket',
  NoSuchKey: 'NoSuchKey',
  NoSuchUpload: 'NoSuchUpload',
  InvalidRange: 'InvalidRange',
  InvalidBucketName: 'InvalidName',
  KeyTooLongError: 'InvalidName',
  StorageFull: 'NoSpace',
  XMinioStorageFull: 'NoSpace',
  QuotaExceeded: 'NoSpace',
}

const faultOfStatus: Record<number, ObjectsFault> = {
  401: 'AccessDenied',
  403: 'AccessDenied',
  416: 'InvalidRange',
  507: 'NoSpace',
}

/** Turns an error of the client into an ObjectsError that names the place. */
export function objectsError(
  error: unknown,
  bucket: string,
  key: string | undefined,
): ObjectsError {
  if (error instanceof ObjectsError) return error
  const cause = { cause: error }
  const place = key === undefined ? `the bucket '${bucket}'` : `'${key}' in the bucket '${bucket}'`
  const status = statusOf(error)
  if (status === undefined) {
    const text = errorText(error)
    if (text.startsWith('Checksum mismatch'))
      return new ObjectsError(
        'Damaged',
        `The bytes of ${place} have another checksum than the S3 endpoint says.`,
        cause,
      )
    return new ObjectsError(
      'Unavailable',
      `The S3 endpoint could not be reached for ${place}: ${text}.`,
      cause,
    )
  }
  const isOfS3 = error instanceof S3ServiceException
  if (!isOfS3 && status < 300) return noS3(`for ${place} it sent what can't be read`, error)
  const notFound = key === undefined ? 'NoSuchBucket' : 'NoSuchKey'
  const fault = isOfS3
    ? (faultOfName[error.name] ?? (status === 404 ? notFound : undefined))
    : undefined
  if (fault === 'NoSuchBucket') return noSuchBucket(bucket, error)
  const message = `The S3 endpoint refused ${place}: ${refusalText(error)}.`
  return new ObjectsError(fault ?? faultOfStatus[status] ?? 'Unavailable', message, cause)
}

export function noSuchBucket(bucket: string, cause: unknown): ObjectsError {
  return new ObjectsError('NoSuchBucket', `There is no bucket '${bucket}'.`, { cause })
}

/**
 * Returns the code of an S3's error; the status if there is none, as in answers to HEAD; else the
 * error's own text.
 */
export function refusalText(error: unknown): string {
  const status = statusOf(error)
  const hasCode = error instanceof S3ServiceException && !codesOfNobody.has(error.name)
  if (hasCode) return error.name
  return status === undefined || status < 300 ? errorText(error) : statusText(status)
}

/** Codes that the client gives to errors without one. */
const codesOfNobody: ReadonlySet<string> = new Set(['Unknown', 'UnknownError', 'NotFound'])

function noS3(what: string, cause?: unknown): ObjectsError {
  const message =
    'What answers at the S3 endpoint is no S3, perhaps a proxy or a page to sign in at: ' +
    `${what}.`
  return new ObjectsError('Unavailable', message, { cause })
}

/** Returns the status of the answer behind an error; undefined if there was no answer. */
function statusOf(error: unknown): number | undefined {
  const { $metadata: metadata } = (error ?? {}) as Partial<Answer>
  return metadata?.httpStatusCode
}

function statusText(status: number | undefined): string {
  return `${status} ${STATUS_CODES[status ?? 0] ?? ''}`.trim()
}

/** Some errors of connections have a code but no message. */
function errorText(error: unknown): string {
  const { message, code, name } = error as NodeJS.ErrnoException
  return (message || code || name || String(error)).split('\n')[0].replace(/\.$/, '')
}
