// The errors of the S3 endpoint: code, status, and what failures of the store and of signatures
// become. Owns the registry; never puts a path or a secret into a message.

import { filesFault } from '../../base/files-fault.ts'
import type { SignatureReason, SignatureRefusal } from '../../core/api/signature.ts'
import { ObjectsError, type ObjectsFault } from '../../io/objects/objects.ts'

const statusOfCode = {
  AccessDenied: 403,
  AuthorizationHeaderMalformed: 400,
  BadDigest: 400,
  BucketAlreadyOwnedByYou: 409,
  BucketNotEmpty: 409,
  EntityTooLarge: 400,
  ExpiredToken: 400,
  IllegalLocationConstraintException: 400,
  IncompleteBody: 400,
  InternalError: 500,
  InvalidAccessKeyId: 403,
  InvalidArgument: 400,
  InvalidBucketName: 400,
  InvalidDigest: 400,
  InvalidPart: 400,
  InvalidPartOrder: 400,
  InvalidRange: 416,
  InvalidRequest: 400,
  InvalidToken: 400,
  InvalidURI: 400,
  KeyTooLongError: 400,
  MalformedTrailerError: 400,
  MalformedXML: 400,
  MethodNotAllowed: 405,
  MissingContentLength: 411,
  NoSuchBucket: 404,
  NoSuchKey: 404,
  NoSuchUpload: 404,
  NotImplemented: 501,
  PreconditionFailed: 412,
  RequestTimeTooSkewed: 403,
  ServiceUnavailable: 503,
  SignatureDoesNotMatch: 403,
  SlowDown: 503,
  StorageFull: 507,
  XAmzContentSHA256Mismatch: 400,
} as const

export type S3ErrorCode = keyof typeof statusOfCode

export class S3Error extends Error {
  readonly code: S3ErrorCode
  readonly status: number
  /** More elements of the error's XML. */
  readonly details: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>

  constructor(
    code: S3ErrorCode,
    message: string,
    more: {
      details?: Record<string, string>
      headers?: Record<string, string>
      cause?: unknown
    } = {},
  ) {
    super(message, { cause: more.cause })
    this.name = 'S3Error'
    this.code = code
    this.status = statusOfCode[code]
    this.details = more.details ?? {}
    this.headers = { ...(this.status === 503 && { 'retry-after': '1' }), ...more.headers }
  }
}

const codeOfFault: Record<ObjectsFault, S3ErrorCode> = {
  NoSuchBucket: 'NoSuchBucket',
  NoSuchKey: 'NoSuchKey',
  NoSuchUpload: 'NoSuchUpload',
  AccessDenied: 'AccessDenied',
  InvalidName: 'InvalidArgument',
  InvalidRange: 'InvalidRange',
  InvalidPart: 'InvalidPart',
  PreconditionFailed: 'PreconditionFailed',
  BucketExists: 'BucketAlreadyOwnedByYou',
  BucketNotEmpty: 'BucketNotEmpty',
  NoSpace: 'StorageFull',
  Damaged: 'InternalError',
  Unavailable: 'ServiceUnavailable',
}

const codeOfReason: Record<SignatureReason, S3ErrorCode> = {
  missing: 'AccessDenied',
  malformed: 'AuthorizationHeaderMalformed',
  unknownKey: 'InvalidAccessKeyId',
  wrongRegion: 'AuthorizationHeaderMalformed',
  wrongService: 'AuthorizationHeaderMalformed',
  skewed: 'RequestTimeTooSkewed',
  expired: 'AccessDenied',
  expiredToken: 'ExpiredToken',
  invalidToken: 'InvalidToken',
  unsignedHeaders: 'AccessDenied',
  wrongBodyHash: 'XAmzContentSHA256Mismatch',
  mismatch: 'SignatureDoesNotMatch',
}

/** Clients read the expected region from the error, and sign again. */
export function errorOfRefusal(refusal: SignatureRefusal, region: string): S3Error {
  const details: Record<string, string> = refusal.reason === 'wrongRegion' ? { Region: region } : {}
  return new S3Error(codeOfReason[refusal.reason], refusal.message, { details })
}

/**
 * Turns anything thrown while a request is answered into an error to send. Unforeseen ones become
 * an InternalError without details.
 */
export function s3ErrorOf(error: unknown): S3Error {
  if (error instanceof S3Error) return error
  if (error instanceof ObjectsError)
    return new S3Error(codeOfFault[error.fault], error.message, { cause: error })
  const files = filesFault(error)
  if (files !== undefined) return new S3Error('ServiceUnavailable', `${files}.`, { cause: error })
  return new S3Error('InternalError', 'The request failed inside the server.', { cause: error })
}
