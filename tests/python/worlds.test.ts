// Programs in Python in real worlds, beside apps in TypeScript: the same world comes of it, whoever
// is killed. Programs of the service's SDK are packed and started as old packages are.

import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { after, before } from '../../src/base/testing/hooks.ts'
import { type Heddle, startHeddle } from '../support/heddle.ts'
import { appsFolder, buildPackage, schema } from '../support/packages.ts'
import { hashEvery } from '../support/simulation.ts'
import { assertBeginsAgain, type Hashes, inBoth, TwinWorlds } from '../support/twin-worlds.ts'
import { waitFor } from '../support/waiting.ts'
import { hasNumpy, missingPython } from './python.ts'

const TICKS = 80
const APPS = join(import.meta.dirname, 'apps')
const skip = missingPython()
let folder: string
let heddle: Heddle
let worlds: TwinWorlds

before(async () => {
  if (skip) return
  folder = mkdtempSync(join(tmpdir(), 'heddle-python-apps-'))
  for (const file of ['wanderers.ts', 'random.ts', 'echo.ts'])
    copyFileSync(join(appsFolder, file), join(folder, file))
  for (const file of ['wanderers.py', 'chance.py', 'drifters.ts', 'columns.py', 'caller.py'])
    copyFileSync(join(APPS, file), join(folder, file))
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

const OPTIONS = `--entities 40 --until ${TICKS}`
const IN_TYPESCRIPT = `exec node wanderers.ts ${OPTIONS}`
const IN_BOTH = inBoth(`exec python3 wanderers.py ${OPTIONS}`, IN_TYPESCRIPT)

test('a world in Python and TypeScript equals one in TypeScript, whoever is killed', {
  skip,
}, async () => {
  const expected = await worlds.runAlike({ ts: IN_TYPESCRIPT, both: IN_BOTH })
  const apps = ['Cells-0-0', 'Cells-1-0', 'Cells-1-1', 'Cells-0-0']
  const world = await worlds.runAmidKills('killed', IN_BOTH, { apps, everyTicks: 8 })
  worlds.assertEqual(world, expected)
  assertBeginsAgain(world, 'Python', 3)
})

/** As the launch scripts of the service's samples have it. */
const RUN_PYTHON = `#!/bin/bash
export PYTHONPATH=$PYTHONPATH:$LD_LIBRARY_PATH:/roapp/lib
cd "$(dirname "$0")/../src"
exec python3 "$@"
`

/** The zip of a program of the service's SDK. */
async function upload(program: string): Promise<string> {
  const content = readFileSync(join(APPS, program), 'utf8')
  const files = { 'bin/run-python': RUN_PYTHON, [`src/${program}`]: content }
  await heddle.put(`${program}.zip`, await buildPackage(files))
  return `s3://${heddle.bucket}/${program}.zip`
}

let drifters: Hashes

test('columns are numpy arrays, or memoryviews where numpy is not', { skip }, async () => {
  drifters = (await worlds.run('drifters-ts', 'exec node drifters.ts')).hashes()
  const launch =
    'case $HEDDLE_APP in Cells-0-*) exec python3 columns.py ;; ' +
    'Cells-1-0) exec python3 columns.py --without-numpy ;; *) exec node drifters.ts ;; esac'
  const world = await worlds.run('drifters-columns', launch)
  worlds.assertEqual(world, drifters)
  const arrays = ['Cells-0-0', 'Cells-1-0'].map((name) => {
    const stream = world.streams().find((stream) => stream.endsWith(`/${name}`)) ?? ''
    return world.log(stream)
  })
  assert.deepEqual(arrays, [
    [hasNumpy() ? 'ndarray' : 'memoryview', 'kept True'],
    ['memoryview', 'kept True'],
  ])
})

test('programs of the service’s SDK run unchanged, and equal their TypeScript twins', {
  skip,
}, async () => {
  const old = { package: await upload('drifters.py') }
  const command = ['bin/run-python', 'drifters.py']
  const Cells = { kind: 'spatial', grid: [2, 2], ...old, command } as const
  const Echoes = { kind: 'custom', package: `file://${folder}`, command: 'echo.ts' } as const
  const Views = {
    kind: 'custom',
    package: await upload('viewer.py'),
    command: ['bin/run-python', 'viewer.py'],
  } as const
  const text = schema({ tickRate: '50', domains: { Cells, Echoes, Views } })
  const world = await heddle.startSimulation('drifters-py', text, hashEvery(1))
  await world.startApp('Echoes', 'echo')
  await world.appIs('Echoes', 'echo', 'STARTED')
  await world.startApp('Views', 'view')
  await world.appIs('Views', 'view', 'STARTED')
  await world.startClock()
  await world.reaches(TICKS)
  const stream = world.streams().find((name) => name.includes('/view/')) ?? ''
  await waitFor(
    () => world.log(stream).some((line) => line.startsWith('sees')),
    () => `the viewer to see: ${world.log(stream).join('\n')}`,
  )
  await world.stop()
  assert.equal(world.errors(), '')
  worlds.assertEqual(world, drifters)
  assert.deepEqual(world.log(stream), [
    'sees 80, hears 1 sender, plain: True, committed: 30, messages: True',
    'ends: ShuttingDown',
  ])
})

test('an app in Python makes every call, and hears and reads its neighbours', {
  skip,
}, async () => {
  const command = ['node', 'drifters.ts']
  const here = { package: `file://${folder}` }
  const domains = {
    Cells: { kind: 'spatial', grid: [2, 2], ...here, command },
    Echoes: { kind: 'custom', ...here, command: 'echo.ts' },
    Callers: { kind: 'custom', ...here, command: ['python3', 'caller.py'], ports: [7000] },
  } as const
  for (const commands of [
    ['python3', 'caller.py'],
    ['python3', 'caller.py', '--without-numpy'],
  ]) {
    if (commands.length === 2 && !hasNumpy()) continue
    const world = await heddle.startSimulation(`callers-${commands.length}`, schema({ domains }))
    await world.startApp('Echoes', 'echo')
    await world.appIs('Echoes', 'echo', 'STARTED')
    await world.startApp('Callers', 'caller', commands)
    await world.appIs('Callers', 'caller', 'STARTED')
    await world.startClock()
    const log = () => {
      const stream = world.streams().find((name) => name.includes('/caller/'))
      return stream === undefined ? [] : world.log(stream)
    }
    await waitFor(
      () => log().some((line) => /all calls made/.test(line)),
      () => `all calls: ${log().join('\n')}; ${world.errors()}`,
    )
    await world.stop()
    assert.deepEqual(log(), ['all calls made, 0 faults', 'ends with 0 faults'])
    assert.equal(world.errors(), '')
  }
})

test('an app that waits for its first tick can be interrupted', { skip }, async () => {
  const world = await heddle.startSimulation('interrupted', worlds.schema(IN_BOTH))
  const pid = await world.appPid('Cells', 'Cells-0-0')
  process.kill(pid, 'SIGINT')
  await waitFor(
    () => world.errors().includes('KeyboardInterrupt'),
    () => `the app to end by the interrupt; ${world.errors()}`,
  )
  await world.appPid('Cells', 'Cells-0-0', pid)
  await world.stop()
})
