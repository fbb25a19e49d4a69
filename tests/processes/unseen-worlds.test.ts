// Snapshots of unusual worlds: empty ones, odd fields, entities between two owners, apps that are
// down, names of maximum length. Each snapshot is verified, and restored to the same world.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readWorld, type World } from '../../scripts/demo/compare.ts'
import { after, before } from '../../src/base/testing/hooks.ts'
import { type Heddle, startHeddle } from '../support/heddle.ts'
import { type DomainSettings, type SchemaSettings, schema } from '../support/packages.ts'
import { hashEvery, type Simulation } from '../support/simulation.ts'
import { waitFor } from '../support/waiting.ts'

const PARTITION_MAX = 100

let heddle: Heddle
before(async () => {
  heddle = await startHeddle({
    configuration: `quotas: {entities_per_partition: ${PARTITION_MAX}}\n`,
  })
})
after(() => heddle?.stop())

const cells = (grid: readonly [number, number], command: string): DomainSettings => ({
  kind: 'spatial',
  grid,
  command,
})

async function begin(name: string, settings: SchemaSettings): Promise<Simulation> {
  const world = await heddle.startSimulation(name, schema(settings), hashEvery(1))
  await world.startClock()
  return world
}

/** Verifies a snapshot, and that a simulation started from it is the same world, and goes on. */
async function isRestored(of: Simulation, key: string): Promise<World> {
  const saved = await readWorld(await heddle.download(key))
  const { tick, stateHash } = saved
  assert.equal(stateHash, of.hashes().get(tick)?.stateHash)
  const branch = await heddle.branch(`${of.name.slice(0, 60)}-two`, key, hashEvery(1))
  await branch.is('STARTED')
  const again = await branch.world()
  assert.deepEqual([again.tick, again.stateHash], [tick, stateHash])
  assert.deepEqual(again.entities, saved.entities)
  await branch.startClock()
  await branch.reaches(tick + 5)
  await branch.stop()
  assert.equal(branch.errors(), '')
  await heddle.weaver.deleteSimulation({ Simulation: branch.name }).promise()
  return saved
}

for (const [name, grid, entities, sizes] of [
  ['empty', [2, 1], 0, []],
  ['single', [1, 1], 1, []],
  ['assorted', [2, 1], 40, [0, 1, 7, 1024, 65_536]],
] as const)
  test(`a world with ${entities} entities in each of ${grid.join('×')} cells`, async () => {
    const app = `assorted.ts --entities ${entities}${sizes.length > 0 ? ` --sizes ${sizes}` : ''}`
    const world = await begin(name, { domains: { Cells: cells(grid, app) } })
    await world.reaches(3)
    const { entities: saved } = await isRestored(world, await world.snapshot())
    assert.equal(saved.size, entities * grid[0] * grid[1])
    for (const [place, bytes] of sizes.entries())
      assert.ok(
        [...saved.values()].some(({ fields }) => lengthOf(fields, place + 1) === bytes),
        `${bytes} bytes`,
      )
    await world.stop()
  })

test('entities waiting for a full cell are saved once, and go on waiting', async () => {
  const world = await begin('crossing', {
    domains: { Cells: cells([2, 1], 'crossing.ts --first 80 --last 60') },
  })
  await world.reaches(8)
  const { entities } = await isRestored(world, await world.snapshot())
  assert.equal(entities.size, 140)
  await world.stop()
})

test('a world is saved while one of its apps restarts', async () => {
  const world = await begin('restarted', {
    domains: { Cells: cells([2, 1], 'wanderers.ts --seed 6 --entities 30') },
  })
  await world.reaches(5)
  const pid = await world.appPid('Cells', 'Cells-0-0')
  process.kill(pid, 'SIGKILL')
  const { tick } = await isRestored(world, await world.snapshot())
  await world.reaches(tick + 5)
  assert.notEqual(await world.appPid('Cells', 'Cells-0-0'), pid)
  await world.stop()
})

test('two spatial domains, service apps and custom apps are saved', async () => {
  const world = await begin('several', {
    domains: {
      People: cells([2, 1], 'assorted.ts --entities 12 --sizes 4'),
      Ghosts: cells([1, 3], 'assorted.ts --entities 7 --sizes 0,9'),
      Services: { kind: 'service', command: 'keeper.ts --entities 3' },
      Keepers: { kind: 'custom', command: 'keeper.ts --entities 5' },
    },
  })
  await world.startApp('Keepers', 'keeper')
  await world.appIs('Keepers', 'keeper', 'STARTED')
  await waitFor(() => world.newest().entities === 2 * 12 + 3 * 7 + 3 + 5, 'all of the entities')
  const { entities } = await isRestored(world, await world.snapshot())
  assert.equal(entities.size, 53)
  await world.stop()
})

test('names and keys of maximum length work', async () => {
  const long = (first: string) => first.padEnd(64, '-_Z')
  const world = await begin(long('world.'), {
    domains: {
      [long('Cells')]: cells([2, 1], 'assorted.ts --entities 3'),
      [long('Services')]: { kind: 'service', command: 'keeper.ts --entities 2' },
      [long('Keepers')]: { kind: 'custom', command: 'keeper.ts --entities 5' },
    },
  })
  for (const app of [long('keeper.'), '.'.repeat(63).concat('k')]) {
    await world.startApp(long('Keepers'), app)
    await world.appIs(long('Keepers'), app, 'STARTED')
  }
  await waitFor(() => world.newest().entities === 18, 'all of the entities')
  const name = `/snapshot/${world.name}-YYMMdd-HHmm-ss.zip`
  const take = (ObjectKeyPrefix: string) =>
    heddle.weaver
      .createSnapshot({
        Simulation: world.name,
        Destination: { BucketName: heddle.bucket, ObjectKeyPrefix },
      })
      .promise()
  const prefix = 'prefix/'.padEnd(1024 - name.length, 'x')
  await assert.rejects(take(`${prefix}x`), {
    code: 'ValidationException',
    message: /longer than 1024 bytes/,
  })
  await take(prefix)
  await world.is('STARTED')
  const [key] = await heddle.keys(prefix)
  assert.equal(key?.length, 1024, world.errors())
  assert.equal((await isRestored(world, key)).entities.size, 18)
  await world.stop()
})

/** The length of a field in the output of `compare.ts`; undefined if the entity lacks it. */
function lengthOf(fields: string, index: number): number | undefined {
  const [, , hex] = new RegExp(`(?:^| )${index}:(\\d+):([0-9a-f]*)`).exec(fields) ?? []
  return hex === undefined ? undefined : hex.length / 2
}
