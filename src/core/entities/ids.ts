// Ids of entities: a lane and a place in the lane.
// Owns the size of a lane; the fabric and snapshots hold who has which lane.

/** An id is its lane times this, plus its place in the lane. */
export const IDS_PER_LANE = 2 ** 32
