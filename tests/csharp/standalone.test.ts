// Programs in C# that run apps alone, as a test of such an app does.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { BUILD_FOLDER } from '../native/library.ts'
import { compileCsharp, missingCsharp } from './compile.ts'

test('an app in C# runs alone, in a world of its own', { skip: missingCsharp() }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-csharp-alone-'))
  try {
    const program = join(folder, 'alone.exe')
    compileCsharp([join(import.meta.dirname, 'apps/Alone.cs')], program)
    const env = { PATH: process.env.PATH, LANG: 'C.UTF-8', LD_LIBRARY_PATH: BUILD_FOLDER }
    const printed = execFileSync('mono', ['--debug', program], { encoding: 'utf8', env })
    assert.equal(printed, 'all ran alone, 0 faults\n')
  } finally {
    rmSync(folder, { recursive: true })
  }
})
