import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { boundCompiledCode } from './compiled-code.ts'

test('a cache of compiled code that is too large is emptied; a small one stays', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-compiled-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  const version = join(folder, 'v24-x64')
  mkdirSync(version)
  writeFileSync(join(version, 'one'), '')
  boundCompiledCode(folder)
  assert.deepEqual(readdirSync(version), ['one'])
  for (let file = 0; file < 10_000; file++) writeFileSync(join(version, String(file)), '')
  boundCompiledCode(folder)
  assert.throws(() => readdirSync(folder), { code: 'ENOENT' })
  boundCompiledCode(folder)
})
