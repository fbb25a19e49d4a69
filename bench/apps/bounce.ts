// The logic of the worlds of moving, bouncing entities, the same with and without a fabric.
// Owns one step of one piece; never knows its caller.

interface Cube {
  min: number
  max: number
}

/**
 * Moves the points from `from` up to `to` by their velocities, x, y and z alike. A point that would
 * leave the cube turns round on that axis instead. Adds the number of each such point to `turned`,
 * from `count` on, and returns the new count.
 */
export function bounce(
  positions: Float32Array,
  velocities: Float32Array,
  { min, max }: Cube,
  from: number,
  to: number,
  turned: Uint32Array,
  count: number,
): number {
  let end = count
  for (let place = from * 3; place < to * 3; place++) {
    const next = positions[place] + velocities[place]
    if (next > min && next < max) positions[place] = next
    else {
      velocities[place] = -velocities[place]
      if (end < turned.length) turned[end++] = (place / 3) | 0
    }
  }
  return end
}

/** Returns random numbers from 0 to 1, the same for the same seed (xorshift). */
export function randomFrom(seed: number): () => number {
  let state = (seed * 2_654_435_761 + 1) | 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}
