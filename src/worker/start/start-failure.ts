// What ends a start: thrown anywhere on the way, shown as the simulation's StartError.

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

/** Whatever ended a start; where it was that no more files may be open, that is said. */
export function failureOf(cause: unknown): StartFailure {
  if (cause instanceof StartFailure) return cause
  const message = (cause as Error).message
  const files = filesFault(cause)
  return files === undefined
    ? startFailure('InternalError', message, cause)
    : startFailure('CapacityExceeded', `${files}: ${message}`, cause)
}

/** Before anything is started for it: whether a world of so many apps could have all its files open at once. */
export function requireFiles(apps: number, filesMax: number): void {
  const needed = FILES_OF_WORKER + apps * FILES_OF_APP
  if (needed <= filesMax) return
  throw startFailure(
    'CapacityExceeded',
    `${apps} apps need ${needed} open files, and the worker may have ${filesMax}: raise the limit of open files (ulimit -n) of heddle up`,
  )
}

/** Its own, its clock's and a snapshot's; measured, with some room. */
const FILES_OF_WORKER = 64
/** Two ends of pipes, the memory of its partition twice, and its log. */
const FILES_OF_APP = 5

export function startFailure(
  errorType: StartErrorType,
  errorMessage: string,
  cause?: unknown,
): StartFailure {
  return new StartFailure([{ errorType, errorMessage }], { cause })
}
