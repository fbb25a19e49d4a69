// What the HTTP server asks of the code that does the operations, and what it knows about a caller.
// Owns the types between the two; never does anything.

import type { ApiErrorCode } from '../../core/api/errors.ts'
import type { InputOf, OperationName, OutputOf } from '../../core/api/operations.ts'
import type { Origin } from '../access/access.ts'

/**
 * One function an operation. It gets valid input; it refuses by throwing an ApiError; anything else it throws is a 500. What it has
 * answered it never changes: it may answer with it again.
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
  /** Aborted, with an ApiError, where the caller goes away without its answer; absent where there is none who could. */
  readonly signal?: AbortSignal
}

export interface Caller {
  readonly accessKeyId: string
  /** Of temporary keys. */
  readonly sessionToken?: string
  /** Who that is, e.g. `arn:aws:iam::111122223333:user/alice`. */
  readonly arn: string
}

/** A request as it came, for the check of its signature: nothing is decoded or normalised. */
export interface RawRequest {
  readonly method: string
  /** Path and query. */
  readonly url: string
  /** Names in lower case; of a header that was sent several times, all values. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Empty where there was none. */
  readonly body: Uint8Array
}

/** Finds out who asks. Throwing is a 500. */
export type Authenticate = (request: RawRequest) => Authentication | Promise<Authentication>

type Authentication =
  | { readonly ok: true; readonly caller: Caller }
  | { readonly ok: false; readonly error: ApiErrorCode; readonly message: string }
