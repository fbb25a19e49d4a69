// Shared by the walking world and its twin in Redis.

/** Longest step along an axis in a tick, in world units. */
export const STEP_MAX = 1
