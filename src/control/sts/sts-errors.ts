// The errors of the STS endpoint: what the API's own errors are called there.
// Owns the names; the statuses and words are those of the API's registry.

import { API_ERRORS, type ApiErrorCode, type ApiErrorEntry } from '../../core/api/errors.ts'

/** Names that the query protocol of AWS has for what the API calls differently. */
const codeOf: Partial<Record<ApiErrorCode, string>> = {
  MissingAuthenticationTokenException: 'MissingAuthenticationToken',
  UnrecognizedClientException: 'InvalidClientTokenId',
  InvalidSignatureException: 'SignatureDoesNotMatch',
  ExpiredTokenException: 'ExpiredToken',
  RequestTimeoutException: 'RequestTimeout',
  RequestEntityTooLargeException: 'RequestEntityTooLarge',
  ServiceUnavailableException: 'ServiceUnavailable',
  InternalServerException: 'InternalFailure',
}

export class StsError extends Error {
  readonly code: string
  readonly status: number
  readonly headers: Readonly<Record<string, string>>

  constructor(
    code: string,
    message: string,
    entry: Omit<ApiErrorEntry, 'meaning'> = { status: 400 },
  ) {
    super(message)
    this.name = 'StsError'
    this.code = code
    this.status = entry.status
    this.headers = {
      ...(entry.retryAfterSeconds !== undefined && {
        'retry-after': String(entry.retryAfterSeconds),
      }),
      // What comes after it, if anything, would have to be waited for again.
      ...(entry.status === API_ERRORS.RequestTimeoutException.status && { connection: 'close' }),
    }
  }
}

export function stsErrorOf({ code, message }: { code: ApiErrorCode; message: string }): StsError {
  return new StsError(codeOf[code] ?? 'ValidationError', message, API_ERRORS[code])
}
