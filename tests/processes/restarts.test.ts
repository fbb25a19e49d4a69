// Simulations that restart from a snapshot of their own after their worker is lost.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { after, before } from '../../src/base/testing/hooks.ts'
import { layWire } from '../clients/wire.ts'
import { type Heddle, startHeddle } from '../support/heddle.ts'
import { schema } from '../support/packages.ts'
import { hashEvery, type Simulation } from '../support/simulation.ts'
import { waitFor } from '../support/waiting.ts'

let heddle: Heddle
before(async () => {
  heddle = await startHeddle()
})
after(() => heddle?.stop())

const Cells = {
  kind: 'spatial',
  grid: [2, 1],
  command: 'wanderers.ts --seed 3 --entities 30',
} as const
const Keepers = { kind: 'custom', command: 'keeper.ts --entities 5' } as const
const text = schema({ domains: { Cells, Keepers }, tickRate: '100' })
const restart = { 'heddle:restart-on-loss': 'true' }

function savedEvery(ticks: number, prefix: string, keep = 3): Record<string, string> {
  return {
    'heddle:snapshot-every': `${ticks} ticks`,
    'heddle:snapshot-to': `s3://${heddle.bucket}/${prefix}`,
    'heddle:snapshot-keep': String(keep),
  }
}

async function start(name: string, tags: Record<string, string>): Promise<Simulation> {
  return heddle.startSimulation(name, text, { Tags: { ...hashEvery(1).Tags, ...tags } })
}

interface Restart {
  lostAt: number
  backAt: number
  /** Absent if the world started afresh. */
  key?: string
  lost: number
}

/** Returns the restarts that /sim/errors reports. */
function restartsOf(world: Simulation): Restart[] {
  const lines = world.log('/sim/errors').filter((line) => line.includes('the worker was lost'))
  return lines.map((line) => {
    const numbers = new RegExp(
      'lost at about tick (\\d+); .* at tick (\\d+)(?: from s3://[^/]+/(\\S+))?; ' +
        '(?:about (\\d+)|no) ticks? ',
    )
    const [, lostAt, backAt, key, lost = '0'] = numbers.exec(line) ?? assert.fail(line)
    return { lostAt: Number(lostAt), backAt: Number(backAt), key, lost: Number(lost) }
  })
}

/**
 * Waits until it has restarted this many times, with one worker; returns what it reports of the
 * last one.
 */
async function isBack(world: Simulation, times = 1): Promise<Restart> {
  const restarts = await waitFor(
    () => restartsOf(world).length >= times && restartsOf(world),
    () => `${world.name} to be back; errors: ${world.errors()}`,
  )
  await world.is('STARTED')
  assert.equal(restarts.length, times)
  assert.equal(world.processes().filter(({ app }) => app === undefined).length, 1)
  return restarts[times - 1]
}

/** Returns the tick known to others once its memory is gone. */
function notedTick(world: Simulation): number {
  return Number(readFileSync(join(heddle.data, 'run', world.executionId, 'tick'), 'utf8'))
}

async function killWorker(world: Simulation): Promise<void> {
  await world.kill(await world.workerPid())
}

/** Asserts that every repeated tick has the same hash; returns how many were repeated. */
function sameInEachRun(world: Simulation): number {
  const hashes = new Map<string, string>()
  let again = 0
  for (const line of world.log('/sim/management')) {
    const [, tick, stateHash] = /^tick=(\d+) entities=.* state-hash=(\S+)$/.exec(line) ?? []
    if (tick === undefined) continue
    if (hashes.has(tick)) again++
    assert.equal(stateHash, hashes.get(tick) ?? stateHash, `tick ${tick}`)
    hashes.set(tick, stateHash)
  }
  return again
}

async function hasSnapshots(world: Simulation, count: number): Promise<void> {
  const made = () =>
    world.log('/sim/management').filter((line) => line.includes('snapshot=s3://')).length
  await waitFor(
    () => made() >= count,
    () => `${count} snapshots; there are ${made()}: ${world.errors()}`,
  )
}

test('a world restarts from its newest snapshot, with its clock and its custom apps', async () => {
  const world = await start('struck', { ...restart, ...savedEvery(40, 'struck', 2), team: 'loom' })
  await world.startApp('Keepers', 'keeper', ['node', 'keeper.ts', '--entities', '5'])
  await world.appIs('Keepers', 'keeper', 'STARTED')
  const before = await world.describe()
  await world.startClock()
  for (const times of [1, 2]) {
    await hasSnapshots(world, times * 2)
    await world.ticksOn(5)
    const { tick } = world.newest()
    await killWorker(world)
    const { lostAt, backAt, key, lost } = await isBack(world, times)
    assert.ok(lostAt >= tick, `it was seen at ${tick}, and is said to have been lost at ${lostAt}`)
    assert.ok(backAt > 0 && lost === lostAt - backAt, `${lostAt} ${backAt} ${lost}`)
    assert.match(key ?? '', /^struck\/snapshot\/struck-/)
    await world.clockIs('STARTED')
    await world.appIs('Keepers', 'keeper', 'STARTED')
    await waitFor(
      () => world.newest().tick > lostAt + 5,
      'ticks after the last one before the loss',
    )
    assert.ok(sameInEachRun(world) > 0, 'some ticks are computed again')
  }
  await world.stopClock()
  await world.is('STARTED')
  const same = ({ LiveSimulationState: _clock, ...rest }: typeof before) => rest
  assert.deepEqual(same(await world.describe()), same(before))
  const { Tags } = await heddle.weaver
    .listTagsForResource({ ResourceArn: before.Arn ?? '' })
    .promise()
  assert.equal(Tags?.team, 'loom')
  const table = await heddle.command('status', '--data', heddle.data)
  assert.match(
    table,
    new RegExp(
      'struck +(STARTED|SNAPSHOT_IN_PROGRESS) +STOPPED ' +
        '.*the worker was lost at about tick \\d+; back at tick \\d+ from s3:',
    ),
  )
  await waitFor(
    async () => (await heddle.keys('struck/')).length <= 2,
    'those of the lost workers to be counted too',
  )
  await world.stop()
})

test('a world without a snapshot begins again; a stopped clock stays stopped', async () => {
  const world = await start('unsaved', restart)
  await killWorker(world)
  assert.deepEqual(await isBack(world), { lostAt: 0, backAt: 0, key: undefined, lost: 0 })
  await world.clockIs('STOPPED')
  await world.startClock()
  const { tick } = await world.reaches(20)
  await killWorker(world)
  const { lostAt, backAt, key, lost } = await isBack(world, 2)
  assert.ok(lostAt >= tick && backAt === 0 && key === undefined && lost === lostAt)
  await world.saysError(
    /there is no snapshot of it yet, so it has begun again as it was first started, at tick 0/,
  )
  await waitFor(() => sameInEachRun(world) > 10, 'its ticks to be computed again')
  await world.stop()
})

test('a worker lost again and again fails the simulation with the reason', async () => {
  const world = await start('hopeless', restart)
  for (const times of [1, 2, 3]) {
    await killWorker(world)
    await isBack(world, times)
  }
  await killWorker(world)
  await world.fails()
  const table = await heddle.command('status', '--data', heddle.data)
  assert.match(
    table,
    /hopeless +FAILED .*ended unexpectedly by SIGKILL.*started again 3 times within 10 minutes/,
  )
  await world.leavesNothing()
})

test('a restart uses snapshots of callers, and reports damaged and missing ones', async () => {
  const world = await start('damaged', restart)
  await world.startClock()
  const keys: string[] = []
  for (let made = 0; made < 3; made++) {
    await world.ticksOn(5)
    keys.push(await world.snapshot())
  }
  const [oldest, damaged, gone] = keys
  const bytes = await heddle.get(damaged)
  bytes[bytes.length >> 1] ^= 1
  await heddle.put(damaged, bytes)
  await heddle.remove(gone)
  await killWorker(world)
  const { key } = await isBack(world)
  assert.equal(key, oldest)
  assert.match(world.errors(), new RegExp(`the snapshot s3://\\S+/${damaged} is refused`))
  assert.match(world.errors(), new RegExp(`the snapshot s3://\\S+/${gone} is not there`))
  await world.ticksOn()
  await heddle.put(oldest, 'nothing that could be read')
  await killWorker(world)
  const faults = await world.fails()
  assert.deepEqual(
    faults.map(({ errorType }) => errorType),
    ['SnapshotInvalid', 'SnapshotInvalid'],
  )
  assert.ok(faults[0].errorMessage.includes(damaged) && faults[1].errorMessage.includes(oldest))
  await world.leavesNothing()
})

test('the next control restarts a simulation lost while it was down', async () => {
  const world = await start('rebooted', { ...restart, ...savedEvery(30, 'rebooted') })
  await world.startClock()
  await hasSnapshots(world, 2)
  const noted = await waitFor(() => notedTick(world), 'a note of its tick')
  await heddle.killControl()
  await killWorker(world)
  await waitFor(() => world.processes().length === 0, 'its apps to end')
  await rm(join(heddle.fabricFolder, world.executionId), { recursive: true })
  const table = await heddle.command('status', '--data', heddle.data)
  assert.match(
    table,
    /rebooted +STARTING +STARTING .*lost at about tick \d+; it is to be started again/,
  )
  await heddle.up()
  const { lostAt, backAt, key, lost } = await isBack(world)
  assert.ok(key !== undefined && backAt > 0)
  assert.ok(lostAt >= noted && lost === lostAt - backAt, `${noted} ${lostAt} ${backAt} ${lost}`)
  await world.ticksOn()
  assert.ok(sameInEachRun(world) > 0)
  await world.stop()
})

test('a restart waits for an object store that comes up later', async () => {
  await using wire = await layWire(heddle.endpoint)
  const user = await startHeddle({
    otherS3: { endpoint: wire.url, credentials: heddle.credentials },
  })
  try {
    const world = await user.startSimulation('patient', text, {
      Tags: { ...hashEvery(1).Tags, ...restart, ...savedEvery(20, 'patient') },
    })
    await world.startClock()
    await hasSnapshots(world, 1)
    wire.cut(true)
    await killWorker(world)
    await waitFor(async () => (await world.describe()).Status === 'STARTING', 'the restart')
    await sleep(3000)
    assert.equal((await world.describe()).Status, 'STARTING')
    wire.cut(false)
    assert.ok((await isBack(world)).backAt > 0)
    await world.ticksOn()
    await world.stop()
  } finally {
    wire.cut(false)
    await user.stop()
  }
})

test('a stop during a restart ends the simulation', async () => {
  for (const [index, delayMs] of [0, 60, 150, 600].entries()) {
    const world = await start(`stopped-${index}`, restart)
    await killWorker(world)
    await sleep(delayMs)
    await world.stop()
  }
})

test('the next control finishes a restart during which control was killed', async () => {
  for (const [index, delayMs] of [0, 60, 100, 200, 600].entries()) {
    const world = await start(`twice-struck-${index}`, {
      ...restart,
      ...savedEvery(15, `twice-struck-${index}`),
    })
    await world.startClock()
    await hasSnapshots(world, 1)
    await killWorker(world)
    await sleep(delayMs)
    await heddle.killControl()
    await heddle.up()
    await waitFor(
      () => restartsOf(world).length > 0,
      () => `${world.name} to be back: ${world.errors()}`,
    )
    await world.is('STARTED')
    const { lostAt } = restartsOf(world)[0]
    await waitFor(() => world.newest().tick > lostAt, 'ticks after the loss')
    sameInEachRun(world)
    assert.equal(world.processes().filter(({ app }) => app === undefined).length, 1)
    await world.stop()
  }
})

test('only a lost worker causes a restart, not a failure or a stop', async () => {
  const command = 'wanderers.ts --seed 3 --entities 3 --crash Cells-0-0@3:exit --always'
  const failing = schema({ domains: { Cells: { kind: 'spatial', grid: [1, 1], command } } })
  const broken = await heddle.startSimulation('broken', failing, { Tags: restart })
  await broken.startClock()
  await broken.fails()
  await broken.leavesNothing()
  const world = await start('signalled', restart)
  process.kill(await world.workerPid(), 'SIGTERM')
  await isBack(world)
  await world.stop()
})

test("the operator's configuration applies to simulations without tags of their own", async () => {
  const configuration =
    'snapshots: {every: 20 ticks, to: "s3://test-bucket/all", keep: 2, restart: true}\n'
  const careful = await startHeddle({ configuration })
  try {
    const begin = (name: string, tags = {}) =>
      careful.startSimulation(name, text, { Tags: { ...hashEvery(1).Tags, ...tags } })
    const one = await begin('one')
    const two = await begin('two')
    const none = await begin('none', {
      'heddle:snapshot-every': 'never',
      'heddle:restart-on-loss': 'false',
    })
    for (const world of [one, two, none]) await world.startClock()
    for (const world of [one, two]) await hasSnapshots(world, 4)
    await killWorker(one)
    await killWorker(none)
    assert.match((await isBack(one)).key ?? '', /^all\/snapshot\/one-/)
    await none.fails()
    for (const world of [one, two]) {
      await world.stopClock()
      await world.is('STARTED')
      const kept = () => careful.keys(`all/snapshot/${world.name}-`)
      await waitFor(
        async () => (await kept()).length === 2,
        `two snapshots of ${world.name} to be left`,
      )
      await world.stop()
    }
    assert.deepEqual(await careful.keys('all/snapshot/none-'), [])
  } finally {
    await careful.stop()
  }
})

test('a bad tag and a bad configuration are rejected with the place of the fault', async () => {
  await assert.rejects(start('odd', { 'heddle:restart-on-loss': 'always' }), {
    code: 'ValidationException',
    message: "the tag heddle:restart-on-loss is true or false, not 'always'",
  })
  await assert.rejects(
    startHeddle({ configuration: 'snapshots:\n  every: soon\n' }),
    /line 2, column 10: snapshots\.every: must be a time or ticks/,
  )
})

for (const [name, damage] of [
  ['damaged', (file: string) => writeFile(file, '[{"bucket"')],
  ['missing', (file: string) => rm(file)],
] as const) {
  test(`a world whose list is ${name} restarts from the bucket's newest snapshot`, async () => {
    const world = await start(`list-${name}`, { ...restart, ...savedEvery(30, `list-${name}`) })
    await world.startClock()
    await hasSnapshots(world, 2)
    const pid = await world.workerPid()
    // Stopped, since a running worker would write its list again.
    process.kill(pid, 'SIGSTOP')
    const file = join(heddle.data, 'run', world.executionId, 'snapshots.json')
    const newest = (JSON.parse(readFileSync(file, 'utf8')) as { key: string }[]).at(-1)!.key
    await damage(file)
    await world.kill(pid)
    const { key, backAt } = await isBack(world)
    // The last one on the list may be unfinished.
    const keys = await heddle.keys(`list-${name}/`)
    assert.ok(
      key === newest || !keys.includes(newest),
      `${key}, of ${keys.join(', ')}; listed was ${newest}`,
    )
    assert.ok(backAt > 0)
    if (name === 'damaged')
      await world.saysError(/snapshots\.json is damaged: .*looked for in their buckets/)
    await world.ticksOn(5)
    assert.ok(sameInEachRun(world) > 0)
    await world.stop()
  })
}

test('restarted apps get their ports back, though a more popular one is free', async () => {
  const gateways = schema({
    tickRate: '100',
    domains: {
      Cells,
      Weather: { kind: 'service', command: 'maker.ts --port 7300', ports: [7300] },
      Gates: { kind: 'custom', command: 'maker.ts --port 7300', ports: [7300] },
    },
  })
  const world = await heddle.startSimulation('gateways', gateways, {
    Tags: { ...hashEvery(1).Tags, ...restart },
  })
  const other = await heddle.startSimulation('other-gateways', gateways, hashEvery(1))
  for (const name of ['first', 'second', 'third']) await world.startApp('Gates', name)
  const portsOf = async () => {
    const ports: Record<string, number> = {}
    for (const name of ['second', 'third'])
      ports[name] = (await world.endpoint('Gates', name, 7300)).port
    ports.weather = (await world.endpoint('Weather', 'Weather-0001-1', 7300)).port
    return ports
  }
  const before = await portsOf()
  assert.equal(new Set(Object.values(before)).size, 3)
  // The first one's port is then free, and a search would find it first.
  await world.stopApp('Gates', 'first')
  await world.appIs('Gates', 'first', 'STOPPED')
  await killWorker(world)
  // While the ports are free, other apps ask for some.
  await Promise.all(['one', 'two', 'three'].map((name) => other.startApp('Gates', name)))
  await isBack(world)
  for (const name of ['second', 'third']) await world.appIs('Gates', name, 'STARTED')
  assert.deepEqual(await portsOf(), before)
  for (const name of ['one', 'two', 'three']) {
    const { port } = await other.endpoint('Gates', name, 7300)
    assert.ok(!Object.values(before).includes(port), `${name} got port ${port}`)
  }
  assert.doesNotMatch(world.errors(), /now: the one that it had is taken/)
  for (const each of [world, other]) await each.stop()
})
