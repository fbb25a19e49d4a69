// Measures handoffs a second: two apps own 20,000 entities each, all of which cross the border in
// every tick, both ways, with a field of 12 bytes. The reference is two processes that copy as many
// bytes. Counts the handoffs that the clock has granted.

import { benchmark } from './support/benchmark.ts'
import { OtherProcess } from './support/other-process.ts'
import { interleaved, median } from './support/rounds.ts'
import { startWorld } from './support/world.ts'

const ENTITIES = 20_000
/** Id, type, position, and the field with its length and type. */
const entityBytes = 8 + 4 + 12 + (12 + 4 + 4)
const ROUND_MS = 2000

await benchmark(async (bench) => {
  const world = await startWorld(bench, {
    domains: {
      Halves: { kind: 'spatial', grid: [2, 1], command: `handoff.ts --entities ${ENTITIES}` },
    },
  })
  const copying = [0, 1].map(
    () => new OtherProcess(bench, 'copy-alone.ts', [ENTITIES * entityBytes]),
  )
  const copiedPerSecond = async (copier: OtherProcess) =>
    (ENTITIES * 1000) / (await copier.ask<{ copyMs: number }>(ROUND_MS)).copyMs
  const measured = await interleaved(
    {
      fabric: () => world.handoffsPerSecond(ROUND_MS),
      memcpy: async () =>
        (await Promise.all(copying.map(copiedPerSecond))).reduce((one, other) => one + other),
    },
    { say: bench.say },
  )
  return {
    unit: 'entities/s',
    value: median(measured.fabric),
    reference: median(measured.memcpy),
    referenceName: `memcpy of their ${entityBytes} bytes each in two processes`,
    goal: 'report',
    more: { entitiesPerTick: 2 * ENTITIES },
  }
})
