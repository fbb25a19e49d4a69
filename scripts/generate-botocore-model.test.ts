import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { BOTOCORE_MODEL_FILE, botocoreModelText } from './generate-botocore-model.ts'

test('the botocore model in the repository is the one the table makes (otherwise: npm run docs)', () => {
  assert.equal(readFileSync(BOTOCORE_MODEL_FILE, 'utf8'), botocoreModelText())
})

test('the botocore model names no shape that it lacks', () => {
  const model = JSON.parse(botocoreModelText()) as { operations: object; shapes: Record<string, object> }
  const named = [...JSON.stringify(model).matchAll(/"shape":"(\w+)"/g)].map((match) => match[1]!)
  assert.deepEqual([...new Set(named)].sort(), Object.keys(model.shapes).sort())
})
