import assert from 'node:assert/strict'
import { test } from 'node:test'
import { after, before } from '../../src/base/testing/hooks.ts'
import { fetchLine } from '../support/clients.ts'
import { type Heddle, startHeddle } from '../support/heddle.ts'
import { schema } from '../support/packages.ts'
import { hashEvery, type Simulation } from '../support/simulation.ts'
import { waitFor } from '../support/waiting.ts'

let heddle: Heddle
let world: Simulation
before(async () => {
  heddle = await startHeddle()
  const text = schema({
    domains: {
      Cells: { kind: 'spatial', grid: [2, 1], command: 'echo.ts', units: 4 },
      Makers: {
        kind: 'custom',
        command: 'maker.ts --entities 30 --port 7200',
        ports: [7200],
        units: 4,
      },
    },
  })
  world = await heddle.startSimulation('world', text, hashEvery(1))
  await world.startClock()
})
after(() => heddle?.stop())

test('a custom app hands over entities, sends messages, and serves clients', async () => {
  await world.startApp('Makers', 'first')
  const { host, port } = await world.endpoint('Makers', 'first', 7200)
  const known = await waitFor(async () => {
    const line = await fetchLine(host, port)
    return line.seen === 30 && line.answers.length === 30 && line
  }, 'all entities to be seen and all messages to be answered')
  assert.equal(known.owned, 0)
  assert.deepEqual(
    new Set(known.answers.map((answer) => answer.split(' ')[0])),
    new Set(['Cells-0-0', 'Cells-1-0']),
  )
  assert.equal(new Set(known.answers).size, 30, 'no message twice')
  assert.equal(world.newest().entities, 30)
})

test('a killed app restarts, and clients reach it at the same port', async () => {
  const before = await world.endpoint('Makers', 'first', 7200)
  const pid = await world.appPid('Makers', 'first')
  await world.kill(pid)
  await world.appPid('Makers', 'first', pid)
  const after = await world.endpoint('Makers', 'first', 7200)
  assert.deepEqual(after, before)
  await waitFor(
    async () => (await fetchLine(after.host, after.port)).incarnation === 2,
    'its second process to answer',
  )
  assert.equal((await world.describe()).Status, 'STARTED')
})

test('a deleted app can start again under its name; its handed-over entities stay', async () => {
  await assert.rejects(world.startApp('Makers', 'first'), { code: 'ConflictException' })
  await assert.rejects(world.deleteApp('Makers', 'first'), { code: 'ConflictException' })
  const pid = await world.appPid('Makers', 'first')
  await world.stopApp('Makers', 'first')
  const stopped = await world.appIs('Makers', 'first', 'STOPPED')
  assert.equal(stopped.TargetStatus, 'STOPPED')
  assert.equal(
    world.processes().some((process) => process.pid === pid),
    false,
  )
  await assert.rejects(world.startApp('Makers', 'first'), { code: 'ConflictException' })
  await world.deleteApp('Makers', 'first')
  await assert.rejects(world.app('Makers', 'first'), { code: 'ResourceNotFoundException' })
  await world.ticksOn()
  const before = world.newest().entities
  await world.ticksOn()
  assert.equal(world.newest().entities, before)
  await world.startApp('Makers', 'first')
  const { host, port } = await world.endpoint('Makers', 'first', 7200)
  await waitFor(
    async () => (await fetchLine(host, port)).seen === before + 30,
    'it to begin from the start',
  )
  await world.stopApp('Makers', 'first')
  await world.appIs('Makers', 'first', 'STOPPED')
  await world.deleteApp('Makers', 'first')
})

test('the own entities of a stopped app leave the world with it', async () => {
  await world.ticksOn()
  const before = world.newest().entities
  await world.startApp('Makers', 'keeper', ['node', 'keeper.ts', '--entities', '25'])
  await world.appIs('Makers', 'keeper', 'STARTED')
  await waitFor(() => world.newest().entities === before + 25, 'its entities to be there')
  await world.kill(await world.appPid('Makers', 'keeper'))
  await waitFor(
    () => world.output('Makers').some((line) => line === 'incarnation=2 owned=25'),
    'its second process to have them all',
  )
  await world.stopApp('Makers', 'keeper')
  await world.appIs('Makers', 'keeper', 'STOPPED')
  await waitFor(() => world.newest().entities === before, 'its entities to be gone')
  await world.deleteApp('Makers', 'keeper')
})

test('an app stopped during its start ends, and its simulation goes on', async () => {
  const domains = {
    Cells: { kind: 'spatial', grid: [1, 1], command: 'idle.ts' },
    View: { kind: 'custom', command: 'idle.ts' },
  } as const
  const world = await heddle.startSimulation('hasty', schema({ domains }))
  const stopOnceThere = async (app: string) => {
    const isThere = () => world.stopApp('View', app).then(() => true)
    while (!(await isThere().catch(({ code }) => code !== 'ResourceNotFoundException')));
  }
  for (let round = 0; round < 15; round++) {
    const app = `hasty-${round}`
    await Promise.all([
      world.startApp('View', app),
      ...Array.from({ length: 4 }, () => stopOnceThere(app)),
    ])
    await world.appIs('View', app, 'STOPPED')
    await world.deleteApp('View', app)
  }
  assert.equal((await world.describe()).Status, 'STARTED', world.errors())
  assert.deepEqual(
    new Set(world.processes().map(({ domain }) => domain)),
    new Set([undefined, 'Cells']),
  )
  await world.startApp('View', 'calm')
  await world.appIs('View', 'calm', 'STARTED')
  await world.stop()
})

test('custom apps take free compute units, and give them back', async () => {
  await world.startApp('Makers', 'a')
  await world.startApp('Makers', 'b')
  await assert.rejects(world.startApp('Makers', 'c'), { code: 'ServiceQuotaExceededException' })
  await world.appIs('Makers', 'a', 'STARTED')
  await world.stopApp('Makers', 'a')
  await world.appIs('Makers', 'a', 'STOPPED')
  await world.startApp('Makers', 'c')
  await world.appIs('Makers', 'c', 'STARTED')
  assert.deepEqual(
    (await world.apps('Makers')).map(({ Name, Status }) => `${Name} ${Status}`).sort(),
    ['a STOPPED', 'b STARTED', 'c STARTED'],
  )
  await world.stop()
})
