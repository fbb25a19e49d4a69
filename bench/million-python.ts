// A million moving, bouncing entities in Python with numpy, in 16 partitions, beside the same steps
// on bare numpy arrays in as many processes as cores.

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { benchmark } from './support/benchmark.ts'
import { LineProgram } from './support/native-program.ts'
import { interleaved, median } from './support/rounds.ts'
import { startWorld } from './support/world.ts'

const ENTITIES = 1_000_000
const HALF = 2000
const BAND = 10
const SPEED = 0.5
const ROUND_MS = 2000
const SOURCES = join(import.meta.dirname, 'python')
const EXTENSION = join(import.meta.dirname, '../sdk/python/heddle/_native.abi3.so')

await benchmark(async (bench) => {
  if (spawnSync('python3', ['-c', 'import numpy']).status !== 0)
    return { skipped: 'python3 with numpy is missing: apt-get install python3-numpy' }
  if (!existsSync(EXTENSION))
    return { skipped: 'the Python SDK is not built: run node scripts/setup.mjs' }
  const cores = availableParallelism()
  const command = ['python3', join(SOURCES, 'bouncing_world.py')]
  const words = [ENTITIES / 16, BAND, SPEED].map(String)
  const world = await startWorld(
    bench,
    {
      half: HALF,
      domains: { Cells: { kind: 'spatial', grid: [4, 4], command: [...command, ...words] } },
    },
    { compileMs: 2000 },
  )
  const settings = [join(SOURCES, 'bounce_alone.py'), ENTITIES / cores, HALF, SPEED]
  const alone = Array.from({ length: cores }, () => new LineProgram(bench, 'python3', settings))
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
