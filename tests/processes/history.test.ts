import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { after, before } from '../../src/base/testing/hooks.ts'
import { chance } from '../apps/random.ts'
import { assertSameEntities } from '../support/compare-worlds.ts'
import { type Heddle, startHeddle } from '../support/heddle.ts'
import { schema } from '../support/packages.ts'
import { hashEvery, type Simulation } from '../support/simulation.ts'

// More histories, or one again: HEDDLE_HISTORY_SEEDS=17,18,19 npm test -- history
const seeds = (process.env.HEDDLE_HISTORY_SEEDS ?? '1,2').split(',').map(Number)
const cells = ['Cells-0-0', 'Cells-1-0', 'Cells-0-1', 'Cells-1-1']
/** First tick without changes. */
const LAST_TICK = 90

let heddle: Heddle
before(async () => {
  heddle = await startHeddle()
})
after(() => heddle?.stop())

for (const seed of seeds) {
  test(`history ${seed}: killing apps at any moment does not change the world`, async () => {
    const command = `wanderers.ts --seed ${seed} --entities 40 --until ${LAST_TICK}`
    const crashes = cells
      .map((cell) => `--crash ${cell}@${1 + Math.floor(chance(seed, cell) * 60)}:kill`)
      .join(' ')
    const calm = await start(`calm-${seed}`, command)
    const struck = await start(`struck-${seed}`, `${command} ${crashes}`)
    await calm.startClock()
    await struck.startClock()
    await killAtRandom(struck, seed)
    const ends = await Promise.all([calm, struck].map((world) => world.reaches(LAST_TICK + 5)))
    assert.equal(ends[0].stateHash, ends[1].stateHash, `seed ${seed}`)
    const [expected, actual] = [calm.hashes(), struck.hashes()]
    for (let tick = 0; tick <= LAST_TICK; tick++)
      assert.deepEqual(actual.get(tick), expected.get(tick), `seed ${seed}, tick ${tick}`)
    assertSameEntities(await struck.world(), await calm.world(), `seed ${seed}`)
    const failures = struck.log('/sim/errors').filter((line) => line.includes('started again'))
    assert.ok(failures.length > cells.length, 'apps were killed by themselves and from outside')
    await calm.stop()
    await struck.stop()
  })
}

async function start(name: string, command: string): Promise<Simulation> {
  const Cells = { kind: 'spatial', grid: [2, 2], command } as const
  return heddle.startSimulation(name, schema({ domains: { Cells } }), hashEvery(1))
}

/**
 * Kills each app once or twice, at random moments; with its own crash that is the limit of failures
 * in a minute.
 */
async function killAtRandom(world: Simulation, seed: number): Promise<void> {
  const victims = [...cells, ...cells].map((cell, turn) => ({
    cell,
    order: chance(seed, cell, turn),
  }))
  for (const { cell } of victims.sort((a, b) => a.order - b.order)) {
    await sleep(Math.random() * 150)
    const victim = world.processes().find(({ app }) => app === cell)
    if (victim) await world.kill(victim.pid)
  }
}
