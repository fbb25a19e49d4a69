import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startHeddle } from '../support/heddle.ts'
import { schema } from '../support/packages.ts'
import { hashEvery } from '../support/simulation.ts'
import { waitFor } from '../support/waiting.ts'

/** Mounts a tmpfs of so many MiB for the length of `use`. Undefined where this user may not mount. */
async function withTmpfs(mebibytes: number, use: (folder: string) => Promise<void>): Promise<'skipped' | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-full-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', folder], { stdio: 'ignore' })
  } catch {
    rmSync(folder, { recursive: true })
    return 'skipped'
  }
  try {
    await use(folder)
  } finally {
    execFileSync('umount', [folder])
    rmSync(folder, { recursive: true })
  }
  return undefined
}

function growers(columns: number): string {
  return schema({ domains: { Cells: { kind: 'spatial', grid: [columns, 1], command: 'grower.ts' } } })
}

test('a simulation whose memory does not fit fails its start, and says that it is full', async (context) => {
  const outcome = await withTmpfs(1, async (folder) => {
    const fabricFolder = join(folder, 'fabric')
    const heddle = await startHeddle({ fabricFolder })
    try {
      const world = await heddle.beginSimulation('too-large', growers(17))
      const [error] = await world.fails()
      assert.equal(error.errorType, 'CapacityExceeded')
      assert.match(error.errorMessage, new RegExp(`${fabricFolder}.*full`))
      await world.leavesNothing()
    } finally {
      await heddle.stop()
    }
  })
  if (outcome) context.skip('this user may not mount a tmpfs')
})

test('a world that fills its memory goes on: apps are refused more, and none of them dies', async (context) => {
  const outcome = await withTmpfs(24, async (folder) => {
    const heddle = await startHeddle({ fabricFolder: join(folder, 'fabric') })
    try {
      const world = await heddle.startSimulation('growing', growers(2), hashEvery(5))
      await world.startClock()
      await waitFor(
        () => world.output('Cells').filter((line) => line.startsWith('full: CapacityExceeded')).length === 2,
        () => `both apps to be refused more; they said: ${world.output('Cells').join('\n')} ${world.errors()}`,
      )
      await world.ticksOn(20)
      assert.equal(world.errors(), '')
      const before = world.newest()
      assert.ok(before.entities > 200)
      const { entities } = await world.world()
      assert.equal(entities.size, before.entities)
      await world.stop()
    } finally {
      await heddle.stop()
    }
  })
  if (outcome) context.skip('this user may not mount a tmpfs')
})
