// What programs import as @heddle/client.
// Owns the public names; everything else in this folder may change.

export type { ApiErrorCode } from '../../../src/core/api/errors.ts'
export type { InputOf, OperationName, OutputOf } from '../../../src/core/api/operations.ts'
export type { ValueOf } from '../../../src/core/api/shapes.ts'
export type { CallOptions, ClientOptions, OperationMethods } from './caller.ts'
export { type AppName, HeddleClient } from './client.ts'
export {
  type ClientCredentials,
  credentialsFromEnvironment,
  readCredentialsFile,
} from './credentials.ts'
export {
  type DeclaredErrorOf,
  HeddleApiError,
  HeddleConnectionError,
  HeddleWaitError,
  type StartErrorReason,
  startErrorReasons,
} from './errors.ts'
export type { PagedName } from './pages.ts'
export type { WaitOptions, WaitProgress } from './waiting.ts'
