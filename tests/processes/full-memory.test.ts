import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { startHeddle } from '../support/heddle.ts'
import { schema } from '../support/packages.ts'
import { hashEvery } from '../support/simulation.ts'
import { withSmallDisk } from '../support/small-disk.ts'
import { waitFor } from '../support/waiting.ts'

function growers(columns: number): string {
  return schema({
    domains: { Cells: { kind: 'spatial', grid: [columns, 1], command: 'grower.ts' } },
  })
}

test('a simulation too large for the memory fails its start', async (context) => {
  await withSmallDisk(context, 1, async ({ folder }) => {
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
})

test('a world that fills its memory rejects new entities, and no app dies', async (context) => {
  await withSmallDisk(context, 24, async ({ folder }) => {
    const heddle = await startHeddle({ fabricFolder: join(folder, 'fabric') })
    try {
      const world = await heddle.startSimulation('growing', growers(2), hashEvery(5))
      await world.startClock()
      await waitFor(
        () =>
          world.output('Cells').filter((line) => line.startsWith('full: CapacityExceeded'))
            .length === 2,
        () =>
          'both apps to be refused more; they said: ' +
          `${world.output('Cells').join('\n')} ${world.errors()}`,
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
})
