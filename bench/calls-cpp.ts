// Measures calls for single entities in C++: loads and stores a second of positions and 12 bytes of
// a field, by an app in a running simulation. The reference does the same through functions over
// plain arrays. Counts the app's time between the start and the commit of its ticks.

import { join } from 'node:path'
import { benchmark } from './support/benchmark.ts'
import { compileAll, LineProgram, missingFor } from './support/native-program.ts'
import { interleaved, median } from './support/rounds.ts'
import { startWorld } from './support/world.ts'

const ENTITIES = 10_000
/** One call of each kind per entity. */
const calls = ENTITIES * 4
const ROUND_MS = 2000

await benchmark(async (bench) => {
  const skipped = missingFor('g++')
  if (skipped) return { skipped }
  const folder = compileAll(bench, { calls: 'g++', 'calls-alone': 'g++' })
  const command = [join(folder, 'calls'), String(ENTITIES)]
  const world = await startWorld(
    bench,
    { domains: { Cells: { kind: 'spatial', grid: [1, 1], command } } },
    { compileMs: 1000 },
  )
  const alone = new LineProgram(bench, join(folder, 'calls-alone'), [ENTITIES])
  const measured = await interleaved(
    {
      sdk: async () => (calls * 1000) / (await world.simulateMs(0, ROUND_MS)),
      plain: async () => (calls * 1000) / (await alone.ask<{ passMs: number }>(ROUND_MS)).passMs,
    },
    { say: bench.say },
  )
  return {
    unit: 'calls/s',
    value: median(measured.sdk),
    reference: median(measured.plain),
    referenceName: 'the same through functions over plain arrays that are not inlined',
    goal: '>= 0.5',
    more: { entities: ENTITIES },
  }
})
