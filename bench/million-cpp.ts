// A million moving, bouncing entities in C++, with 16 partitions and with 2, beside the same world
// by hand over MPI with as many ranks.

import { join } from 'node:path'
import { type Bench, benchmark } from './support/benchmark.ts'
import { compileAll, missingFor, startRanks } from './support/native-program.ts'
import { interleaved, median } from './support/rounds.ts'
import { startWorld } from './support/world.ts'

const ENTITIES = 1_000_000
const HALF = 2000
const BAND = 10
const SPEED = 0.5
const ROUND_MS = 1500
const GRIDS = [
  [4, 4],
  [2, 1],
] as const

interface Layout {
  readonly partitions: number
  readonly fabricMs: number
  readonly mpiMs: number
}

await benchmark(async (bench) => {
  const skipped = missingFor('g++', 'mpicxx')
  if (skipped) return { skipped }
  const folder = compileAll(bench, { 'bouncing-world': 'g++', 'bouncing-mpi': 'mpicxx' })
  const found: Layout[] = []
  for (const grid of GRIDS) found.push(await compare(bench, folder, grid))
  const ratio = ({ fabricMs, mpiMs }: Layout) => fabricMs / mpiMs
  const worst = found.reduce((one, other) => (ratio(one) > ratio(other) ? one : other))
  return {
    unit: 'ms a tick',
    value: worst.fabricMs,
    reference: worst.mpiMs,
    referenceName:
      `the same world by hand over OpenMPI, ${worst.partitions} ranks with ghost bands; ` +
      'of two layouts, the one with the higher ratio',
    goal: '<= 1.5',
    more: { entities: ENTITIES, layouts: found },
  }
})

async function compare(
  bench: Bench,
  folder: string,
  [columns, rows]: (typeof GRIDS)[number],
): Promise<Layout> {
  const partitions = columns * rows
  const perCell = ENTITIES / partitions
  const command = [join(folder, 'bouncing-world'), String(perCell), String(BAND), String(SPEED)]
  const settings = {
    half: HALF,
    domains: { Cells: { kind: 'spatial', grid: [columns, rows], command } },
  } as const
  const world = await startWorld(bench, settings, { compileMs: 2000 })
  const words = [columns, rows, perCell, HALF, BAND, SPEED]
  const ranks = startRanks(bench, partitions, join(folder, 'bouncing-mpi'), words)
  const measured = await interleaved(
    {
      fabric: () => world.tickMs(ROUND_MS),
      mpi: async () => (await ranks.ask<{ tickMs: number }>(ROUND_MS)).tickMs,
    },
    { rounds: 5, say: (text) => bench.say(`${partitions} partitions, ${text}`) },
  )
  await world.heddle.stop()
  return { partitions, fabricMs: median(measured.fabric), mpiMs: median(measured.mpi) }
}
