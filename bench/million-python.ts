// A million moving, bouncing entities in Python with numpy, in 16 partitions, beside the same steps
// on bare numpy arrays in as many processes as cores.

import { availableParallelism } from 'node:os'
import { benchmark } from './support/benchmark.ts'
import type { LineProgram } from './support/native-program.ts'
import { missingForPython, pythonCommand, startPython } from './support/python-program.ts'
import { interleaved, median } from './support/rounds.ts'
import { startWorld } from './support/world.ts'

const ENTITIES = 1_000_000
const HALF = 2000
const BAND = 10
const SPEED = 0.5
const ROUND_MS = 2000

await benchmark(async (bench) => {
  const skipped = missingForPython('numpy')
  if (skipped) return { skipped }
  const cores = availableParallelism()
  const command = pythonCommand('bouncing_world.py', [ENTITIES / 16, BAND, SPEED])
  const world = await startWorld(
    bench,
    { half: HALF, domains: { Cells: { kind: 'spatial', grid: [4, 4], command } } },
    { compileMs: 2000 },
  )
  const settings = [ENTITIES / cores, HALF, SPEED]
  const alone = Array.from({ length: cores }, () => startPython(bench, 'bounce_alone.py', settings))
  const step = async (program: LineProgram) =>
    (await program.ask<{ stepMs: number }>(ROUND_MS)).stepMs
  const measured = await interleaved(
    {
      fabric: () => world.tickMs(ROUND_MS),
      plain: async () => Math.max(...(await Promise.all(alone.map(step)))),
    },
    { say: bench.say },
  )
  return {
    unit: 'ms a tick',
    value: median(measured.fabric),
    reference: median(measured.plain),
    referenceName: `the same steps on bare numpy arrays in ${cores} processes`,
    goal: '<= 2',
    more: { entities: ENTITIES, partitions: 16 },
  }
})
