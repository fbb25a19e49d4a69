import assert from 'node:assert/strict'
import { test } from 'node:test'
import { after, before } from '../../src/base/testing/hooks.ts'
import { fetchLine } from '../support/clients.ts'
import { type Heddle, startHeddle } from '../support/heddle.ts'
import { schema } from '../support/packages.ts'
import { hashEvery } from '../support/simulation.ts'
import { waitFor } from '../support/waiting.ts'

let heddle: Heddle
before(async () => {
  heddle = await startHeddle()
})
after(() => heddle?.stop())

for (const [columns, rows] of [
  [1, 1],
  [4, 1],
  [4, 4],
] as const) {
  test(`${columns}×${rows} cells have an app each, and entities cross between them`, async () => {
    const Cells = {
      kind: 'spatial',
      grid: [columns, rows],
      command: 'wanderers.ts --entities 12',
    } as const
    const world = await heddle.startSimulation(
      `grid-${columns}-${rows}`,
      schema({ domains: { Cells } }),
      hashEvery(5),
    )
    const apps = await world.apps()
    const names = Array.from(
      { length: columns * rows },
      (_, cell) => `Cells-${cell % columns}-${Math.floor(cell / columns)}`,
    )
    assert.deepEqual(apps.map(({ Name }) => Name).sort(), names.sort())
    assert.ok(apps.every(({ Status }) => Status === 'STARTED'))
    assert.equal(await world.clockStatus(), 'STOPPED')
    await world.startClock()
    const { entities, handoffs } = await world.reaches(20)
    assert.ok(entities > columns * rows * 4, `${entities} entities`)
    assert.equal(handoffs > 0, columns * rows > 1)
    assert.equal(world.errors(), '')
    await world.stop()
  })
}

test('a service domain has its apps on each worker, and callers cannot end them', async () => {
  const text = schema({
    workers: 2,
    domains: {
      Cells: { kind: 'spatial', grid: [2, 1], command: 'idle.ts' },
      Helpers: { kind: 'service', count: 2, command: 'idle.ts', ports: [7100] },
    },
  })
  const world = await heddle.startSimulation('service', text)
  const helpers = await world.apps('Helpers')
  assert.equal(helpers.length, 4)
  const ports = new Set<number>()
  for (const { Name = '' } of helpers) ports.add((await world.endpoint('Helpers', Name, 7100)).port)
  assert.equal(ports.size, 4, 'each app has a port of its own')
  await assert.rejects(world.stopApp('Helpers', helpers[0].Name ?? ''), {
    code: 'ValidationException',
  })
  await assert.rejects(world.startApp('Helpers', 'another'), { code: 'ValidationException' })
  const streams = await waitFor(() => {
    const names = world.streams().filter((name) => name.startsWith('/domain/Helpers/app/'))
    return names.length === 4 && names
  }, 'a log stream of each app')
  for (const name of streams) {
    const [app] = name.split('/').slice(4)
    await waitFor(
      () => world.log(name).includes(`idle ${app}`),
      `${app} to speak in its own stream`,
    )
  }
  await world.stop()
})

test('two spatial domains exchange entities, and none is lost or changed', async () => {
  const grid = [2, 2] as const
  const text = schema({
    domains: {
      People: { kind: 'spatial', grid, command: 'exchange.ts --to Ghosts --entities 20' },
      Ghosts: { kind: 'spatial', grid, command: 'exchange.ts --to People --entities 10' },
    },
    together: ['People', 'Ghosts'],
  })
  const world = await heddle.startSimulation('exchange', text, hashEvery(1))
  await world.startClock()
  const { handoffs } = await world.reaches(30)
  assert.ok(handoffs > 500, `${handoffs} handoffs`)
  const counts = new Set(
    [...world.hashes().values()].filter(({ tick }) => tick > 0).map(({ entities }) => entities),
  )
  assert.deepEqual(
    [...counts],
    [4 * 20 + 4 * 10],
    'at every tick each entity is in exactly one partition',
  )
  const { entities } = await world.world()
  const texts = [...entities.values()].map(({ fields }) =>
    Buffer.from(fields.split(':')[2], 'hex').toString(),
  )
  const made = (['People', 20, 'Ghosts', 10] as const)
    .flatMap((name, index, all) =>
      typeof name === 'string' ? [[name, all[index + 1] as number] as const] : [],
    )
    .flatMap(([domain, count]) =>
      ['0-0', '1-0', '0-1', '1-1'].flatMap((cell) =>
        Array.from({ length: count }, (_, place) => `${domain}/${domain}-${cell}/${place}`),
      ),
    )
  assert.deepEqual(texts.sort(), made.sort())
  await world.stop()
})

test('an unlimited clock ticks as soon as all have committed', async () => {
  const text = schema({
    tickRate: 'unlimited',
    domains: { Cells: { kind: 'spatial', grid: [2, 1], command: 'idle.ts' } },
  })
  const world = await heddle.startSimulation('unlimited', text, hashEvery(100))
  await world.startClock()
  // A clock of 30 ticks a second would exceed the wait's limit.
  await world.reaches(2_000, 60_000)
  await world.stopClock()
  const stoppedAt = world.newest().tick
  await world.startClock()
  await world.reaches(stoppedAt + 200)
  await world.stop()
})

test('two simulations with the same port run side by side, each reachable at its own', async () => {
  const text = schema({
    domains: {
      Cells: { kind: 'spatial', grid: [1, 1], command: 'echo.ts' },
      Makers: { kind: 'custom', command: 'maker.ts --port 7000 --entities 5', ports: [7000] },
    },
  })
  const worlds = await Promise.all(
    ['left', 'right'].map((name) => heddle.startSimulation(name, text)),
  )
  const ports = new Set<number>()
  for (const world of worlds) {
    await world.startClock()
    await world.startApp('Makers', `maker-of-${world.name}`)
    const { host, port } = await world.endpoint('Makers', `maker-of-${world.name}`, 7000)
    ports.add(port)
    const answer = await fetchLine(host, port)
    assert.equal(answer.app, `maker-of-${world.name}`)
  }
  assert.equal(ports.size, 2)
  await worlds[0].stop()
  await heddle.weaver.deleteSimulation({ Simulation: 'left' }).promise()
  assert.equal((await worlds[1].describe()).Status, 'STARTED')
  await worlds[1].stop()
})
