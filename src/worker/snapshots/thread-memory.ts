// The memory limits of the threads that make snapshots.

/**
 * These threads allocate many short-lived objects. The default limit would let tens of megabytes of
 * garbage pile up in each.
 */
export const threadMemory = { resourceLimits: { maxYoungGenerationSizeMb: 4 } }
