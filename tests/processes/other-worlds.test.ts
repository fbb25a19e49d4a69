// Worlds that are not spread evenly: all in one cell, all crossing at once, large fields, many cells, two domains. What holds for any world holds there.

import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { checkedDomains, looked, noFaults } from '../support/checked.ts'
import { type Heddle, startHeddle } from '../support/heddle.ts'
import { schema } from '../support/packages.ts'
import { hashEvery } from '../support/simulation.ts'

const entityLimit = 30_000

let folder: string
let heddle: Heddle
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'heddle-worlds-'))
  const file = join(folder, 'heddle.yaml')
  await writeFile(file, `quotas: {entities_per_partition: ${entityLimit}}\n`)
  heddle = await startHeddle({ environment: { HEDDLE_CONFIG: file } })
})
after(async () => {
  await heddle?.stop()
  await rm(folder, { recursive: true, force: true })
})

/** Runs a world of `crossing.ts` in two cells; what both apps said, by tick: owned, adds, removes, rejects. */
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
      /^tick=(\d+) app=(\S+) owned=(\d+) adds=(\d+) removes=(\d+) rejects=(\d+)$/.exec(line) ?? assert.fail(line)
    said[app === 'Cells-0-0' ? 'first' : 'last'][Number(tick)] = counts.map(Number)
  }
  // What is begun in a tick is counted at its end, and owned by somebody ever after.
  for (let tick = 2; tick <= 10; tick++) assert.equal(said.first[tick][0] + said.last[tick][0], populations[tick - 1])
  return said
}

test('of all that cross at once the target takes as many as it has room for, and one more for each that goes', async () => {
  const { first, last } = await cross('refused', '--first 20000 --last 25000 --end 1234')
  assert.deepEqual(
    [first[3], last[3]],
    [
      [20_000, 0, 0, 0],
      [25_000, 0, 0, 0],
    ],
  )
  for (const tick of [4, 5, 6]) {
    const isNew = tick === 4 ? 5000 : 0
    assert.deepEqual(
      [first[tick], last[tick]],
      [
        [15_000, 0, isNew, 15_000],
        [entityLimit, isNew, 0, 0],
      ],
      `tick ${tick}`,
    )
  }
  assert.deepEqual(
    [first[7], last[7]],
    [
      [13_766, 0, 1234, 13_766],
      [entityLimit, 1234, 0, 0],
    ],
  )
  assert.deepEqual(
    [first[10], last[10]],
    [
      [13_766, 0, 0, 13_766],
      [entityLimit, 0, 0, 0],
    ],
  )
})

test('two partitions that are full change all of their entities at once', async () => {
  const { first, last } = await cross('swapped', `--first ${entityLimit} --last ${entityLimit} --swap`)
  const all = [entityLimit, entityLimit, entityLimit, 0]
  assert.deepEqual([first[4], last[4]], [all, all])
  assert.deepEqual(
    [first[5], last[5]],
    [
      [entityLimit, 0, 0, 0],
      [entityLimit, 0, 0, 0],
    ],
  )
})

interface Checked {
  name: string
  what: string
  grid: readonly [number, number]
  entities: number
  ticks: number
  more?: string
  population?: number
  workers?: number
  half?: number
}

const worlds: readonly Checked[] = [
  {
    name: 'crowded',
    what: 'all entities in one cell',
    grid: [2, 2],
    entities: 6000,
    population: 6000,
    more: '--crowded',
    ticks: 100,
  },
  { name: 'loaded', what: 'fields of 1 KiB', grid: [2, 1], entities: 1000, more: '--load 1024', ticks: 100 },
  { name: 'hundred', what: '100 cells', grid: [10, 10], entities: 50, ticks: 60, workers: 6 },
]

for (const {
  name,
  what,
  grid,
  entities,
  population = grid[0] * grid[1] * entities,
  more = '',
  ticks,
  workers,
} of worlds) {
  test(`a world with ${what} is whole for everybody who looks at it`, async () => {
    const load = more.startsWith('--load') ? more : ''
    const domains = checkedDomains({ grid, entities, more: more.trim(), population, overseers: load })
    const world = await heddle.startSimulation(name, schema({ tickRate: 'unlimited', workers, domains }), hashEvery(10))
    await world.startClock()
    await world.reaches(10)
    await world.startApp('Overseers', 'overseer')
    await world.appIs('Overseers', 'overseer', 'STARTED')
    await world.ticksOn(ticks)
    const { entities: there, handoffs } = world.newest()
    assert.equal(there, population)
    assert.equal(handoffs > population / 20, name !== 'crowded')
    await world.stop()
    assert.equal(world.errors(), '')
    noFaults(world)
    const seen = looked(world)
    assert.ok(seen.all > population && seen.owned > population * 10 && seen.part > 0)
  })
}

test('two domains that hand each other all of their entities see each other whole', async () => {
  const more = (to: string) => `--entities 400 --to ${to}`
  const text = schema({
    tickRate: 'unlimited',
    domains: {
      People: { kind: 'spatial', grid: [2, 2], command: `checked.ts ${more('Ghosts')}` },
      Ghosts: { kind: 'spatial', grid: [2, 2], command: `checked.ts ${more('People')}` },
      Overseers: { kind: 'custom', command: 'overseer.ts --domains People,Ghosts --entities 3200' },
    },
    together: ['People', 'Ghosts'],
  })
  const world = await heddle.startSimulation('domains', text, hashEvery(10))
  await world.startClock()
  await world.startApp('Overseers', 'overseer')
  await world.appIs('Overseers', 'overseer', 'STARTED')
  await world.ticksOn(100)
  const { entities, handoffs } = world.newest()
  assert.equal(entities, 3200)
  assert.ok(handoffs > 3200 * 10, `${handoffs} handoffs`)
  await world.stop()
  assert.equal(world.errors(), '')
  noFaults(world, ['People', 'Ghosts', 'Overseers'])
  const seen = looked(world, ['People', 'Ghosts', 'Overseers'])
  assert.ok(seen.all > 3200 && seen.part > 0)
})
