// How a call can fail: the service refused it, nobody answered, or what was waited for can't come
// any more.
// Owns the three classes; never decides which of them it is.

import type { ApiErrorCode } from '../../../src/core/api/errors.ts'
import type { OPERATIONS, OperationName } from '../../../src/core/api/operations.ts'

/**
 * The codes that an operation declares. Those of signatures and unreadable requests can come from
 * any operation besides.
 */
export type DeclaredErrorOf<Name extends OperationName> =
  (typeof OPERATIONS)[Name]['errors'][number]

/** An answer other than success. The message is the service's own. */
export class HeddleApiError extends Error {
  override readonly name = 'HeddleApiError'
  readonly operation: OperationName
  /**
   * A code of the registry; text of any other form comes from what stands between client and
   * service.
   */
  readonly code: ApiErrorCode | (string & {})
  /** HTTP status. */
  readonly status: number
  /** Names the request in the service's log; empty where the answer came from somebody else. */
  readonly requestId: string

  constructor(
    operation: OperationName,
    code: string,
    message: string,
    status: number,
    requestId: string,
  ) {
    super(message)
    this.operation = operation
    this.code = code
    this.status = status
    this.requestId = requestId
  }
}

/**
 * No answer, or none that could be read. Whether the service has done the operation is not known.
 */
export class HeddleConnectionError extends Error {
  override readonly name = 'HeddleConnectionError'
}

/** What was waited for has become impossible, or took too long. */
export class HeddleWaitError extends Error {
  override readonly name = 'HeddleWaitError'
  readonly reason: 'failed' | 'timeout'
  /** The last status that was seen. */
  readonly status: string

  constructor(reason: 'failed' | 'timeout', status: string, message: string) {
    super(message)
    this.reason = reason
    this.status = status
  }
}

export interface StartErrorReason {
  readonly errorType: string
  readonly errorMessage: string
  /**
   * Where the world of a simulation is saved that failed for an app's sake: `s3://bucket/key`, or a
   * file of Heddle's machine.
   */
  readonly savedWorld?: string
}

/** What `StartError` packs into one text; nothing where it has another form. */
export function startErrorReasons(text: string): StartErrorReason[] {
  let reasons: unknown
  try {
    reasons = JSON.parse(text)
  } catch {
    return [] // plain words
  }
  if (!Array.isArray(reasons)) return []
  return reasons.map((reason) => ({
    errorType: String(reason?.errorType),
    errorMessage: String(reason?.errorMessage),
    ...(typeof reason?.savedWorld === 'string' && { savedWorld: reason.savedWorld }),
  }))
}
