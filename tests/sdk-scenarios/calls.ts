// The calls that scenarios make, as a table: what each can be refused with, and whether its list
// has an order. Owns what the contract says; never runs anything.

type ErrorCode =
  | 'InvalidArgument'
  | 'CapacityExceeded'
  | 'NotOwned'
  | 'NotFound'
  | 'InvalidState'
  | 'NotConnected'
  | 'ShuttingDown'

interface Call {
  readonly errors: readonly ErrorCode[]
  /** Its list is in no particular order. */
  readonly unordered?: true
}

/** A call of a transaction: it needs an open update. */
function inUpdate(...errors: ErrorCode[]): Call {
  return { errors: ['InvalidState', ...errors] }
}

const unordered = (call: Call): Call => ({ ...call, unordered: true })
const always: Call = { errors: [] }

export const CALLS: Readonly<Record<string, Call>> = {
  'create-application': { errors: ['InvalidState', 'NotConnected'] },
  begin: { errors: ['InvalidState', 'ShuttingDown'] },
  'will-block': always,
  commit: inUpdate('InvalidArgument'),
  crash: always,
  attempt: always,
  assigned: always,
  partitions: unordered(always),
  port: { errors: ['NotFound'] },
  limit: { errors: ['InvalidArgument'] },
  metrics: always,
  'committed-ticks': always,
  'reset-metrics': always,
  'current-tick': always,
  'has-error': always,

  create: inUpdate('InvalidArgument', 'CapacityExceeded'),
  fill: always,
  delete: inUpdate('NotOwned', 'NotFound'),
  owned: unordered(inUpdate()),
  'owned-count': inUpdate(),
  'store-position': inUpdate('InvalidArgument', 'NotOwned', 'NotFound'),
  'load-position': inUpdate('NotFound'),
  'store-field': inUpdate('InvalidArgument', 'CapacityExceeded', 'NotOwned', 'NotFound'),
  'load-field': inUpdate('InvalidArgument', 'NotFound'),
  'load-bytes': always,
  'remove-field': inUpdate('InvalidArgument', 'NotOwned', 'NotFound'),
  'modify-domain': inUpdate('InvalidArgument', 'NotOwned', 'NotFound'),
  ownership: inUpdate(),

  subscribe: inUpdate('InvalidArgument'),
  'move-subscription': inUpdate('InvalidArgument', 'NotFound'),
  unsubscribe: inUpdate('NotFound'),
  events: inUpdate(),
  subscribed: unordered(inUpdate('NotFound')),
  covered: unordered(inUpdate('NotFound')),
  'covered-values': unordered({ errors: ['InvalidState'] }),
  neighbours: unordered(inUpdate('InvalidArgument')),
  neighbourhood: unordered(inUpdate('InvalidArgument')),
  'neighbourhood-values': unordered(always),
  'last-picture': inUpdate(),
  'neighbourhood-at': unordered(always),

  'resolve-position': inUpdate('InvalidArgument'),
  'resolve-name': inUpdate('InvalidArgument', 'NotFound'),
  send: inUpdate('InvalidArgument', 'CapacityExceeded', 'NotFound'),
  receive: inUpdate(),
  reply: always,

  columns: unordered(inUpdate()),
  'columns-count': inUpdate(),
  'create-many': inUpdate('InvalidArgument', 'CapacityExceeded'),
  'delete-many': inUpdate('NotFound'),
  'entity-at': inUpdate('NotFound'),
  'rows-of': inUpdate(),
  arrived: unordered(inUpdate()),
  departed: unordered(inUpdate()),
  rejected: unordered(inUpdate()),
  'write-position': always,
  moved: inUpdate(),
  'moved-rows': inUpdate('InvalidArgument'),
  touched: inUpdate('InvalidArgument', 'NotFound'),
  sweep: inUpdate(),
  'write-value': inUpdate('CapacityExceeded'),
  values: unordered(inUpdate('CapacityExceeded')),
  presence: unordered(inUpdate('CapacityExceeded')),
  stored: inUpdate('CapacityExceeded'),
  give: inUpdate('CapacityExceeded', 'NotFound'),
  take: inUpdate('NotFound'),
}
