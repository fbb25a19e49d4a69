// The faults that end a start in FAILED, as the API shows them in `StartError`.
// Owns the names and the text form; never decides whether something is a fault.

export type StartErrorType =
  | 'SchemaFormatInvalid'
  | 'SchemaNotFound'
  | 'SnapshotNotFound'
  | 'SnapshotInvalid'
  | 'PackageNotFound'
  | 'PackageInvalid'
  | 'AppLaunchFailed'
  | 'AppFailed'
  | 'CapacityExceeded'
  | 'InternalError'

export interface StartError {
  errorType: StartErrorType
  errorMessage: string
}

/** `StartError` of DescribeSimulation: a string that holds a JSON array. */
export function startErrorText(errors: readonly StartError[]): string {
  return JSON.stringify(errors)
}
