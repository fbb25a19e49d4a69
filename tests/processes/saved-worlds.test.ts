// Worlds whose apps fail for good: saved before they end, or held until the app is fixed.

import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { readWorld } from '../../scripts/demo/compare.ts'
import { after, before } from '../../src/base/testing/hooks.ts'
import { type Heddle, startHeddle } from '../support/heddle.ts'
import { appsFolder, buildPackage, schema } from '../support/packages.ts'
import { hashEvery, Simulation } from '../support/simulation.ts'
import { waitFor } from '../support/waiting.ts'

let heddle: Heddle
let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'heddle-saved-'))
  heddle = await startHeddle()
})
after(async () => {
  await heddle?.stop()
  await rm(folder, { recursive: true, force: true })
})

function cells(command: string, logGroup: string | null = 'test'): string {
  return schema({
    tickRate: '60',
    logGroup,
    domains: { Cells: { kind: 'spatial', grid: [2, 1], command } },
  })
}

async function known(name: string): Promise<Simulation> {
  const { ExecutionId } = await heddle.weaver.describeSimulation({ Simulation: name }).promise()
  return new Simulation(heddle, name, ExecutionId ?? '')
}

const POISONED = 'poisoned.ts --at 10'
const MENDED = 'poisoned.ts --at 10 --bears 1'

async function savedWorldOf(world: Simulation): Promise<string> {
  const [error] = (await world.fails()) as {
    errorType: string
    errorMessage: string
    savedWorld?: string
  }[]
  assert.equal(error.errorType, 'AppFailed')
  assert.match(
    error.errorMessage,
    /failed again and again: it exited .* can not bear poison; the world as of tick 10 is/,
  )
  assert.ok(
    error.savedWorld !== undefined &&
      error.errorMessage.endsWith(`is saved as ${error.savedWorld}`),
  )
  return error.savedWorld
}

test('a world is saved when its app fails for good, and can branch with other code', async () => {
  const world = await heddle.startSimulation('ended', cells(POISONED), hashEvery(1))
  await world.startClock()
  const saved = await savedWorldOf(world)
  assert.equal(saved, join(heddle.data, 'run', world.executionId, 'last-world.zip'))
  await world.saysError(/tick=10 simulation=FAILED AppFailed: .* is saved as \S+last-world\.zip/)
  await world.leavesNothing()
  const { tick, stateHash, entities } = await readWorld(saved)
  assert.deepEqual([tick, stateHash, entities.size], [10, world.hashes().get(10)?.stateHash, 40])
  assert.match(
    await heddle.command('status', '--data', heddle.data),
    /ended +FAILED .*is saved as \S+last-world.zip/,
  )

  const file = join(folder, 'mended.yaml')
  await writeFile(file, cells(MENDED))
  const branch = ['branch', 'ended', '--name', 'mended', '--schema', file, '--start-clock']
  await heddle.command(...branch, '--tag', 'heddle:state-hash-interval=1', '--data', heddle.data)
  const goesOn = await known('mended')
  const { entities: later } = await goesOn.reaches(30)
  assert.equal(later, 40)
  await goesOn.stop()
  await heddle.command('branch', saved, '--name', 'from-file', '--data', heddle.data)
  await (await known('from-file')).stop()
})

test('a world is saved beside its snapshots, or in the run folder if that fails', async () => {
  const tags = (bucket: string) => ({
    Tags: {
      ...hashEvery(1).Tags,
      'heddle:snapshot-every': '1D',
      'heddle:snapshot-to': `s3://${bucket}/safe`,
    },
  })
  const world = await heddle.startSimulation('placed', cells(POISONED), tags(heddle.bucket))
  const homeless = await heddle.startSimulation('homeless', cells(POISONED), tags('nowhere-at-all'))
  for (const each of [world, homeless]) await each.startClock()
  const saved = await savedWorldOf(world)
  const [key] = await heddle.keys('safe/')
  assert.equal(saved, `s3://${heddle.bucket}/${key}`)
  assert.equal((await readWorld(await heddle.download(key))).tick, 10)
  assert.equal(
    await savedWorldOf(homeless),
    join(heddle.data, 'run', homeless.executionId, 'last-world.zip'),
  )
  await homeless.saysError(/the world could not be saved: .*nowhere-at-all/)
})

test('an app that fails in the start leaves no saved world', async () => {
  const world = await heddle.beginSimulation('stillborn', cells('faulty.ts exit 3'), hashEvery(1))
  const [error] = await world.fails()
  assert.deepEqual(Object.keys(error), ['errorType', 'errorMessage'])
  assert.match(error.errorMessage, /exited with code 3.*last words in \S+: this app will exit$/)
})

test('a held world stands still, can be saved, and goes on with a mended package', async () => {
  const hold = { Tags: { ...hashEvery(1).Tags, 'heddle:on-app-failure': 'hold' } }
  const source = await readFile(join(appsFolder, 'poisoned.ts'), 'utf8')
  const packageOf = (text: string) =>
    buildPackage({ 'poisoned.ts': text, 'package.json': '{ "type": "module" }\n' })
  await heddle.put('held.zip', await packageOf(source))
  const location = `s3://${heddle.bucket}/held.zip`
  const Views = { kind: 'custom', command: 'idle.ts' } as const
  const Cells = { kind: 'spatial', grid: [2, 1], command: POISONED, package: location } as const
  const text = schema({ tickRate: '60', domains: { Cells, Views } })
  const world = await heddle.startSimulation('held', text, hold)
  await world.startApp('Views', 'viewer')
  await world.appIs('Views', 'viewer', 'STARTED')
  await world.startClock()
  await world.appIs('Cells', 'Cells-1-0', 'ERROR')
  await world.clockIs('STOPPED')
  const described = await world.describe()
  assert.equal(described.Status, 'STARTED')
  assert.match(described.StartError ?? '', /AppFailed.*Cells-1-0.*can not bear poison/)
  assert.equal(described.LiveSimulationState?.Clocks?.[0]?.TargetStatus, 'STARTED')
  await world.saysError(
    /tick=10 simulation is held for app=Cells-1-0 .*heddle app restart held Cells Cells-1-0/,
  )
  const table = await heddle.command('status', '--data', heddle.data)
  assert.match(
    table,
    new RegExp(
      'held +STARTED +STOPPED +10 +2/3 +app Cells-1-0 of Cells is in ERROR: ' +
        'it exited .*can not bear poison',
    ),
  )
  await assert.rejects(world.startClock(), { code: 'ConflictException', message: /is held/ })
  await assert.rejects(world.startApp('Views', 'another'), {
    code: 'ConflictException',
    message: /is held/,
  })
  const saved = await readWorld(await heddle.download(await world.snapshot()))
  assert.deepEqual([saved.tick, saved.entities.size], [10, 40])

  const restart = (...more: string[]) =>
    heddle.command('app', 'restart', 'held', 'Cells', 'Cells-1-0', ...more, '--data', heddle.data)
  await assert.rejects(
    restart('--package', `s3://${heddle.bucket}/none.zip`),
    /has no object .*none\.zip/,
  )
  assert.equal(await world.clockStatus(), 'STOPPED')
  // Unchanged, it fails and is held once more.
  await assert.rejects(restart(), /app Cells-1-0 is ERROR: it exited .*can not bear poison/)
  const held = () => (world.errors().match(/simulation is held/g) ?? []).length === 2
  await waitFor(held, 'the world to be held again')
  await heddle.put('held.zip', await packageOf(source.replace('throw new Error', 'console.log')))
  assert.match(await restart('--package', location), /app Cells-1-0 is STARTED/)
  await world.clockIs('STARTED')
  assert.equal((await world.reaches(30)).entities, 40)
  assert.equal((await world.describe()).StartError, undefined)
  await world.appIs('Views', 'viewer', 'STARTED')
  await assert.rejects(restart(), /ConflictException: app 'Cells-1-0' is STARTED/)
  await world.stop()
})

test('a held world can have its clock stopped, and can be stopped itself', async () => {
  const hold = { Tags: { ...hashEvery(1).Tags, 'heddle:on-app-failure': 'hold' } }
  const world = await heddle.startSimulation('given-up', cells(POISONED, null), hold)
  await world.startClock()
  await world.appIs('Cells', 'Cells-1-0', 'ERROR')
  await world.stopClock()
  await world.stop()
})

test('a world held for two apps goes on once both are restarted', async () => {
  const hold = { Tags: { ...hashEvery(1).Tags, 'heddle:on-app-failure': 'hold' } }
  const world = await heddle.startSimulation(
    'doubly-held',
    cells('poisoned.ts --at 10 --both'),
    hold,
  )
  await world.startClock()
  const apps = ['Cells-0-0', 'Cells-1-0']
  for (const app of apps) await world.appIs('Cells', app, 'ERROR')
  const errors = JSON.parse((await world.describe()).StartError ?? '[]') as {
    errorMessage: string
  }[]
  assert.deepEqual(
    errors.map(({ errorMessage }) => /app '(\S+)'/.exec(errorMessage)?.[1]),
    apps,
  )
  const source = (await readFile(join(appsFolder, 'poisoned.ts'), 'utf8')).replace(
    'throw new Error',
    'console.log',
  )
  const mend = join(folder, 'mend.zip')
  await writeFile(
    mend,
    await buildPackage({ 'poisoned.ts': source, 'package.json': '{ "type": "module" }\n' }),
  )
  const restart = ['app', 'restart', 'doubly-held', 'Cells']
  const first = await heddle.command(
    ...restart,
    'Cells-0-0',
    '--package',
    mend,
    '--data',
    heddle.data,
  )
  assert.match(
    first,
    /Cells-0-0 is STARTED\n {2}the simulation is still held for app Cells-1-0 of Cells/,
  )
  assert.equal(await world.clockStatus(), 'STOPPED')
  // By now the domain has the new package.
  assert.equal(
    await heddle.command(...restart, 'Cells-1-0', '--data', heddle.data),
    'app Cells-1-0 is STARTED\n',
  )
  await world.clockIs('STARTED')
  assert.equal((await world.reaches(20)).entities, 40)
  await world.stop()
})
