// The one public file of Heddle's app SDK for TypeScript and JavaScript: apps import it as
// '@heddle/sdk'.

export type { Application, RuntimeLimitKind, StandaloneOptions } from './application.ts'
export type { CoveredColumns, EntityColumns, OwnedColumns } from './columns.ts'
export { createApplication, createStandaloneApplication } from './create.ts'
export { type ErrorCode, HeddleError } from './errors.ts'
export {
  type Column,
  type ColumnsOf,
  defineField,
  type Field,
  type FieldOptions,
  type Shape,
} from './field.ts'
export type { RuntimeMetrics } from './metrics.ts'
export type {
  Endpoint,
  Entity,
  EntityField,
  Message,
  OwnershipChange,
  Partition,
  Position,
  Subscription,
  SubscriptionChange,
} from './model.ts'
export { BuiltinTypeId, firstTypeId } from './model.ts'
export { departedRow, type Nearby } from './nearby.ts'
export type { Neighbourhood } from './neighbourhood.ts'
export type { Transaction } from './transaction.ts'
