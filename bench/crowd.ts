// Measures the crowd sample, each person looking for neighbours at every tick, with 200,000 people
// in 8 partitions. The reference is the same steps in plain arrays.

import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { halfSideFor } from '../samples/crowd/package.ts'
import { benchmark } from './support/benchmark.ts'
import { OtherProcess } from './support/other-process.ts'
import { interleaved, median } from './support/rounds.ts'
import { startWorld } from './support/world.ts'

const PEOPLE = 200_000
const ROUND_MS = 2500
const grid = [4, 2] as const

await benchmark(async (bench) => {
  const half = halfSideFor(PEOPLE)
  const sample = `file://${join(import.meta.dirname, '../samples/crowd/spatial')}`
  const command = `app.ts --people ${PEOPLE}`
  const world = await startWorld(bench, {
    half,
    domains: { Crowd: { kind: 'spatial', grid, command, package: sample } },
  })
  // The time of a step in one process, divided by the cores: a perfect division of the world.
  const cores = availableParallelism()
  const alone = new OtherProcess(bench, 'crowd-alone.ts', [PEOPLE, half])
  const measured = await interleaved(
    {
      fabric: () => world.tickMs(ROUND_MS),
      plain: async () => (await alone.ask<{ stepCpuMs: number }>(ROUND_MS)).stepCpuMs / cores,
    },
    { say: bench.say },
  )
  const tickMs = median(measured.fabric)
  return {
    unit: 'ms a tick',
    value: tickMs,
    reference: median(measured.plain),
    referenceName:
      'time of a core for the same steps on plain arrays in one process, ' +
      `divided by ${cores} cores`,
    goal: '<= 1.5',
    more: {
      ticksPerSecond: Math.round(10_000 / tickMs) / 10,
      people: PEOPLE,
      partitions: grid[0] * grid[1],
    },
  }
})
