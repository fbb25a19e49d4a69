// Programs over Heddle's own face of sdk/cpp: they compile with every compiler, and run in worlds
// beside TypeScript, whose state they equal.

import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { after, before } from '../../src/base/testing/hooks.ts'
import { type Heddle, startHeddle } from '../support/heddle.ts'
import { hashEvery } from '../support/simulation.ts'
import { type Hashes, inBoth, TwinWorlds } from '../support/twin-worlds.ts'
import { waitFor } from '../support/waiting.ts'
import {
  APPS_FOLDER,
  check,
  compile,
  compilers,
  LIBRARIES_FOLDER,
  missingCompiler,
  run,
  SDK_FOLDER,
} from './programs.ts'

const TICKS = 60
const skip = missingCompiler()
const DRIFTERS = join(APPS_FOLDER, 'drifters.cpp')
const EXPLORER = join(APPS_FOLDER, 'explorer.cpp')
const ALONE = join(APPS_FOLDER, 'alone.cpp')
let folder: string
let heddle: Heddle
let worlds: TwinWorlds

before(async () => {
  if (skip) return
  folder = mkdtempSync(join(tmpdir(), 'heddle-cpp-own-'))
  copyFileSync(join(APPS_FOLDER, 'drifters.ts'), join(folder, 'drifters.ts'))
  compile([DRIFTERS], join(folder, 'drifters'))
  compile([EXPLORER], join(folder, 'explorer'))
  heddle = await startHeddle({
    appTimeoutSeconds: 20,
    configuration: `package_folders: [${folder}]\n`,
  })
  const Explorers = {
    kind: 'custom',
    package: `file://${folder}`,
    command: ['./explorer'],
  } as const
  worlds = new TwinWorlds({ heddle, folder, ticks: TICKS, domains: { Explorers } })
})
after(async () => {
  await heddle?.stop()
  if (folder) rmSync(folder, { recursive: true })
})

test('the headers compile with every compiler, also as C++20', { skip }, () => {
  for (const compiler of compilers()) check(compiler, [DRIFTERS, EXPLORER], '-std=c++20')
})

test('an older C++ is refused by name, for both faces', { skip }, () => {
  for (const source of [DRIFTERS, join(APPS_FOLDER, 'viewer.cpp')])
    assert.throws(() => check('g++', [source], '-std=c++14'), /needs C\+\+17 or later/)
})

const OPTIONS = `80 ${TICKS}`
const inCpp = `exec ./drifters ${OPTIONS}`
const inTypeScript = `exec node drifters.ts ${OPTIONS}`
const mixed = inBoth(inCpp, inTypeScript)
let expected: Hashes

test('a world in columns in C++, and one in both languages, equal one in TypeScript', {
  skip,
}, async () => {
  expected = await worlds.runAlike({ ts: inTypeScript, cpp: inCpp, mixed })
})

test('so does one whose apps are killed', { skip }, async () => {
  const apps = ['Cells-0-0', 'Cells-1-1', 'Cells-0-1']
  const world = await worlds.runAmidKills('killed', mixed, { apps, everyTicks: 5 })
  worlds.assertEqual(world, expected)
})

test('an explorer makes every call; an app that throws has failed', { skip }, async () => {
  const world = await worlds.start('explored', 'exec ./drifters 80 1000000', '100')
  await world.startApp('Explorers', 'explorer')
  const lines = await waitFor(
    () => {
      const output = world.output('Explorers')
      return output.some((line) => /all calls made|fault/.test(line)) && output
    },
    () => `all calls: ${world.output('Explorers').join('\n')} ${world.errors()}`,
  )
  assert.deepEqual(lines, ['all calls made, 0 faults'])
  assert.equal(world.errors(), '')
  await world.startApp('Explorers', 'quitter', ['./explorer', 'gives up'])
  await world.saysError(/app=quitter .*an explorer gives up/s)
  await world.stop()
})

test('apps of both faces run alone, for unit tests', { skip }, () => {
  const program = join(folder, 'alone')
  compile([ALONE], program, ['-lheddle'], `-Wl,-rpath,${LIBRARIES_FOLDER}`)
  assert.equal(run(program, []), 'ran alone\n')
})

test('the documented app builds and runs as the page says', { skip }, async () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/app-sdk-cpp.md'), 'utf8')
  /** The block of code that opens with the name of the file in a comment. */
  const blockOf = (file: string) =>
    page.split('```').find((block) => block.split('\n')[1]?.endsWith(` ${file}`)) ?? ''
  const project = join(folder, 'birds')
  mkdirSync(project)
  for (const file of ['birds.cpp', 'CMakeLists.txt', 'schema.yaml'])
    writeFileSync(join(project, file), blockOf(file).replace(/^\w+\n/, ''))
  const build = join(project, 'build')
  const options = ['-DCMAKE_BUILD_TYPE=Release', '-DCMAKE_CXX_FLAGS=-Wall -Wextra -Werror']
  run('cmake', ['-S', project, '-B', build, `-DCMAKE_PREFIX_PATH=${SDK_FOLDER}`, ...options])
  run('cmake', ['--build', build])
  const logs = 'log_destination_service: logs\n  log_destination_resource_name: test'
  const text = readFileSync(join(project, 'schema.yaml'), 'utf8')
    .replace('s3://birds/birds.zip', `file://${build}`)
    .replace('simulation_properties:', `simulation_properties:\n  ${logs}`)
  const world = await heddle.startSimulation('birds', text, hashEvery(1))
  await world.startClock()
  const line = await waitFor(
    () => [...world.hashes().values()].find(({ handoffs }) => handoffs > 0),
    () => `a bird to cross a border; ${world.errors()}`,
  )
  assert.equal(line.entities, 4000)
  await world.stop()
  assert.equal(world.errors(), '')
})
