// Heddle's own limits, where the operator sets no others.

/** Bytes and counts of one simulation's fabric. */
export const defaultFabricLimits = {
  entitiesPerPartition: 1_048_576,
  fieldBytesMax: 65_536,
  messagesPerTick: 65_536,
  messageBytesMax: 65_536,
  /** All messages of one app in one tick together. */
  messageHeapBytes: 64 * 1024 ** 2,
  /** Custom apps that one simulation can have at once. */
  customApps: 256,
} as const

/** What happens to apps that fail. */
export const failureLimits = {
  /** An app is started again this often within the time; its next failure is final. */
  restartsMax: 3,
  withinMs: 60_000,
  /** How long a process may take to attach to its partition. */
  attachTimeoutMs: 60_000,
  /** How long an app may take to exit once it was told to shut down. */
  shutdownGraceMs: 5_000,
} as const
