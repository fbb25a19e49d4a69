// The types between the HTTP server and the code of the operations. Owns the types; does nothing
// itself.

import type { ApiErrorCode } from '../../core/api/errors.ts'
import type { InputOf, OperationName, OutputOf } from '../../core/api/operations.ts'
import type { Origin } from '../access/access.ts'

/**
 * One function per operation. It gets valid input and refuses by throwing an ApiError; anything
 * else it throws becomes a 500. It must not change an output after returning it, but may return it
 * again.
 */
export type OperationHandlers = {
  readonly [Name in OperationName]: (
    input: InputOf<Name>,
    call: CallContext,
  ) => Promise<OutputOf<Name>>
}

export interface CallContext {
  /** The UUID that the caller sees as `x-amzn-RequestId`. */
  readonly requestId: string
  readonly caller: Caller
  readonly origin: Origin
  /**
   * Aborted, with an ApiError, if the caller disconnects before its answer; absent if there is no
   * caller who could.
   */
  readonly signal?: AbortSignal
}

export interface Caller {
  readonly accessKeyId: string
  /** The token of temporary keys. */
  readonly sessionToken?: string
  /** The caller's ARN, e.g. `arn:aws:iam::111122223333:user/alice`. */
  readonly arn: string
}

/** A request as it came, for the check of its signature: nothing is decoded or normalised. */
export interface RawRequest {
  readonly method: string
  /** Path and query. */
  readonly url: string
  /** Names in lower case; a repeated header has all its values. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Empty if there was none. */
  readonly body: Uint8Array
}

/** Finds out who is calling. An exception becomes a 500. */
export type Authenticate = (request: RawRequest) => Authentication | Promise<Authentication>

type Authentication =
  | { readonly ok: true; readonly caller: Caller }
  | { readonly ok: false; readonly error: ApiErrorCode; readonly message: string }
