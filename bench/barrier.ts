// Measures the cost of an empty tick: ticks a second of 2, 4 and 16 apps, beside a bare futex
// barrier of as many processes. `value` and `reference` are those of the number of apps with the
// lowest ratio.

import { benchmark, rounded } from './support/benchmark.ts'
import { startLockStep } from './support/lock-step.ts'
import { interleaved, median } from './support/rounds.ts'
import { startWorld } from './support/world.ts'

const counts = [2, 4, 16]
const ROUND_MS = 1000

await benchmark(async (bench) => {
  const contenders: Record<string, () => Promise<number>> = {}
  for (const count of counts) {
    const world = await startWorld(bench, {
      domains: { Cells: { kind: 'spatial', grid: [count, 1], command: 'idle.ts' } },
    })
    const leader = startLockStep(bench, count, 'bare-barrier.ts')
    contenders[`fabric of ${count}`] = async () => 1000 / (await world.tickMs(ROUND_MS))
    contenders[`bare of ${count}`] = async () =>
      1000 / (await leader.ask<{ roundMs: number }>(ROUND_MS)).roundMs
  }
  const measured = await interleaved(contenders, { say: bench.say })
  const found = counts.map((apps) => {
    const ticksPerSecond = median(measured[`fabric of ${apps}`]!)
    const bare = median(measured[`bare of ${apps}`]!)
    return { apps, ticksPerSecond, bare, ratio: ticksPerSecond / bare }
  })
  const worst = found.reduce((worst, each) => (each.ratio < worst.ratio ? each : worst))
  return {
    unit: 'ticks/s',
    value: worst.ticksPerSecond,
    reference: worst.bare,
    referenceName: `a bare futex barrier of ${worst.apps} processes and their leader`,
    goal: '>= 0.5',
    more: { ratios: Object.fromEntries(found.map(({ apps, ratio }) => [apps, rounded(ratio)])) },
  }
})
