// The names of what an app's process finds in its environment: its identity, and its partition's
// place. Owns the names; whoever launches sets the values, and an SDK in any language reads them.

/** What an app's process finds in its environment. */
export const APP_VARIABLES = {
  executionId: 'HEDDLE_EXECUTION_ID',
  simulation: 'HEDDLE_SIMULATION',
  domain: 'HEDDLE_DOMAIN',
  app: 'HEDDLE_APP',
  /** The fabric's folder. */
  fabric: 'HEDDLE_FABRIC',
  /** Index of its partition. */
  partition: 'HEDDLE_PARTITION',
  /** The number of its launch. */
  incarnation: 'HEDDLE_INCARNATION',
  /** The how-maniest process it is that is to compute the same tick. */
  attempt: 'HEDDLE_ATTEMPT',
  /** JSON object: actual port by declared port. */
  ports: 'HEDDLE_PORTS',
} as const
