// A simulation's memory: bounded by the operator's limit, and given back after a peak.

import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Heddle, startHeddle } from '../support/heddle.ts'
import { schema } from '../support/packages.ts'
import { hashEvery } from '../support/simulation.ts'
import { waitFor } from '../support/waiting.ts'

const MEBIBYTE = 1024 ** 2

/** Starts a Heddle with a quota of memory, in MiB, and a folder for the test's own files. */
async function withHeddle(
  quota: string,
  use: (heddle: Heddle, folder: string) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-memory-'))
  try {
    const heddle = await startHeddle({
      configuration: `quotas: { memory_per_simulation: ${quota} }\n`,
    })
    try {
      await use(heddle, folder)
    } finally {
      await heddle.stop()
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Returns the bytes of the file system that a simulation's fabric occupies. */
function takenBytes(heddle: Heddle, executionId: string): number {
  const folder = join(heddle.fabricFolder, executionId)
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  return files.reduce((sum, file) => sum + statSync(join(folder, file)).blocks * 512, 0)
}

function cells(columns: number, command: string): string {
  return schema({ domains: { Cells: { kind: 'spatial', grid: [columns, 1], command } } })
}

test('a simulation at its memory limit rejects new entities, and goes on', async () => {
  await withHeddle('24', async (heddle) => {
    const world = await heddle.startSimulation('growing', cells(2, 'grower.ts'), hashEvery(5))
    await world.startClock()
    const refusal =
      /^full: CapacityExceeded at some entities: .*the 24 MiB of shared memory that it may have/
    await waitFor(
      () => world.output('Cells').filter((line) => refusal.test(line)).length === 2,
      () =>
        'both apps to be refused more; they said: ' +
        `${world.output('Cells').join('\n')} ${world.errors()}`,
    )
    await world.ticksOn(20)
    assert.equal(world.errors(), '')
    const bytes = takenBytes(heddle, world.executionId)
    assert.ok(bytes > 23 * MEBIBYTE && bytes <= 24 * MEBIBYTE + 65_536, `${bytes} bytes`)
    const { entities } = await world.world()
    assert.equal(entities.size, world.newest().entities)
    await world.stop()
  })
})

test('a simulation that needs more than its limit fails its start with the reason', async () => {
  await withHeddle('1', async (heddle) => {
    const world = await heddle.beginSimulation('too-large', cells(17, 'grower.ts'))
    const [error] = await world.fails()
    assert.equal(error.errorType, 'CapacityExceeded')
    assert.match(error.errorMessage, /the 1 MiB of shared memory that it may have/)
    await world.leavesNothing()
  })
})

test('after a peak the file system gets the memory back, and nothing is lost', async () => {
  await withHeddle('auto', async (heddle, folder) => {
    const file = join(folder, 'ebb')
    const command = `tide.ts ${file} 40000 100`
    const world = await heddle.startSimulation('tide', cells(2, command), hashEvery(10))
    await world.startClock()
    const said = (word: string) =>
      world.output('Cells').filter((line) => line === word).length === 2
    await waitFor(() => said('flood'), 'both apps to have made their entities')
    await world.ticksOn(2)
    const peakBytes = takenBytes(heddle, world.executionId)
    assert.ok(peakBytes > 80_000 * 108, `${peakBytes} bytes at the peak`)
    writeFileSync(file, '')
    await waitFor(
      () => takenBytes(heddle, world.executionId) < peakBytes / 8,
      () =>
        'the fabric to shrink; it takes ' +
        `${takenBytes(heddle, world.executionId)} of ${peakBytes} bytes`,
    )
    await waitFor(() => said('ebb'), 'both apps to say so')
    await world.ticksOn(10)
    assert.equal(world.errors(), '')
    const { entities } = await world.world()
    assert.equal(entities.size, 200)
    await world.stop()
  })
})
