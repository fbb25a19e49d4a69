import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startHeddle } from '../support/heddle.ts'
import { schema } from '../support/packages.ts'
import { ownMiB } from '../support/processes.ts'
import { hashEvery } from '../support/simulation.ts'
import { waitFor } from '../support/waiting.ts'

test('repeated snapshots of a growing and shrinking world take no more memory', async () => {
  const [few, many] = [4000, 40_000]
  const folder = mkdtempSync(join(tmpdir(), 'heddle-swell-'))
  const file = join(folder, 'flood')
  const heddle = await startHeddle()
  try {
    const command = `swell.ts ${file} ${few} ${many}`
    const domains = { Cells: { kind: 'spatial', grid: [1, 1], command } } as const
    const world = await heddle.startSimulation(
      'swell',
      schema({ tickRate: '10', domains }),
      hashEvery(1),
    )
    await world.startClock()
    const worker = await world.workerPid()
    const snapshotOf = async (entities: number) => {
      if (entities === many) writeFileSync(file, '')
      else rmSync(file, { force: true })
      await waitFor(
        () => world.newest().entities === entities,
        () => `${entities} entities; ${world.errors()}`,
      )
      await world.snapshot()
    }
    const used: number[] = []
    for (let turn = 0; turn < 7; turn++) {
      await snapshotOf(few)
      await snapshotOf(many)
      used.push(ownMiB([worker]))
    }
    // Each copy of many entities takes 40 MiB. The first two turns start the threads and their
    // heaps.
    assert.ok(used[6] < used[1] + 100, `${used.map((mib) => mib.toFixed(0)).join(', ')} MiB`)
  } finally {
    await heddle.stop()
    rmSync(folder, { recursive: true })
  }
})
