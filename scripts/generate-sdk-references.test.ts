import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { referencePages } from './generate-sdk-references.ts'

test('the references are what the sources say: run `npm run docs` after a change', () => {
  for (const [file, text] of referencePages()) assert.equal(readFileSync(file, 'utf8'), text, file)
})
