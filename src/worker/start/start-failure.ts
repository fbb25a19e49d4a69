// The error that ends a start. It is thrown anywhere on the way and shown as a StartError.
// Owns its making; never decides what follows from it.

import { filesFault } from '../../base/files-fault.ts'
import {
  type StartError,
  type StartErrorType,
  startErrorLines,
} from '../../core/schema/start-error.ts'

export class StartFailure extends Error {
  readonly errors: readonly StartError[]
  constructor(errors: readonly StartError[], options?: ErrorOptions) {
    super(startErrorLines(errors), options)
    this.name = 'StartFailure'
    this.errors = errors
  }
}

/** Turns any failure of a start into a StartFailure, and says so if too many files were open. */
export function failureOf(cause: unknown): StartFailure {
  if (cause instanceof StartFailure) return cause
  const message = (cause as Error).message
  const files = filesFault(cause)
  return files === undefined
    ? startFailure('InternalError', message, cause)
    : startFailure('CapacityExceeded', `${files}: ${message}`, cause)
}

/**
 * Throws if a world of that many apps could not open all its files. Call it before anything starts.
 */
export function requireFiles(apps: number, filesMax: number): void {
  const needed = FILES_OF_WORKER + apps * FILES_OF_APP
  if (needed <= filesMax) return
  throw startFailure(
    'CapacityExceeded',
    `${apps} apps need ${needed} open files, and the worker may have ${filesMax}: ` +
      'raise the limit of open files (ulimit -n) of heddle up',
  )
}

/** Files of the worker, its clock and a snapshot: measured, with some reserve. */
const FILES_OF_WORKER = 64
/** Files of an app: two pipe ends, its partition's memory twice, and its log. */
const FILES_OF_APP = 5

export function startFailure(
  errorType: StartErrorType,
  errorMessage: string,
  cause?: unknown,
): StartFailure {
  return new StartFailure([{ errorType, errorMessage }], { cause })
}
