import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { layoutPage, layoutPageFile } from './generate-layout-page.ts'

test('the layout page is what the table says: run `npm run docs` after a change', () => {
  assert.equal(readFileSync(layoutPageFile, 'utf8'), layoutPage())
})
