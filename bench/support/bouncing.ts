// The comparison behind the benchmarks `million` and `ten-million`: a world of bouncing entities
// beside the bare steps.
// Owns both contenders; the benchmarks choose the numbers.

import { availableParallelism } from 'node:os'
import type { Bench, Outcome } from './benchmark.ts'
import { startLockStep } from './lock-step.ts'
import { OtherProcess } from './other-process.ts'
import { interleaved, median } from './rounds.ts'
import { startWorld } from './world.ts'

const cells = { columns: 4, rows: 4 }
const BAND = 10
const SPEED = 0.5

/**
 * Compares 16 partitions, each app subscribed to a band of its neighbours, with one process per
 * core without a fabric.
 */
export async function bouncing(
  bench: Bench,
  {
    entities,
    half,
    roundMs,
    rounds,
  }: { entities: number; half: number; roundMs: number; rounds: number },
): Promise<Outcome> {
  const partitions = cells.columns * cells.rows
  const perCell = entities / partitions
  const command = `bouncing-world.ts --entities ${perCell} --band ${BAND} --speed ${SPEED}`
  const world = await startWorld(bench, {
    half,
    domains: { Cells: { kind: 'spatial', grid: [cells.columns, cells.rows], command } },
  })
  const cores = availableParallelism()
  const settings = [entities / cores, half, SPEED]
  const alone = Array.from(
    { length: cores },
    () => new OtherProcess(bench, 'bounce-alone.ts', settings),
  )
  const lockStep = startLockStep(bench, partitions, 'bounce-in-lock-step.ts', [
    perCell,
    half,
    SPEED,
  ])
  const measured = await interleaved(
    {
      fabric: () => world.tickMs(roundMs),
      plain: async () =>
        Math.max(...(await Promise.all(alone.map((child) => stepMs(child, roundMs))))),
      'in lock step': async () => (await lockStep.ask<{ roundMs: number }>(roundMs)).roundMs,
    },
    { rounds, say: bench.say },
  )
  const tickMs = median(measured.fabric)
  return {
    unit: 'ms a tick',
    value: tickMs,
    reference: median(measured.plain),
    referenceName: `the same steps on plain typed arrays in ${cores} processes`,
    goal: '<= 1.5',
    limit: {
      value: median(measured['in lock step']),
      name:
        `the same steps in ${partitions} processes in lock step, ` +
        'over two columns of positions in shared memory',
    },
    more: { ticksPerSecond: Math.round(10_000 / tickMs) / 10, entities, partitions },
  }
}

async function stepMs(alone: OtherProcess, durationMs: number): Promise<number> {
  const { stepMs } = await alone.ask<{ stepMs: number }>(durationMs)
  return stepMs
}
