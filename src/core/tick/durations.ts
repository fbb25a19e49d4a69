// How long things took, as counts by order of magnitude: buckets whose upper bounds are powers of two.
// Owns the bounds and what can be read from counts; never reads a clock, and never keeps a single duration.

/** Bounds are 2^2 to 2^24 microseconds: 4 µs, and more than an app may take for a tick. */
const firstPower = 2
const lastPower = 24

/** Upper bounds, each one's duration included. Of the last bucket there is none: it holds all that is longer. */
export const bucketBoundsMs: readonly number[] = Array.from(
  { length: lastPower - firstPower + 1 },
  (_, place) => 2 ** (firstPower + place) / 1000,
)
export const bucketCount: number = bucketBoundsMs.length + 1

export interface Durations {
  /** How many durations are in each bucket. */
  readonly counts: readonly number[]
  readonly sumMs: number
}

export const noDurations: Durations = { counts: Array.from({ length: bucketCount }, () => 0), sumMs: 0 }

/** The bucket that a duration is counted in. */
export function bucketOf(durationMs: number): number {
  const microseconds = Math.ceil(durationMs * 1000)
  if (microseconds <= 2 ** firstPower) return 0
  if (microseconds > 2 ** lastPower) return bucketCount - 1
  return 32 - Math.clz32(microseconds - 1) - firstPower
}

export function countOf({ counts }: Durations): number {
  return counts.reduce((sum, count) => sum + count, 0)
}

/** Undefined where nothing was counted. */
export function meanMs(durations: Durations): number | undefined {
  const count = countOf(durations)
  return count === 0 ? undefined : durations.sumMs / count
}

/**
 * The duration that a share of all (0.5 for the median) does not exceed, as far as buckets can tell: durations are taken to lie evenly in theirs.
 * Undefined where nothing was counted. What is beyond all bounds is said to be the highest of them.
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

/** What was counted between two readings of the same counts. Counts that began anew in between are taken as they are. */
export function durationsSince(earlier: Durations, later: Durations): Durations {
  if (later.counts.some((count, bucket) => count < earlier.counts[bucket])) return later
  return {
    counts: later.counts.map((count, bucket) => count - earlier.counts[bucket]),
    sumMs: Math.max(0, later.sumMs - earlier.sumMs),
  }
}
