import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeCredentials } from '../credentials.ts'
import { addKey } from './edit-access.ts'

test('a key is added to a .json file that is read as YAML, but is no JSON', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-edit-access-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'ann.json')
  const first = makeCredentials()
  writeFileSync(path, `{ "keys": [${JSON.stringify(first)}, ], "policies": [] }`)
  const second = addKey(folder, 'ann')
  assert.deepEqual(JSON.parse(readFileSync(path, 'utf8')), {
    keys: [first, second],
    policies: [],
  })
})
