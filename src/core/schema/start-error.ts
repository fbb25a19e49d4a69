// The faults that end a simulation in FAILED, in its start or later, as the API shows them in `StartError`.
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
  /** Of a simulation that failed for an app's sake: where its world is saved, as `s3://bucket/key` or a file's path. */
  savedWorld?: string
}

/** `StartError` of DescribeSimulation: a string that holds a JSON array. */
export function startErrorText(errors: readonly StartError[]): string {
  return JSON.stringify(errors)
}
