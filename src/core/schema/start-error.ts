// The faults that put a simulation into FAILED, at its start or later, as the API shows them in
// `StartError`. Owns the names and the text form; never decides whether something is a fault.

import { z } from 'zod'

const startErrorTypeShape = z.enum([
  'SchemaFormatInvalid',
  'SchemaNotFound',
  'SnapshotNotFound',
  'SnapshotInvalid',
  'PackageNotFound',
  'PackageInvalid',
  'AppLaunchFailed',
  'AppFailed',
  'CapacityExceeded',
  'InternalError',
])
export type StartErrorType = z.infer<typeof startErrorTypeShape>

export const startErrorShape = z.object({
  errorType: startErrorTypeShape,
  errorMessage: z.string(),
  /**
   * Where the world of a simulation that failed because of an app is saved: `s3://bucket/key` or a
   * file's path.
   */
  savedWorld: z.string().optional(),
})
export type StartError = z.infer<typeof startErrorShape>

/** `StartError` of DescribeSimulation: a string that contains a JSON array. */
export function startErrorText(errors: readonly StartError[]): string {
  return JSON.stringify(errors)
}

/** For people: a line for each. */
export function startErrorLines(errors: readonly StartError[]): string {
  return errors.map(({ errorType, errorMessage }) => `${errorType}: ${errorMessage}`).join('\n')
}
