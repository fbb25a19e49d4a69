// Programs in C# in real worlds, beside apps in TypeScript: the same world comes of it, whoever is
// killed.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { after, before } from '../../src/base/testing/hooks.ts'
import { BUILD_FOLDER } from '../native/library.ts'
import { type Heddle, startHeddle } from '../support/heddle.ts'
import { appsFolder, schema } from '../support/packages.ts'
import { hashEvery } from '../support/simulation.ts'
import { assertBeginsAgain, type Hashes, inBoth, TwinWorlds } from '../support/twin-worlds.ts'
import { waitFor } from '../support/waiting.ts'
import { CSHARP_SDK, compileCsharp, missingCsharp } from './compile.ts'

const TICKS = 60
const OPTIONS = `--entities 40 --until ${TICKS}`
const inCsharp = `exec mono Wanderers.exe ${OPTIONS}`
const inTypeScript = `exec node wanderers.ts ${OPTIONS}`
const mixed = inBoth(inCsharp, inTypeScript)

const LOGS = '  log_destination_service: logs\n  log_destination_resource_name: test'

const skip = missingCsharp()
let folder: string
let heddle: Heddle
let worlds: TwinWorlds

before(async () => {
  if (skip) return
  folder = mkdtempSync(join(tmpdir(), 'heddle-csharp-apps-'))
  for (const file of ['wanderers.ts', 'random.ts', 'echo.ts'])
    copyFileSync(join(appsFolder, file), join(folder, file))
  for (const app of ['Wanderers', 'Caller'])
    compileCsharp([join(import.meta.dirname, `apps/${app}.cs`)], join(folder, `${app}.exe`))
  heddle = await startHeddle({
    appTimeoutSeconds: 20,
    configuration: `package_folders: [${folder}]\n`,
  })
  worlds = new TwinWorlds({ heddle, folder, ticks: TICKS })
})
after(async () => {
  await heddle?.stop()
  if (folder) rmSync(folder, { recursive: true })
})

let expected: Hashes

test('a world in C#, and one in both languages, equal one in TypeScript', { skip }, async () => {
  expected = await worlds.runAlike({ ts: inTypeScript, csharp: inCsharp, mixed })
})

test('so does one whose apps are killed again and again', { skip }, async () => {
  const apps = ['Cells-0-0', 'Cells-1-0', 'Cells-1-1', 'Cells-0-0']
  const world = await worlds.runAmidKills('killed', mixed, { apps, everyTicks: 8 })
  worlds.assertEqual(world, expected)
  assertBeginsAgain(world, 'C#', 3)
})

for (const [name, entities] of [
  ['Walkers', 4],
  ['Flock', 1000],
] as const) {
  test(`${name}.cs runs as the page says`, { skip }, () => runDocumented(name, entities))
}

async function runDocumented(name: string, entities: number): Promise<void> {
  const page = readFileSync(join(import.meta.dirname, '../../docs/app-sdk-csharp.md'), 'utf8')
  const [, program = ''] =
    new RegExp(`\`\`\`csharp\n(// ${name}\\.cs\n.*?)\`\`\``, 's').exec(page) ?? []
  const [, text = ''] = /```yaml\n(.*?)```/s.exec(page) ?? []
  const documented = join(folder, name)
  mkdirSync(documented)
  const source = join(documented, `${name}.cs`)
  writeFileSync(source, program)
  compileCsharp([source], join(documented, 'app.exe'))
  const world = await heddle.startSimulation(
    name,
    text
      .replace('file:///home/me/walkers', `file://${documented}`)
      .replace('tick_rate: "30"', 'tick_rate: "unlimited"')
      .replace('simulation_properties:', `simulation_properties:\n${LOGS}`),
    hashEvery(1),
  )
  await world.startClock()
  const line = await waitFor(
    () => [...world.hashes().values()].find(({ handoffs }) => handoffs > 0),
    'an entity to cross a border',
  )
  assert.equal(line.entities, entities)
  await world.stop()
  assert.equal(world.errors(), '')
}

test('an app in C# makes every call, and hears and reads its neighbours', { skip }, async () => {
  const custom = { kind: 'custom', package: `file://${folder}` } as const
  const Cells = {
    kind: 'spatial',
    grid: [2, 2],
    package: `file://${folder}`,
    command: ['sh', '-c', inTypeScript],
  } as const
  const Echoes = { ...custom, command: 'echo.ts' }
  const Callers = { ...custom, command: ['mono', '--debug', 'Caller.exe'] }
  const text = schema({ domains: { Cells, Echoes, Callers } })
  const world = await heddle.startSimulation('callers', text, hashEvery(5))
  await world.startApp('Echoes', 'echo')
  await world.appIs('Echoes', 'echo', 'STARTED')
  await world.startClock()
  await world.startApp('Callers', 'caller')
  const stream = await waitFor(
    () => world.streams().find((name) => name.includes('/caller/')),
    () => `the log of the caller, among ${world.streams()}; ${world.errors()}`,
  )
  const lines = await waitFor(
    () => {
      const log = world.log(stream)
      return log.some((line) => /all calls made/.test(line)) && log
    },
    () => `all calls: ${world.log(stream).join('\n')} ${world.errors()}`,
  )
  assert.deepEqual(lines, ['all calls made, 0 faults'])
  await world.stop()
  assert.equal(world.errors(), '')
})

test('the sample for Unity draws all entities, in stand-ins of Unity', { skip }, async () => {
  const sample = join(CSHARP_SDK, 'Samples~/DrawEntities/DrawEntities.cs')
  const standIns = join(import.meta.dirname, 'UnityEngine.cs')
  compileCsharp([sample, standIns], join(folder, 'player.exe'))
  const atHost = { package: `file://${folder}` }
  const command = ['node', 'wanderers.ts', '--entities', '400', '--until', '2']
  const text = schema({
    domains: {
      Cells: { kind: 'spatial', grid: [2, 2], ...atHost, command },
      Views: { kind: 'custom', ...atHost, command: ['mono', 'player.exe'] },
    },
  })
  const world = await heddle.startSimulation('drawn', text)
  await world.startClock()
  await world.startApp('Views', 'view')
  await waitFor(
    () => {
      const stream = world.streams().find((name) => name.includes('/view/'))
      return stream !== undefined && world.log(stream).includes('drawn 1600')
    },
    () => `all entities to be drawn; ${world.errors()}`,
  )
  await world.stop()
  assert.equal(world.errors(), '')
})

test('a process without a worker, or without the library, is not connected', { skip }, () => {
  for (const [libraries, said] of [
    [BUILD_FOLDER, /NotConnected: HEDDLE_FABRIC is not set/],
    [folder, /NotConnected: libheddle\.so was not found/],
  ] as const) {
    const { status, stderr } = spawnSync('mono', [join(folder, 'Wanderers.exe')], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, LD_LIBRARY_PATH: libraries },
    })
    assert.match(stderr, said)
    assert.notEqual(status, 0)
  }
})
