// What SDK calls throw where they refuse or fail, with the code that says why.
// Never for a fault of the SDK itself: that is a failed assertion.

export type ErrorCode =
  /** The simulation, or this app, shuts down: destroy the application and exit. */
  | 'ShuttingDown'
  | 'InvalidArgument'
  /** A limit is reached, or the machine has no room. Nothing was changed. */
  | 'CapacityExceeded'
  /** The entity belongs to another partition. */
  | 'NotOwned'
  | 'NotFound'
  /** A call out of order: no update is open, or one already is. */
  | 'InvalidState'
  /** This process was not started by a Heddle worker, or the worker is gone. */
  | 'NotConnected'

export class HeddleError extends Error {
  readonly code: ErrorCode
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(`${code}: ${message}`, options)
    this.name = 'HeddleError'
    this.code = code
  }
}
