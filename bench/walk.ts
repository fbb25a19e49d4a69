// Measures a world of random walkers in two partitions, with handoffs and a band along the border
// that each app reads, at full speed. The reference is Redis with its GEO commands: it moves as
// many points as far, and answers four box queries a tick. Redis gets every advantage: a unix
// socket, no persistence, commands of 1,000 points each that are encoded beforehand, and two ticks
// under way at a time, so that it never waits for its client. `value` and `reference` are those of
// the number of walkers with the lower ratio.

import { randomFrom } from './apps/bounce.ts'
import { STEP_MAX } from './apps/walk-steps.ts'
import { type Bench, benchmark, rounded } from './support/benchmark.ts'
import { encoded, type RedisConnection, redisVersion, startRedis } from './support/redis.ts'
import { interleaved, median } from './support/rounds.ts'
import { startWorld } from './support/world.ts'

const counts = [10_000, 100_000]
const HALF = 500
const BAND = 10
const ROUND_MS = 1500
/** Number of encoded ticks; after the last, every point walks back. */
const ENCODED_TICKS = 4
const POINTS_PER_COMMAND = 1000
const QUERIES = 4
/** World units become degrees around 0, 0, where both axes are alike. */
const DEGREES_PER_UNIT = 0.001
const KILOMETERS_PER_DEGREE = 111.2

await benchmark(async (bench) => {
  const version = redisVersion()
  if (version === undefined)
    return { skipped: 'redis-server is not installed (Debian package redis-server)' }
  const contenders: Record<string, () => Promise<number>> = {}
  for (const count of counts) {
    const world = await startWorld(bench, {
      half: HALF,
      domains: {
        Halves: {
          kind: 'spatial',
          grid: [2, 1],
          command: `walk.ts --entities ${count / 2} --band ${BAND}`,
        },
      },
    })
    const redis = await redisWorld(bench, count)
    contenders[`fabric with ${count}`] = async () => 1000 / (await world.tickMs(ROUND_MS))
    contenders[`redis with ${count}`] = async () => 1000 / (await redis(ROUND_MS))
  }
  const measured = await interleaved(contenders, { say: bench.say })
  const found = counts.map((walkers) => {
    const ticksPerSecond = median(measured[`fabric with ${walkers}`]!)
    const redis = median(measured[`redis with ${walkers}`]!)
    return { walkers, ticksPerSecond, redis, ratio: ticksPerSecond / redis }
  })
  const worst = found.reduce((worst, each) => (each.ratio < worst.ratio ? each : worst))
  return {
    unit: 'ticks/s',
    value: worst.ticksPerSecond,
    reference: worst.redis,
    referenceName:
      `Redis ${version} GEO with ${worst.walkers} points, ` + `and ${QUERIES} box queries a tick`,
    goal: '>= 50',
    more: {
      ratios: Object.fromEntries(found.map(({ walkers, ratio }) => [walkers, rounded(ratio)])),
    },
  }
})

/**
 * Fills a Redis with points; returns a function that makes them walk for a time, and returns the
 * time of a tick.
 */
async function redisWorld(
  bench: Bench,
  count: number,
): Promise<(durationMs: number) => Promise<number>> {
  const redis = await startRedis(bench)
  const { ticks, answers } = encodedWalk(count)
  await redis.send(ticks[0], answers)
  const [points] = await redis.send(encoded([['ZCARD', 'walkers']]), 1)
  if (points !== `:${count}`) throw new Error(`Redis holds ${points} points, not ${count}`)
  bench.say(`Redis holds ${count} points`)
  let next = 0
  return async (durationMs) => {
    const startedAtMs = performance.now()
    let done = 0
    const run = async (redis: RedisConnection) => {
      while (performance.now() - startedAtMs < durationMs) {
        await redis.send(ticks[next++ % ticks.length], answers)
        done++
      }
    }
    await Promise.all([run(redis), run(redis)])
    return (performance.now() - startedAtMs) / done
  }
}

/** Encodes ticks that can be repeated in turn: each moves every point by one step. */
function encodedWalk(count: number): { ticks: Buffer[]; answers: number } {
  const random = randomFrom(count)
  const places = Float64Array.from({ length: count * 2 }, () => (random() * 2 - 1) * HALF)
  const there: Buffer[] = []
  const asked = boxQueries()
  for (let tick = 0; tick < ENCODED_TICKS; tick++) {
    const commands: (string | number)[][] = []
    for (let point = 0; point < count; point++) {
      if (point % POINTS_PER_COMMAND === 0) commands.push(['GEOADD', 'walkers'])
      for (const at of [point * 2, point * 2 + 1]) {
        commands.at(-1)!.push((places[at] * DEGREES_PER_UNIT).toFixed(5))
        const next = places[at] + (random() * 2 - 1) * STEP_MAX
        if (Math.abs(next) < HALF) places[at] = next
      }
      commands.at(-1)!.push(point)
    }
    there.push(encoded([...commands, ...asked]))
  }
  const back = there.slice(1, -1).toReversed()
  return { ticks: [...there, ...back], answers: Math.ceil(count / POINTS_PER_COMMAND) + QUERIES }
}

/**
 * As large together as the two bands that the apps read; square, as Redis searches a circle around
 * the box.
 */
function boxQueries(): (string | number)[][] {
  const side = Math.sqrt((2 * BAND * 2 * HALF) / QUERIES)
  const kilometers = (side * DEGREES_PER_UNIT * KILOMETERS_PER_DEGREE).toFixed(3)
  return Array.from({ length: QUERIES }, (_, query) => {
    const y = (((query + 0.5) / QUERIES) * 2 - 1) * HALF * DEGREES_PER_UNIT
    return [
      'GEOSEARCH',
      'walkers',
      'FROMLONLAT',
      '0',
      y.toFixed(5),
      'BYBOX',
      kilometers,
      kilometers,
      'km',
    ]
  })
}
