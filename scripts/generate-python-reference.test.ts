import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { PYTHON_REFERENCE, pythonReference } from './generate-python-reference.ts'

test('the reference of the Python SDK is that of its sources', (context) => {
  const page = pythonReference()
  if (page === undefined && process.env.CI !== 'true')
    return context.skip('no python3 on this machine can read the sources')
  assert.equal(readFileSync(PYTHON_REFERENCE, 'utf8'), page, 'run "npm run docs"')
  for (const call of [
    'def load_entity_index_key(self, entity, /)',
    'def neighbourhood(',
    'rows: int',
  ])
    assert.ok(page?.includes(call), `it lacks ${call}`)
})
