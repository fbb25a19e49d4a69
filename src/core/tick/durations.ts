// Durations as counts in buckets whose upper bounds are powers of two.
// Owns the bounds and how counts are read; never reads a clock, never keeps a single duration.

/** Bounds are 2^2 to 2^24 microseconds: from 4 µs to more than an app may take for a tick. */
const FIRST_POWER = 2
const LAST_POWER = 24

/** Inclusive upper bounds. The last bucket has none: it holds all longer durations. */
export const bucketBoundsMs: readonly number[] = Array.from(
  { length: LAST_POWER - FIRST_POWER + 1 },
  (_, place) => 2 ** (FIRST_POWER + place) / 1000,
)
export const bucketCount: number = bucketBoundsMs.length + 1

export interface Durations {
  /** The number of durations in each bucket. */
  readonly counts: readonly number[]
  readonly sumMs: number
}

export const noDurations: Durations = {
  counts: Array.from({ length: bucketCount }, () => 0),
  sumMs: 0,
}

/** The bucket that counts a duration. */
export function bucketOf(durationMs: number): number {
  const microseconds = Math.ceil(durationMs * 1000)
  if (microseconds <= 2 ** FIRST_POWER) return 0
  if (microseconds > 2 ** LAST_POWER) return bucketCount - 1
  return 32 - Math.clz32(microseconds - 1) - FIRST_POWER
}

export function countOf({ counts }: Durations): number {
  return counts.reduce((sum, count) => sum + count, 0)
}

/** Returns undefined if nothing was counted. */
export function meanMs(durations: Durations): number | undefined {
  const count = countOf(durations)
  return count === 0 ? undefined : durations.sumMs / count
}

/**
 * Returns the duration that a share of all (0.5 for the median) does not exceed. Durations are
 * assumed to lie evenly in their buckets. Returns undefined if nothing was counted, and the highest
 * bound for durations beyond all bounds.
 */
export function quantileMs(durations: Durations, share: number): number | undefined {
  const count = countOf(durations)
  if (count === 0) return undefined
  let left = share * count
  for (const [bucket, inBucket] of durations.counts.entries()) {
    if (left > inBucket || inBucket === 0) {
      left -= inBucket
      continue
    }
    const lowerMs = bucket === 0 ? 0 : bucketBoundsMs[bucket - 1]
    const upperMs = bucketBoundsMs[bucket] ?? lowerMs
    return lowerMs + ((upperMs - lowerMs) * left) / inBucket
  }
  return bucketBoundsMs.at(-1)
}

/**
 * Returns the counts between two readings. If counts began anew in between, they are taken as they
 * are.
 */
export function durationsSince(earlier: Durations, later: Durations): Durations {
  if (later.counts.some((count, bucket) => count < earlier.counts[bucket])) return later
  return {
    counts: later.counts.map((count, bucket) => count - earlier.counts[bucket]),
    sumMs: Math.max(0, later.sumMs - earlier.sumMs),
  }
}
