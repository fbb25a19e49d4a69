// What ends a start: thrown anywhere on the way, shown as the simulation's StartError.

import type { StartError, StartErrorType } from '../core/schema/start-error.ts'

export class StartFailure extends Error {
  readonly errors: readonly StartError[]
  constructor(errors: readonly StartError[], options?: ErrorOptions) {
    super(errors.map((error) => `${error.errorType}: ${error.errorMessage}`).join('\n'), options)
    this.name = 'StartFailure'
    this.errors = errors
  }
}

export function startFailure(errorType: StartErrorType, errorMessage: string, cause?: unknown): StartFailure {
  return new StartFailure([{ errorType, errorMessage }], { cause })
}
