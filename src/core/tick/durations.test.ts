import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  bucketBoundsMs,
  bucketCount,
  bucketOf,
  countOf,
  type Durations,
  durationsSince,
  meanMs,
  noDurations,
  quantileMs,
} from './durations.ts'

/** From 10 ns to 3 minutes, evenly over the orders of magnitude. */
const durationMs = fc.double({ min: -5, max: 5.2, noNaN: true }).map((power) => 10 ** power)

function durationsOf(all: readonly number[]): Durations {
  const counts = [...noDurations.counts]
  for (const ms of all) counts[bucketOf(ms)]++
  return { counts, sumMs: all.reduce((sum, ms) => sum + ms, 0) }
}

test('bounds double from 4 µs to 16.8 s, longer than an app may take by default', () => {
  assert.equal(bucketBoundsMs[0], 0.004)
  assert.equal(bucketBoundsMs.at(-1), 16_777.216)
  assert.equal(bucketCount, bucketBoundsMs.length + 1)
  for (let place = 1; place < bucketBoundsMs.length; place++)
    assert.equal(bucketBoundsMs[place] / bucketBoundsMs[place - 1], 2)
})

test('a duration is in the first bucket whose bound it does not exceed', () => {
  for (const [bucket, boundMs] of bucketBoundsMs.entries()) {
    assert.equal(bucketOf(boundMs), bucket, `${boundMs} ms itself`)
    assert.equal(bucketOf(boundMs * 1.3), bucket + 1, `more than ${boundMs} ms`)
  }
  fc.assert(
    fc.property(durationMs, (ms) => {
      const bucket = bucketOf(ms)
      assert.ok(bucket === bucketCount - 1 || ms <= bucketBoundsMs[bucket])
      // Durations below a microsecond are not distinguished.
      assert.ok(bucket === 0 || Math.ceil(ms * 1000) > bucketBoundsMs[bucket - 1] * 1000)
    }),
  )
})

test('every duration is counted, however short or long', () => {
  assert.equal(bucketOf(0), 0)
  assert.equal(bucketOf(-0.001), 0, 'a clock that was set back a little')
  assert.equal(bucketOf(16_777.217), bucketCount - 1)
  assert.equal(bucketOf(1e12), bucketCount - 1)
  assert.equal(bucketOf(Number.POSITIVE_INFINITY), bucketCount - 1)
})

test('a quantile is in the bucket of its duration', () => {
  fc.assert(
    fc.property(fc.array(durationMs, { minLength: 1, maxLength: 60 }), fc.nat(), (all, chosen) => {
      const place = chosen % all.length
      const exact = [...all].sort((a, b) => a - b)[place]
      const estimate = quantileMs(durationsOf(all), (place + 0.5) / all.length)!
      const bucket = bucketOf(exact)
      const lowest = bucket === 0 ? 0 : bucketBoundsMs[bucket - 1]
      const highest = bucketBoundsMs[bucket] ?? lowest
      assert.ok(
        estimate >= lowest * 0.999 && estimate <= highest * 1.001,
        `${estimate} is not in ${lowest} to ${highest}`,
      )
    }),
  )
})

test('the mean is exact, and without durations there is neither mean nor quantile', () => {
  assert.equal(meanMs(durationsOf([1, 2, 6])), 3)
  assert.equal(meanMs(noDurations), undefined)
  assert.equal(quantileMs(noDurations, 0.5), undefined)
})

test('two readings tell the counts in between, also after a new beginning', () => {
  const before = durationsOf([1, 2])
  const after = durationsOf([1, 2, 5, 5])
  assert.deepEqual(durationsSince(before, after), { counts: durationsOf([5, 5]).counts, sumMs: 10 })
  assert.equal(countOf(durationsSince(after, after)), 0)
  assert.deepEqual(durationsSince(after, before), before)
})
