// The memory of the threads that make snapshots.

/** They make much that is soon forgotten: in room of the usual size it would lie about in tens of megabytes for each of them. */
export const threadMemory = { resourceLimits: { maxYoungGenerationSizeMb: 4 } }
