// The registry of API errors: code, HTTP status and meaning. Owns the codes and the error class;
// never writes an answer (control/http does).

export interface ApiErrorEntry {
  readonly status: number
  readonly meaning: string
  /** Sent as the answer's `Retry-After`: when a caller may try again. */
  readonly retryAfterSeconds?: number
}

export const API_ERRORS = {
  // Declared by operations
  ValidationException: {
    status: 400,
    meaning: 'The input breaks a rule, or asks for something that can never be done.',
  },
  TooManyTagsException: { status: 400, meaning: 'The resource would have too many tags.' },
  ServiceQuotaExceededException: {
    status: 402,
    meaning: 'The request would exceed a quota.',
  },
  AccessDeniedException: { status: 403, meaning: 'The caller is not allowed to do this.' },
  ResourceNotFoundException: { status: 404, meaning: 'The resource does not exist.' },
  ConflictException: {
    status: 409,
    meaning: 'The resource already exists, or its state does not allow this.',
  },
  InternalServerException: {
    status: 500,
    meaning: 'A fault in the server; its log has the cause.',
  },

  // Common to all services, before an operation is reached
  SerializationException: {
    status: 400,
    meaning: 'The request cannot be read: malformed JSON, or a value of the wrong type.',
  },
  MissingAuthenticationTokenException: { status: 403, meaning: 'The request is not signed.' },
  UnrecognizedClientException: { status: 403, meaning: 'The access key is unknown.' },
  InvalidSignatureException: {
    status: 403,
    meaning: 'The signature does not match the request, or is for another time, region or service.',
  },
  ExpiredTokenException: {
    status: 403,
    meaning: 'The credentials, or the signed address, are no longer valid.',
  },
  UnknownOperationException: { status: 404, meaning: 'No operation has this path and method.' },
  RequestTimeoutException: {
    status: 408,
    meaning: 'The request did not arrive completely in time.',
  },
  RequestEntityTooLargeException: {
    status: 413,
    meaning: 'The body is larger than a request may be.',
  },
  ServiceUnavailableException: {
    status: 503,
    meaning: 'The server is overloaded; retry after ' + '`Retry-After` seconds.',
    retryAfterSeconds: 1,
  },
} as const satisfies Readonly<Record<string, ApiErrorEntry>>

export type ApiErrorCode = keyof typeof API_ERRORS

/** The service's own limit for messages. */
export const MESSAGE_LENGTH_MAX = 1600

/**
 * An answer other than success. Callers see the message, so it says what is wrong and never reveals
 * internals.
 */
export class ApiError extends Error {
  readonly code: ApiErrorCode

  constructor(code: ApiErrorCode, message: string, options?: ErrorOptions) {
    super(
      message.length > MESSAGE_LENGTH_MAX
        ? `${message.slice(0, MESSAGE_LENGTH_MAX - 1)}…`
        : message,
      options,
    )
    this.name = 'ApiError'
    this.code = code
  }

  get status(): number {
    return API_ERRORS[this.code].status
  }

  get retryAfterSeconds(): number | undefined {
    const entry: ApiErrorEntry = API_ERRORS[this.code]
    return entry.retryAfterSeconds
  }
}
