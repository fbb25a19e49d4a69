// libheddle and its header under more compilers than the one that builds it: no warning from any.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { missingTools } from '../support/tools.ts'

const SOURCES = join(import.meta.dirname, '../../sdk/native')
const WARNINGS = ['-Wall', '-Wextra', '-Werror', '-fsyntax-only']
const include = `-I${join(SOURCES, 'include')}`

function compiles(tool: string, ...args: string[]): void {
  const { status, stderr } = spawnSync(tool, [...WARNINGS, include, ...args], { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
}

test('clang finds nothing to warn of in libheddle', { skip: missingTools('clang++') }, () => {
  const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
    .filter((name) => /^(src|testing)\/.*\.cpp$/.test(name))
    .map((name) => join(SOURCES, name))
  assert.ok(files.length > 20)
  const options = ['-std=c++17', '-pedantic', '-ffp-contract=off', '-DHEDDLE_TESTING']
  compiles('clang++', ...options, ...files)
})

for (const tool of ['gcc', 'clang'])
  test(`heddle.h is C and C++ for ${tool}`, { skip: missingTools(tool) }, () => {
    const header = join(SOURCES, 'include/heddle.h')
    compiles(tool, '-std=c11', '-pedantic', '-x', 'c', header)
    compiles(tool, '-std=c++17', '-pedantic', '-x', 'c++', header)
  })
