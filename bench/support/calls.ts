// The comparison behind the benchmarks of calls for single entities: an app in a running simulation
// beside the same loads and stores without one.
// Owns the turns and the outcome; the benchmarks choose the programs.

import type { Bench, Outcome } from './benchmark.ts'
import { interleaved, median } from './rounds.ts'
import { type MeasuredWorld, startWorld } from './world.ts'

export const CALLING_ENTITIES = 10_000
/** One call of each kind per entity. */
const calls = CALLING_ENTITIES * 4
const ROUND_MS = 2000

/** Starts a world of one cell whose app makes the calls. */
export async function startCaller(
  bench: Bench,
  command: string | readonly string[],
  options?: { compileMs: number },
): Promise<MeasuredWorld> {
  const Cells = { kind: 'spatial', grid: [1, 1], command } as const
  return startWorld(bench, { domains: { Cells } }, options)
}

/**
 * Compares calls a second, which count the app's time between the start and the commit of its
 * ticks. `alone` answers a number of milliseconds to run for with the time of a pass over all
 * entities.
 */
export async function compareCalls(
  bench: Bench,
  world: MeasuredWorld,
  alone: { ask(durationMs: number): Promise<{ passMs: number }> },
): Promise<Pick<Outcome, 'unit' | 'value' | 'reference'> & { more: { entities: number } }> {
  const measured = await interleaved(
    {
      sdk: async () => (calls * 1000) / (await world.simulateMs(0, ROUND_MS)),
      plain: async () => (calls * 1000) / (await alone.ask(ROUND_MS)).passMs,
    },
    { say: bench.say },
  )
  return {
    unit: 'calls/s',
    value: median(measured.sdk),
    reference: median(measured.plain),
    more: { entities: CALLING_ENTITIES },
  }
}
