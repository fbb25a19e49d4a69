// Measures calls for single entities in Python: loads and stores a second of positions and 12 bytes
// of a field, by an app in a running simulation. The reference does the same through methods that
// read and write an `array`. Counts the app's time between the start and the commit of its ticks.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { benchmark } from './support/benchmark.ts'
import { LineProgram } from './support/native-program.ts'
import { interleaved, median } from './support/rounds.ts'
import { startWorld } from './support/world.ts'

const ENTITIES = 10_000
/** One call of each kind per entity. */
const calls = ENTITIES * 4
const ROUND_MS = 2000
const SOURCES = join(import.meta.dirname, 'python')
const EXTENSION = join(import.meta.dirname, '../sdk/python/heddle/_native.abi3.so')

await benchmark(async (bench) => {
  if (!existsSync(EXTENSION))
    return { skipped: 'the Python SDK is not built: run node scripts/setup.mjs' }
  const command = ['python3', join(SOURCES, 'calls.py'), String(ENTITIES)]
  const world = await startWorld(
    bench,
    { domains: { Cells: { kind: 'spatial', grid: [1, 1], command } } },
    { compileMs: 1000 },
  )
  const alone = new LineProgram(bench, 'python3', [join(SOURCES, 'calls_alone.py'), ENTITIES])
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
    referenceName: 'the same through methods in Python that read and write an `array`',
    goal: 'report',
    more: { entities: ENTITIES, binding: 'an extension module in C, in the limited API' },
  }
})
