// What the Unreal plugin does without its engine: it is compiled, and mirrors a real world. And the
// part for the engine, against stand-ins of what it uses of Unreal.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { copyFileSync, globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { after, before } from '../../src/base/testing/hooks.ts'
import { BUILD_FOLDER, missingLibrary } from '../native/library.ts'
import { type Heddle, startHeddle } from '../support/heddle.ts'
import { appsFolder, schema } from '../support/packages.ts'
import { missingTools } from '../support/tools.ts'
import { waitFor } from '../support/waiting.ts'

const PLUGIN = join(import.meta.dirname, '../../sdk/unreal/Source/HeddleMirror')
const INCLUDES = [join(BUILD_FOLDER, '../include'), join(PLUGIN, 'Public')].map((one) => `-I${one}`)
const STRICT = ['-std=c++17', '-Wall', '-Wextra', '-Werror']

const skip = missingLibrary() ?? missingTools('g++')
let folder: string
let heddle: Heddle

before(async () => {
  if (skip) return
  folder = mkdtempSync(join(tmpdir(), 'heddle-unreal-'))
  for (const file of ['wanderers.ts', 'random.ts'])
    copyFileSync(join(appsFolder, file), join(folder, file))
  heddle = await startHeddle({ configuration: `package_folders: [${folder}]\n` })
})
after(async () => {
  await heddle?.stop()
  if (folder) rmSync(folder, { recursive: true })
})

test('a mirror holds what its subscriptions cover, each entity once', { skip }, async () => {
  const source = join(import.meta.dirname, 'mirroring.cpp')
  const library = [`-L${BUILD_FOLDER}`, '-lheddle']
  const program = join(folder, 'mirroring')
  execFileSync('g++', [...STRICT, ...INCLUDES, source, '-o', program, ...library])
  const atHost = { package: `file://${folder}` }
  const wanderers = ['node', 'wanderers.ts', '--entities', '40']
  const text = schema({
    domains: {
      Cells: { kind: 'spatial', grid: [2, 2], ...atHost, command: wanderers },
      Views: { kind: 'custom', ...atHost, command: ['./mirroring'] },
    },
  })
  const world = await heddle.startSimulation('mirrored', text)
  await world.startClock()
  await world.startApp('Views', 'view')
  const lines = await waitFor(
    () => {
      const stream = world.streams().find((name) => name.includes('/view/'))
      const log = stream === undefined ? [] : world.log(stream)
      return log.some((line) => line.startsWith('mirrored')) && log
    },
    () => `the mirror's end: ${world.errors()}`,
  )
  assert.deepEqual(lines, ['mirrored, 0 faults'])
  await world.stop()
  assert.equal(world.errors(), '')
})

/** Headers of Unreal that the plugin includes. */
const ENGINE_HEADERS = [
  'Components/ActorComponent.h',
  'Engine/World.h',
  'GameFramework/Actor.h',
  'HAL/PlatformMisc.h',
  'HeddleMirrorComponent.generated.h',
  'Modules/ModuleManager.h',
]

test('the part for the engine compiles against stand-ins of the engine', { skip }, () => {
  const engine = join(folder, 'engine')
  for (const header of ENGINE_HEADERS) {
    mkdirSync(dirname(join(engine, header)), { recursive: true })
    writeFileSync(join(engine, header), '#include "CoreMinimal.h"\n')
  }
  const includes = [...INCLUDES, `-I${import.meta.dirname}`, `-I${engine}`]
  const sources = globSync('Private/*.cpp', { cwd: PLUGIN }).map((name) => join(PLUGIN, name))
  assert.equal(sources.length, 2)
  // Unreal hands on parameters that a function does not use.
  execFileSync('g++', [
    ...STRICT,
    '-Wno-unused-parameter',
    ...includes,
    '-fsyntax-only',
    ...sources,
  ])
})
