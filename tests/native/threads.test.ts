// Owners and readers of libheddle as threads over the same memory: TSan finds no data race.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { missingLibrary } from './library.ts'

const SOURCES = join(import.meta.dirname, '../../sdk/native')

test('two owners that read each other race for nothing', { skip: missingLibrary() }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-threads-'))
  try {
    const program = join(folder, 'threads')
    const files = ['memory', 'owner', 'reader'].flatMap((room) =>
      readdirSync(join(SOURCES, 'src', room))
        .filter((name) => name.endsWith('.cpp'))
        .map((name) => join(SOURCES, 'src', room, name)),
    )
    const options = ['-std=c++17', '-O1', '-g', '-fsanitize=thread', '-ffp-contract=off']
    const includes = ['src', 'include'].map((name) => `-I${join(SOURCES, name)}`)
    const source = join(import.meta.dirname, 'threads.cpp')
    const args = [...options, ...includes, source, ...files, '-o', program, '-pthread']
    const compiled = spawnSync('g++', args, { encoding: 'utf8' })
    assert.equal(compiled.status, 0, compiled.stderr)
    const { status, stdout, stderr } = spawnSync(program, ['600'], { encoding: 'utf8' })
    assert.equal(status, 0, stderr)
    assert.match(stdout, /seen: [1-9]/)
    assert.doesNotMatch(stderr, /WARNING: ThreadSanitizer/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
