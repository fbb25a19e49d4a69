// Apps that crash at every moment of a tick while entities are moved, made and stored in bulk: the
// world goes on as if they had not.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { after, before } from '../../src/base/testing/hooks.ts'
import { checkedDomains, noFaults } from '../support/checked.ts'
import { assertSameEntities } from '../support/compare-worlds.ts'
import { type Heddle, startHeddle } from '../support/heddle.ts'
import { schema } from '../support/packages.ts'
import { hashEvery, type Simulation } from '../support/simulation.ts'

const names = ['Cells-0-0', 'Cells-1-0', 'Cells-0-1', 'Cells-1-1']
const TICKS = 120

let heddle: Heddle
let calm: Simulation
before(async () => {
  heddle = await startHeddle({ appTimeoutSeconds: 5 })
  calm = await run('calm', [])
})
after(() => heddle?.stop())

interface Crash {
  name: string
  tick: number
  how: string
}

/** Runs a world up to the tick after which nothing changes any more. */
async function run(name: string, crashes: readonly (readonly Crash[])[]): Promise<Simulation> {
  const ends = crashes.flat().map(({ name, tick, how }) => `--crash ${name}@${tick}:${how}`)
  const more = `--until ${TICKS} ${ends.join(' ')}`
  const domains = checkedDomains({ grid: [2, 2], entities: 1500, more })
  const world = await heddle.startSimulation(
    name,
    schema({ tickRate: 'unlimited', domains }),
    hashEvery(1),
  )
  await world.startClock()
  await world.reaches(TICKS)
  await world.stopClock()
  return world
}

/**
 * Asserts that the world equals the calm one in each tick, and that its apps end in order and found
 * no fault.
 */
async function isTheCalmWorld(world: Simulation): Promise<void> {
  const expected = calm.hashes()
  for (let tick = 1; tick <= TICKS; tick++)
    assert.deepEqual(world.hashes().get(tick), expected.get(tick), `${world.name}, tick ${tick}`)
  assertSameEntities(await world.world(), await calm.world())
  await world.stop()
  noFaults(world)
}

/** Returns the ticks in which an app's processes began, without the first one. */
function repeated(world: Simulation, app: string): number[] {
  const [stream = ''] = world.streams().filter((name) => name.endsWith(`/${app}`))
  const begun = world.log(stream).map((line) => /^incarnation=(\d+) tick=(\d+)$/.exec(line))
  return begun.flatMap((line) => (line && line[1] !== '1' ? [Number(line[2])] : []))
}

test('apps killed in a sweep, a bulk store or a bulk create repeat their tick', async () => {
  const modes = ['sweep', 'store', 'create', 'sweep', 'store']
  const crashes = names.map((name, app) =>
    [0, 1, 2].map((crash) => ({
      name,
      tick: 32 * crash + 8 * app + [3, 6, 5][crash],
      how: modes[(app + crash) % 5],
    })),
  )
  crashes[3][2].how = 'hang'
  const world = await run('struck', crashes)
  for (const list of crashes)
    assert.deepEqual(
      repeated(world, list[0].name),
      list.map(({ tick }) => tick),
    )
  await world.saysError(
    new RegExp(
      `app=Cells-1-1 .*did not commit tick ${crashes[3][2].tick} within 5 s.*started again`,
    ),
  )
  await isTheCalmWorld(world)
})

test('apps killed at any write of a commit, or at any moment, lose no tick', async () => {
  const crashes = names.map((name, app) => [
    { name, tick: 9 + app * 7, how: 'commit' },
    { name, tick: 43 + app * 5, how: 'commit' },
    { name, tick: 80 + app * 6, how: 'anywhere' },
  ])
  const world = await run('shot', crashes)
  for (const [first, second, third] of crashes) {
    const ticks = repeated(world, first.name)
    assert.deepEqual(ticks.slice(0, 2), [first.tick, second.tick])
    assert.ok(ticks.length === 3 && ticks[2] >= third.tick, `${ticks}`)
  }
  await isTheCalmWorld(world)
})
