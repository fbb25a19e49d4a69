// Measures updates read a second: two apps own 4,000 entities each, move all of them in each tick,
// and read every one of the other's. The reference is two processes that send each other the same
// numbers over a unix socket.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { benchmark } from './support/benchmark.ts'
import { startLockStep } from './support/lock-step.ts'
import { OtherProcess } from './support/other-process.ts'
import { interleaved, median } from './support/rounds.ts'
import { startWorld } from './support/world.ts'

const ENTITIES = 4000
const ROUND_MS = 2000

await benchmark(async (bench) => {
  const world = await startWorld(bench, {
    domains: {
      Cells: { kind: 'spatial', grid: [2, 1], command: `replicate.ts --entities ${ENTITIES}` },
    },
  })
  const folder = mkdtempSync(join(tmpdir(), 'heddle-bench-'))
  bench.defer(() => rmSync(folder, { recursive: true }))
  const [one, other] = ['one', 'other'].map((name) => join(folder, name))
  const lead = new OtherProcess(bench, 'replicate-by-socket.ts', [ENTITIES, one, other, 'lead'])
  new OtherProcess(bench, 'replicate-by-socket.ts', [ENTITIES, other, one, 'follow'])
  const lockStep = startLockStep(bench, 2, 'bare-barrier.ts')
  const updatesPerSecond = (tickMs: number) => (2 * ENTITIES * 1000) / tickMs
  const measured = await interleaved(
    {
      fabric: async () => updatesPerSecond(await world.tickMs(ROUND_MS)),
      socket: async () => updatesPerSecond((await lead.ask<{ tickMs: number }>(ROUND_MS)).tickMs),
      'bare barrier': async () =>
        updatesPerSecond((await lockStep.ask<{ roundMs: number }>(ROUND_MS)).roundMs),
    },
    { say: bench.say },
  )
  return {
    unit: 'updates/s',
    value: median(measured.fabric),
    reference: median(measured.socket),
    referenceName: 'the same ids and positions sent as bytes over unix sockets',
    goal: '>= 2',
    limit: {
      value: median(measured['bare barrier']),
      name:
        'a bare futex barrier of 2 processes and their leader, ' +
        'as if nobody moved or read anything',
    },
    more: { entities: 2 * ENTITIES },
  }
})
