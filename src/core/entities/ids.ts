// How ids of entities are made: a lane, and a place in it.
// Owns the size of a lane; who has which lane stands in the fabric and in snapshots.

/** An id is its lane times this, and its place in the lane. */
export const idsPerLane = 2 ** 32
