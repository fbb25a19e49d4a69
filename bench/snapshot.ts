// Measures snapshots of moving worlds at 30 Hz, with 32 bytes of fields an entity, in 16
// partitions: the delay of ticks, the time to make a snapshot, its size, and the time to start from
// it. `value` is the longest gap between two ticks while a snapshot of a million entities is made,
// the median of several; `reference` is the usual gap of the same world. Beside it: the rate at
// which the file is made, against zstd alone on the same bytes and one core; and Redis with the
// same entities, which forks to save them.

import { statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { workerNodeOptions } from '../src/joints/worker-host/worker-process.ts'
import { waitFor } from '../tests/support/waiting.ts'
import { type Bench, benchmark, rounded } from './support/benchmark.ts'
import { OtherProcess } from './support/other-process.ts'
import { encoded, type RedisConnection, redisVersion, startRedis } from './support/redis.ts'
import { interleaved, median } from './support/rounds.ts'
import { type MeasuredWorld, startWorld } from './support/world.ts'

const counts = [10_000, 100_000, 1_000_000]
const CELLS = 16
const HALF = 2000
const TICK_RATE = 30
/** With the velocity, three numbers of four bytes, 32 bytes of fields. */
const BAGGAGE = 5
/** Snapshots of the largest world and of the others: a busy host must finish within two minutes. */
const snapshots = { large: 5, small: 3 }
const WRITING_ROUNDS = 3
/**
 * Time to compile the apps: at 30 Hz most functions are compiled around tick 512, in all apps at
 * once. A tick of the large world then takes three times as long, with or without a snapshot.
 */
const compileMs = { large: 20_000, small: 1000 }
const QUIET_MS = 2000
const POINTS_PER_COMMAND = 1000
const POLL_MS = 100
const WRITING_MS = 300

await benchmark(async (bench) => {
  const found: Record<string, Record<string, unknown>> = {}
  for (const entities of counts) found[entities] = await measured(bench, entities)
  const { longestGapMs, usualGapMs } = found[counts.at(-1)!] as {
    longestGapMs: number
    usualGapMs: number
  }
  return {
    unit: 'ms, longest gap between two ticks',
    value: longestGapMs,
    reference: usualGapMs,
    referenceName: `the usual gap at ${TICK_RATE} Hz, a million entities`,
    goal: '<= 1.1',
    more: { worlds: found },
  }
})

async function measured(bench: Bench, entities: number): Promise<Record<string, unknown>> {
  const command = `bouncing-world.ts --entities ${entities / CELLS} --band 10 --baggage ${BAGGAGE}`
  const domains = { Cells: { kind: 'spatial', grid: [4, 4], command } } as const
  const size = entities === counts.at(-1) ? 'large' : 'small'
  const options = { compileMs: compileMs[size] }
  const world = await startWorld(
    bench,
    { half: HALF, tickRate: String(TICK_RATE), domains },
    options,
  )
  const quiet = await world.gapsMs(() => new Promise((resolve) => setTimeout(resolve, QUIET_MS)))
  const usualGapMs = median(quiet.gapsMs)
  const taken: { longestGapMs: number; toObjectMs: number; key: string }[] = []
  for (let count = 0; count < snapshots[size]; count++) {
    const { gapsMs, result } = await world.gapsMs(() => takeSnapshot(world))
    taken.push({ ...result, longestGapMs: Math.max(...gapsMs) })
    bench.say(
      `${entities}: longest gap ${taken.at(-1)!.longestGapMs.toFixed(1)} ms, ` +
        `object after ${result.toObjectMs.toFixed(0)} ms`,
    )
  }
  const { key } = taken.at(-1)!
  const toStartedMs = await startAgain(world, key)
  const file = await world.heddle.download(key)
  await world.simulation.stop()
  const writing = await writingSpeed(bench, file)
  return {
    usualGapMs: rounded(usualGapMs),
    longestGapMs: rounded(median(taken.map((each) => each.longestGapMs))),
    longestQuietGapMs: rounded(Math.max(...quiet.gapsMs)),
    toObjectMs: rounded(median(taken.map((each) => each.toObjectMs))),
    toStartedMs: rounded(toStartedMs),
    bytes: statSync(file).size,
    ...writing,
    ...(await savedByRedis(bench, entities)),
  }
}

/** Takes a snapshot, and waits until the simulation says that the object exists. */
async function takeSnapshot({
  heddle,
  simulation,
}: MeasuredWorld): Promise<{ toObjectMs: number; key: string }> {
  const before = new Set(await heddle.keys('bench/'))
  const calledAtMs = performance.now()
  const Destination = { BucketName: heddle.bucket, ObjectKeyPrefix: 'bench' }
  await heddle.weaver.createSnapshot({ Simulation: simulation.name, Destination }).promise()
  // Polls seldom, as each call takes time from the ticks.
  while ((await simulation.describe()).Status !== 'STARTED') await sleep(POLL_MS)
  const toObjectMs = performance.now() - calledAtMs
  const key = (await heddle.keys('bench/')).find((each) => !before.has(each))
  if (key === undefined) throw new Error(`no snapshot was made: ${simulation.errors()}`)
  return { toObjectMs, key }
}

async function startAgain({ heddle }: MeasuredWorld, key: string): Promise<number> {
  const calledAtMs = performance.now()
  const again = await heddle.branch('again', key)
  await again.is('STARTED')
  const toStartedMs = performance.now() - calledAtMs
  await again.stop()
  return toStartedMs
}

/**
 * Measures how fast the snapshot threads make the file's bytes of a copied world, and how fast one
 * core only compresses the columns.
 */
async function writingSpeed(bench: Bench, file: string): Promise<Record<string, number>> {
  // Each runs in a process of its own, like a worker, so that neither collects the other's garbage.
  const ask = (what: string) => {
    const process = new OtherProcess(bench, 'snapshot-alone.ts', [file, what], workerNodeOptions)
    return () => process.ask<number>(WRITING_MS)
  }
  const megabytesPerSecond = await interleaved(
    { snapshot: ask('snapshot'), zstd: ask('zstd') },
    { rounds: WRITING_ROUNDS, say: bench.say },
  )
  const [writing, zstd] = [median(megabytesPerSecond.snapshot), median(megabytesPerSecond.zstd)]
  return {
    megabytesPerSecond: rounded(writing),
    zstdMegabytesPerSecond: rounded(zstd),
    toZstd: rounded(writing / zstd),
  }
}

/**
 * Fills a Redis with as many entities, as strings of the same bytes, and saves them with BGSAVE.
 */
async function savedByRedis(bench: Bench, entities: number): Promise<Record<string, unknown>> {
  const version = redisVersion()
  if (version === undefined) return { redis: 'not installed (Debian package redis-server)' }
  const redis = await startRedis(bench)
  for (let first = 0; first < entities; first += POINTS_PER_COMMAND) {
    const words: (string | number)[] = ['MSET']
    for (let id = first; id < Math.min(first + POINTS_PER_COMMAND, entities); id++)
      words.push(id, value())
    await redis.send(encoded([words]), 1)
  }
  const startedAtMs = performance.now()
  await redis.send(encoded([['BGSAVE']]), 1)
  await waitFor(
    async () => (await redis.info('persistence', 'rdb_bgsave_in_progress')) === 0,
    'Redis to have saved',
  )
  return {
    redis: {
      version,
      saveMs: rounded(performance.now() - startedAtMs),
      forkMs: (await redis.info('stats', 'latest_fork_usec')) / 1000,
      bytes: savedBytes(redis),
    },
  }
}

function savedBytes(redis: RedisConnection): number {
  return statSync(join(redis.folder, 'dump.rdb')).size
}

/** Returns type, position and fields as bytes, which with the key make an entity. */
function value(): string {
  const numbers = Float32Array.from({ length: 12 }, () => Math.random())
  return Buffer.from(numbers.buffer).toString('latin1')
}
