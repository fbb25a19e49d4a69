// What set-up puts into sdk/lib: in a clone of its own, with a library that is built in a moment.

import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { after, before } from '../../src/base/testing/hooks.ts'
import { missingTools } from '../support/tools.ts'

const FOLDER = join(import.meta.dirname, '../../scripts')
const SCRIPTS = ['app-libraries.mjs', 'python-extension.mjs']
const CMAKE_LISTS = `cmake_minimum_required(VERSION 3.13)
project(heddle LANGUAGES C CXX)
add_library(heddle SHARED src/answer.cpp)
target_include_directories(heddle PRIVATE include)
`
const skip = missingTools('cmake', 'make', 'g++')
let parent: string
let clone: string
let library: string

before(() => {
  parent = mkdtempSync(join(tmpdir(), 'heddle-set-up-'))
  use('clone')
  for (const folder of ['scripts', 'sdk/native/src', 'sdk/native/include', 'sdk/python/heddle'])
    mkdirSync(join(clone, folder), { recursive: true })
  for (const script of SCRIPTS) copyFileSync(join(FOLDER, script), join(clone, 'scripts', script))
  writeFileSync(join(clone, 'sdk/native/CMakeLists.txt'), CMAKE_LISTS)
  writeFileSync(join(clone, 'sdk/native/include/answer.h'), 'int answer();\n')
  writeFileSync(join(clone, 'sdk/python/heddle/__init__.py'), 'ANSWER = 42\n')
  answer('return 1;')
})
after(() => rmSync(parent, { recursive: true }))

function use(name: string): void {
  clone = join(parent, name)
  library = join(clone, 'sdk/lib/libheddle.so')
}

function answer(body: string): void {
  const text = `#include "answer.h"\nint answer() { ${body} }\n`
  writeFileSync(join(clone, 'sdk/native/src/answer.cpp'), text)
}

/** Returns what set-up prints; it must not fail. */
function setUp(path = process.env.PATH): string {
  const program = `import('./scripts/app-libraries.mjs').then((all) => all.makeAppLibraries(false))`
  const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', program], {
    cwd: clone,
    encoding: 'utf8',
    env: { PATH: path },
  })
  assert.equal(status, 0, stderr)
  return stdout
}

test('without a compiler, set-up says nothing, and leads to the Python SDK', () => {
  assert.equal(setUp('/nowhere'), '')
  assert.equal(existsSync(library), false)
  const links = join(clone, 'sdk/lib/heddle/__init__.py')
  assert.equal(readFileSync(links, 'utf8'), 'ANSWER = 42\n')
})

test('libheddle is built once, and again after a change of a source', { skip }, () => {
  assert.match(setUp(), /^set-up: building libheddle in sdk\/native\/build …\n$/)
  const first = statSync(library)
  const linked = statSync(join(clone, 'sdk/lib/libweaver_app_sdk_cxx_v1_full.so'))
  assert.equal(linked.ino, first.ino)
  assert.equal(setUp(), '')
  assert.equal(statSync(library).ino, first.ino)
  answer('return 2;')
  const later = new Date(first.mtimeMs + 1000)
  utimesSync(join(clone, 'sdk/native/src/answer.cpp'), later, later)
  assert.equal(setUp(), '')
  assert.notEqual(statSync(library).ino, first.ino)
})

test('a clone that was moved builds anew', { skip }, () => {
  rmSync(library)
  renameSync(clone, join(parent, 'elsewhere'))
  use('elsewhere')
  assert.match(setUp(), /building libheddle/)
  const symbols = execFileSync('nm', ['-D', '--defined-only', library], { encoding: 'utf8' })
  assert.match(symbols, /answer/)
})

test('a build that fails is told in one line, and leaves no library of old sources', {
  skip,
}, () => {
  answer('return nothing;')
  const later = new Date(Date.now() + 1000)
  utimesSync(join(clone, 'sdk/native/src/answer.cpp'), later, later)
  const [line, ...more] = setUp().trimEnd().split('\n')
  assert.match(
    line,
    /^set-up: libheddle can't be built, so apps in C\+\+, Python and C# don't start: /,
  )
  assert.match(line, /'nothing' was not declared .*\(all of it: sdk\/native\/build\/set-up\.log\)$/)
  assert.deepEqual(more, [])
  assert.equal(existsSync(library), false)
})
