// Worlds at full speed whose apps check what they read: every entity carries a sum over all of its
// data, and owner and readers check every entity in each tick.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { after, before } from '../../src/base/testing/hooks.ts'
import { checkedDomains, looked, noFaults } from '../support/checked.ts'
import { type Heddle, startHeddle } from '../support/heddle.ts'
import { schema } from '../support/packages.ts'
import { hashEvery } from '../support/simulation.ts'

/** Little above the average: many are rejected, and wait outside of their owner's cell. */
const ENTITIES_PER_PARTITION = 2520

let heddle: Heddle
before(async () => {
  heddle = await startHeddle({
    configuration: `quotas: {entities_per_partition: ${ENTITIES_PER_PARTITION}}\n`,
  })
})
after(async () => {
  await heddle?.stop()
})

for (const [columns, entities] of [
  [2, 2500],
  [4, 400],
] as const) {
  test(`no app of ${columns}×${columns} cells reads a torn, old, lost or double one`, async () => {
    const ticks = columns === 2 ? 1000 : 600
    const population = columns ** 2 * entities
    const domains = checkedDomains({ grid: [columns, columns], entities })
    const text = schema({ tickRate: 'unlimited', domains })
    const world = await heddle.startSimulation(`checked-${columns}`, text, hashEvery(50))
    await world.startClock()
    await world.reaches(ticks - 300)
    await world.startApp('Overseers', 'overseer')
    const { handoffs } = await world.reaches(ticks)
    const { entities: inSnapshot } = await world.world()
    assert.equal(inSnapshot.size, population)
    for (const { tick, entities: there } of world.hashes().values())
      assert.equal(there, tick > 0 ? population : 0)
    await world.stop()
    noFaults(world)
    const seen = looked(world)
    assert.ok(handoffs > population, `${handoffs} handoffs`)
    assert.ok(
      seen.owned >= population * (ticks - 1) * (5 / 8),
      `${seen.owned} own rows were looked at`,
    )
    if (columns === 2) assert.ok(seen.rejected > ticks, `${seen.rejected} were refused`)
    for (const what of ['covered', 'pictured', 'neighbours', 'born', 'all', 'part'])
      assert.ok(seen[what] > population, `${what}: ${seen[what]}`)
  })
}
