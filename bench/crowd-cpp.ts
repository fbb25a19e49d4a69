// Measures the crowd's logic in C++, with neighbour queries at every tick, with 200,000 people in 8
// partitions. The reference is the sample itself, in TypeScript.

import { join } from 'node:path'
import { halfSideFor } from '../samples/crowd/package.ts'
import { benchmark } from './support/benchmark.ts'
import { compileAll, missingFor } from './support/native-program.ts'
import { interleaved, median } from './support/rounds.ts'
import { startWorld } from './support/world.ts'

const PEOPLE = 200_000
const SEED = 7
const ROUND_MS = 2500
const grid = [4, 2] as const

await benchmark(async (bench) => {
  const skipped = missingFor('g++')
  if (skipped) return { skipped }
  const half = halfSideFor(PEOPLE)
  const folder = compileAll(bench, { crowd: 'g++' })
  const command = [join(folder, 'crowd'), String(SEED), String(PEOPLE)]
  const inCpp = await startWorld(
    bench,
    { half, domains: { Crowd: { kind: 'spatial', grid, command } } },
    { compileMs: 2000 },
  )
  const inTypeScript = await startWorld(bench, {
    half,
    domains: {
      Crowd: {
        kind: 'spatial',
        grid,
        command: `app.ts --seed ${SEED} --people ${PEOPLE}`,
        package: `file://${join(import.meta.dirname, '../samples/crowd/spatial')}`,
      },
    },
  })
  const measured = await interleaved(
    { cpp: () => inCpp.tickMs(ROUND_MS), ts: () => inTypeScript.tickMs(ROUND_MS) },
    { say: bench.say },
  )
  return {
    unit: 'ms a tick',
    value: median(measured.cpp),
    reference: median(measured.ts),
    referenceName: 'the sample in TypeScript, in as many partitions',
    goal: 'report',
    more: { people: PEOPLE, partitions: grid[0] * grid[1] },
  }
})
