// Uneven worlds: all in one cell, all crossing at once, large fields, many cells, two domains. They
// keep every rule of even ones.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { after, before } from '../../src/base/testing/hooks.ts'
import { checkedDomains, looked, noFaults } from '../support/checked.ts'
import { type Heddle, startHeddle } from '../support/heddle.ts'
import { type SchemaSettings, schema } from '../support/packages.ts'
import { hashEvery } from '../support/simulation.ts'
import { waitFor } from '../support/waiting.ts'

const ENTITY_LIMIT = 30_000

let heddle: Heddle
before(async () => {
  heddle = await startHeddle({
    configuration: `quotas: {entities_per_partition: ${ENTITY_LIMIT}}\n`,
  })
})
after(async () => {
  await heddle?.stop()
})

/**
 * Runs a world of `crossing.ts` in two cells; returns both apps' counts by tick: owned, adds,
 * removes, rejects.
 */
async function cross(name: string, more: string): Promise<Record<'first' | 'last', number[][]>> {
  const Cells = { kind: 'spatial', grid: [2, 1], command: `crossing.ts ${more}` } as const
  const world = await heddle.startSimulation(name, schema({ domains: { Cells } }), hashEvery(1))
  await world.startClock()
  await world.reaches(12)
  const populations = [...world.hashes().values()].map(({ entities }) => entities)
  await world.stop()
  assert.equal(world.errors(), '')
  const said = { first: [] as number[][], last: [] as number[][] }
  for (const line of world.output('Cells')) {
    const [, tick, app, ...counts] =
      /^tick=(\d+) app=(\S+) owned=(\d+) adds=(\d+) removes=(\d+) rejects=(\d+)$/.exec(line) ??
      assert.fail(line)
    said[app === 'Cells-0-0' ? 'first' : 'last'][Number(tick)] = counts.map(Number)
  }
  // Entities begun in a tick are counted at its end, and have an owner from then on.
  for (let tick = 2; tick <= 10; tick++)
    assert.equal(said.first[tick][0] + said.last[tick][0], populations[tick - 1])
  return said
}

test('a full target takes one more entity for each one that leaves', async () => {
  const { first, last } = await cross('refused', '--first 20000 --last 25000 --end 1234')
  assert.deepEqual(
    [first[3], last[3]],
    [
      [20_000, 0, 0, 0],
      [25_000, 0, 0, 0],
    ],
  )
  // As many as the target has claimed room for go at once, the others a tick later.
  const [, , removedAt4] = first[4]
  assert.ok(removedAt4 > 1024 && removedAt4 <= 5000, `${removedAt4} at once`)
  for (const [tick, removed] of [
    [4, removedAt4],
    [5, 5000 - removedAt4],
    [6, 0],
  ]) {
    const left = first[tick - 1][0] - removed
    assert.deepEqual(
      [first[tick], last[tick]],
      [
        [left, 0, removed, left],
        [45_000 - left, removed, 0, 0],
      ],
      `tick ${tick}`,
    )
  }
  assert.equal(last[6][0], ENTITY_LIMIT)
  assert.deepEqual(
    [first[7], last[7]],
    [
      [13_766, 0, 1234, 13_766],
      [ENTITY_LIMIT, 1234, 0, 0],
    ],
  )
  assert.deepEqual(
    [first[10], last[10]],
    [
      [13_766, 0, 0, 13_766],
      [ENTITY_LIMIT, 0, 0, 0],
    ],
  )
})

test('two full partitions exchange all of their entities at once', async () => {
  const { first, last } = await cross(
    'swapped',
    `--first ${ENTITY_LIMIT} --last ${ENTITY_LIMIT} --swap`,
  )
  const all = [ENTITY_LIMIT, ENTITY_LIMIT, ENTITY_LIMIT, 0]
  assert.deepEqual([first[4], last[4]], [all, all])
  assert.deepEqual(
    [first[5], last[5]],
    [
      [ENTITY_LIMIT, 0, 0, 0],
      [ENTITY_LIMIT, 0, 0, 0],
    ],
  )
})

/** Runs a checked world for some ticks with an overseer; returns the number of handoffs. */
async function isWhole(
  name: string,
  settings: SchemaSettings,
  population: number,
  ticks: number,
): Promise<number> {
  const world = await heddle.startSimulation(
    name,
    schema({ tickRate: 'unlimited', ...settings }),
    hashEvery(10),
  )
  await world.startClock()
  await world.reaches(10)
  await world.startApp('Overseers', 'overseer')
  await world.appIs('Overseers', 'overseer', 'STARTED')
  await world.ticksOn(ticks)
  const { entities, handoffs } = world.newest()
  assert.equal(entities, population)
  await world.stop()
  assert.equal(world.errors(), '')
  const domains = Object.keys(settings.domains)
  noFaults(world, domains)
  const seen = looked(world, domains)
  assert.ok(seen.owned > population && seen.all > population && seen.part > 0, JSON.stringify(seen))
  return handoffs
}

test('all entities may be in one cell, and its neighbours see them whole', async () => {
  const domains = checkedDomains({
    grid: [2, 2],
    entities: 6000,
    population: 6000,
    more: '--crowded',
  })
  assert.equal(await isWhole('crowded', { domains }, 6000, 100), 0)
})

test('fields of 1 KiB are whole for owner and readers, and cross with their entities', async () => {
  const load = '--load 1024'
  const domains = checkedDomains({ grid: [2, 1], entities: 1000, more: load, overseers: load })
  assert.ok((await isWhole('loaded', { domains }, 2000, 100)) > 200)
})

test('a world of 100 cells is whole', async () => {
  const domains = checkedDomains({ grid: [10, 10], entities: 30 })
  assert.ok((await isWhole('hundred', { domains, workers: 6, tickRate: '10' }, 3000, 20)) > 300)
})

test('two domains that exchange all of their entities see each other whole', async () => {
  const cells = (to: string) =>
    ({ kind: 'spatial', grid: [2, 1], command: `checked.ts --entities 700 --to ${to}` }) as const
  const domains = {
    People: cells('Ghosts'),
    Ghosts: cells('People'),
    Overseers: { kind: 'custom', command: 'overseer.ts --domains People,Ghosts --entities 2800' },
  } as const
  assert.ok(
    (await isWhole('domains', { domains, together: ['People', 'Ghosts'] }, 2800, 100)) > 2800 * 10,
  )
})

test('domains and apps may be called like what every object has', async () => {
  const domains = {
    constructor: { kind: 'spatial', grid: [1, 1], command: 'idle.ts' },
    ['__proto__']: { kind: 'custom', command: 'idle.ts', timeout: 5 },
    toString: { kind: 'custom', command: 'idle.ts' },
  } as const
  const world = await heddle.startSimulation('inherited', schema({ domains }), {
    Tags: { 'heddle:app-timeout:toString': '20', 'heddle:state-hash-interval': '1' },
  })
  await world.startClock()
  await world.startApp('__proto__', 'hasOwnProperty')
  await world.startApp('toString', 'valueOf')
  await world.reaches(5)
  const started = [
    '__proto__ hasOwnProperty STARTED',
    'constructor constructor-0-0 STARTED',
    'toString valueOf STARTED',
  ]
  await waitFor(async () => {
    const { Apps = [] } = await heddle.weaver.listApps({ Simulation: 'inherited' }).promise()
    const found = Apps.map(({ Domain, Name, Status }) => `${Domain} ${Name} ${Status}`).sort()
    return isDeepStrictEqual(found, started)
  }, 'all three apps to be STARTED')
  await world.stop()
})
