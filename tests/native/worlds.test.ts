// Programs in C over libheddle in real worlds, beside apps in TypeScript: the same world comes of
// it, whoever is killed.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { after, before } from '../../src/base/testing/hooks.ts'
import { type Heddle, startHeddle } from '../support/heddle.ts'
import { appsFolder, schema } from '../support/packages.ts'
import { hashEvery } from '../support/simulation.ts'
import { assertBeginsAgain, type Hashes, inBoth, TwinWorlds } from '../support/twin-worlds.ts'
import { waitFor } from '../support/waiting.ts'
import { BUILD_FOLDER, missingLibrary } from './library.ts'

const TICKS = 80
const skip = missingLibrary()
let folder: string
let heddle: Heddle
let worlds: TwinWorlds

before(async () => {
  if (skip) return
  folder = mkdtempSync(join(tmpdir(), 'heddle-native-apps-'))
  for (const file of ['wanderers.ts', 'random.ts', 'echo.ts'])
    copyFileSync(join(appsFolder, file), join(folder, file))
  for (const app of ['wanderers', 'caller'])
    compile(join(import.meta.dirname, 'apps', `${app}.c`), join(folder, app))
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

/** The program names no place of its library: Heddle starts it so that it finds its own. */
function compile(source: string, program: string): void {
  const include = join(BUILD_FOLDER, '../include')
  const warnings = ['-std=c11', '-Wall', '-Wextra', '-Werror']
  const library = [`-L${BUILD_FOLDER}`, '-lheddle', '-lm']
  execFileSync('gcc', [...warnings, `-I${include}`, source, '-o', program, ...library])
}

const OPTIONS = `--entities 40 --until ${TICKS}`
const inC = `exec ./wanderers ${OPTIONS}`
const inTypeScript = `exec node wanderers.ts ${OPTIONS}`
const mixed = inBoth(inC, inTypeScript)
let expected: Hashes

test('a world in C, and one in both languages, equal one in TypeScript', { skip }, async () => {
  expected = await worlds.runAlike({ ts: inTypeScript, c: inC, mixed })
})

test('so does one whose apps are killed again and again', { skip }, async () => {
  const apps = ['Cells-0-0', 'Cells-1-0', 'Cells-1-1', 'Cells-0-0', 'Cells-0-1']
  const world = await worlds.runAmidKills('killed', mixed, { apps, everyTicks: 8 })
  worlds.assertEqual(world, expected)
  assertBeginsAgain(world, 'C', 3)
})

test('an app that does not find its library fails with what to do about it', { skip }, async () => {
  const world = await heddle.beginSimulation(
    'astray',
    worlds.schema('unset LD_LIBRARY_PATH; ./wanderers'),
  )
  await world.saysError(
    /app=Cells-0-0 .* code 127 .*; it does not look for libheddle\.so in \S+\/sdk\/lib: /,
  )
  await heddle.weaver.stopSimulation({ Simulation: world.name }).promise()
  await world.is('STOPPED')
})

test('the documented app runs as the page says', { skip }, async () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/app-sdk-c.md'), 'utf8')
  const [, program = ''] = /```c\n(.*?)```/s.exec(page) ?? []
  const documented = join(folder, 'documented')
  mkdirSync(documented)
  writeFileSync(join(documented, 'app.c'), program)
  compile(join(documented, 'app.c'), join(documented, 'app'))
  const Cells = {
    kind: 'spatial',
    grid: [2, 1],
    package: `file://${documented}`,
    command: ['./app'],
  } as const
  const text = schema({ tickRate: 'unlimited', domains: { Cells } })
  const world = await heddle.startSimulation('documented', text, hashEvery(1))
  await world.startClock()
  const line = await waitFor(
    () => [...world.hashes().values()].find(({ handoffs }) => handoffs > 0),
    'a walker to cross the border',
  )
  assert.equal(line.entities, 2)
  await world.stop()
  assert.equal(world.errors(), '')
})

test('an app in C makes every call, and hears and reads its neighbours', { skip }, async () => {
  const custom = { kind: 'custom', package: `file://${folder}` } as const
  const Cells = {
    kind: 'spatial',
    grid: [2, 2],
    package: `file://${folder}`,
    command: ['sh', '-c', inC],
  } as const
  const text = schema({
    domains: {
      Cells,
      Echoes: { ...custom, command: 'echo.ts' },
      Callers: { ...custom, command: ['./caller'] },
    },
  })
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
    () => `all calls: ${world.log(stream).join('\n')}`,
  )
  assert.deepEqual(lines, ['all calls made, 0 faults'])
  await world.stop()
  assert.equal(world.errors(), '')
})
