// The errors of the STS endpoint: its names for the API's errors. Owns the names; the API's
// registry has the statuses and texts.

import { API_ERRORS, type ApiErrorCode, type ApiErrorEntry } from '../../core/api/errors.ts'

/** Errors that AWS's query protocol names differently than the API. */
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
      // The rest of the body may still be missing, so the next request on this connection would
      // time out too.
      ...(entry.status === API_ERRORS.RequestTimeoutException.status && { connection: 'close' }),
    }
  }
}

export function stsErrorOf({ code, message }: { code: ApiErrorCode; message: string }): StsError {
  return new StsError(codeOf[code] ?? 'ValidationError', message, API_ERRORS[code])
}
