import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { BOTOCORE_FILES, botocoreModelText } from './generate-botocore-model.ts'

test('the botocore model is the one the table makes: run `npm run docs` after a change', () => {
  for (const [path, text] of BOTOCORE_FILES) assert.equal(readFileSync(path, 'utf8'), text())
})

test('the botocore model names no shape that it lacks', () => {
  const model = JSON.parse(botocoreModelText()) as {
    operations: object
    shapes: Record<string, object>
  }
  const named = [...JSON.stringify(model).matchAll(/"shape":"(\w+)"/g)].map((match) => match[1]!)
  assert.deepEqual([...new Set(named)].sort(), Object.keys(model.shapes).sort())
})
