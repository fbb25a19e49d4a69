// Programs in the style of the original service's guide over sdk/cpp: they compile with every
// compiler, CMake finds the package in each way, and they run in worlds beside TypeScript.

import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { after, before } from '../../src/base/testing/hooks.ts'
import { type Heddle, startHeddle } from '../support/heddle.ts'
import { type Hashes, inBoth, TwinWorlds } from '../support/twin-worlds.ts'
import { waitFor } from '../support/waiting.ts'
import {
  APPS_FOLDER,
  buildProject,
  check,
  compile,
  compilers,
  missingCompiler,
  run,
  SDK_FOLDER,
} from './programs.ts'

const TICKS = 80
const skip = missingCompiler()
const WALKERS = ['Walkers.cpp', 'Couriers.cpp', 'main.cpp'].map((name) =>
  join(APPS_FOLDER, 'walkers', name),
)
const VIEWER = join(APPS_FOLDER, 'viewer.cpp')
const SNIPPETS = join(APPS_FOLDER, 'snippets.cpp')
let folder: string
let heddle: Heddle
let worlds: TwinWorlds

before(async () => {
  if (skip) return
  folder = mkdtempSync(join(tmpdir(), 'heddle-cpp-apps-'))
  copyFileSync(join(APPS_FOLDER, 'walkers.ts'), join(folder, 'walkers.ts'))
  const walkers = buildProject(join(folder, 'module'), 'walkers', WALKERS, {
    find: 'find_package(SimSpaceWeaverAppSdk REQUIRED)',
    link: 'weaver',
    definitions: [`-DCMAKE_MODULE_PATH=${SDK_FOLDER}`],
  })
  copyFileSync(walkers, join(folder, 'walkers'))
  compile([VIEWER], join(folder, 'viewer'), ['-lweaver_app_sdk_cxx_v1_full'])
  heddle = await startHeddle({
    appTimeoutSeconds: 20,
    configuration: `package_folders: [${folder}]\n`,
  })
  const Viewers = { kind: 'custom', package: `file://${folder}`, command: ['./viewer'] } as const
  worlds = new TwinWorlds({ heddle, folder, ticks: TICKS, domains: { Viewers } })
})
after(async () => {
  await heddle?.stop()
  if (folder) rmSync(folder, { recursive: true })
})

for (const compiler of compilers())
  test(`the guide's snippets compile with ${compiler}, without exceptions too`, { skip }, () => {
    check(compiler, [SNIPPETS, VIEWER])
    check(compiler, [SNIPPETS], '-fno-exceptions', '-fno-rtti')
  })

test('CMake finds the package in a clone and in an installed prefix', { skip }, () => {
  const prefix = join(folder, 'prefix')
  const build = join(folder, 'install')
  run('cmake', ['-S', SDK_FOLDER, '-B', build])
  run('cmake', ['--install', build, '--prefix', prefix])
  const find = 'find_package(SimSpaceWeaverAppSdk 1.17 CONFIG REQUIRED)'
  for (const [name, place] of [
    ['installed', prefix],
    ['clone', SDK_FOLDER],
  ]) {
    const program = buildProject(join(folder, name!), 'snippets', [SNIPPETS], {
      find,
      link: 'weaver',
      definitions: [`-DCMAKE_PREFIX_PATH=${place}`],
    })
    assert.match(run(program, []), /^NotConnected: HEDDLE_FABRIC is not set/)
  }
})

const OPTIONS = `40 ${TICKS}`
const inCpp = `exec ./walkers ${OPTIONS}`
const inTypeScript = `exec node walkers.ts ${OPTIONS}`
const mixed = inBoth(inCpp, inTypeScript)
let expected: Hashes

test('a world in C++, and one in both languages, equal one in TypeScript', { skip }, async () => {
  expected = await worlds.runAlike({ ts: inTypeScript, cpp: inCpp, mixed })
  assert.ok(expected.get(TICKS)!.entities > 4 * 40, 'couriers arrived')
})

test('a killed app begins again with an Add for each entity', { skip }, async () => {
  const apps = ['Cells-0-0', 'Cells-1-1', 'Cells-0-0']
  const world = await worlds.runAmidKills('killed', mixed, { apps, everyTicks: 8 })
  worlds.assertEqual(world, expected)
})

test('a viewer makes every call, and gets the documented answers', { skip }, async () => {
  const world = await worlds.start('viewed', 'exec ./walkers 40 1000000', '100')
  await world.startApp('Viewers', 'viewer')
  const lines = await waitFor(
    () => {
      const output = world.output('Viewers')
      return output.some((line) => /all calls made|fault/.test(line)) && output
    },
    () => `all calls: ${world.output('Viewers').join('\n')} ${world.errors()}`,
  )
  assert.match(lines[0]!, /^AppRuntimeMetrics \{ total_committed_ticks_gauge: 40, .* sees \d+$/)
  assert.deepEqual(lines.slice(1), ['all calls made, 0 faults'])
  assert.equal(world.errors(), '')
  await world.startApp('Viewers', 'leaver', ['./viewer', 'leaves'])
  await world.saysError(/app=leaver .* exited with code 0 without destroying its application/)
  await world.stop()
})
