import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { API_ERRORS } from '../src/core/api/errors.ts'
import { OPERATION_NAMES, operationOf } from '../src/core/api/operations.ts'
import { API_PAGE_FILE, apiPage } from './generate-api-page.ts'

test('the page of the API is what the table says: run `npm run docs` after a change', () => {
  assert.equal(readFileSync(API_PAGE_FILE, 'utf8'), apiPage())
})

test('the page of the API names every operation, member and error, and its links work', () => {
  const page = apiPage()
  for (const name of OPERATION_NAMES) {
    const section = page.split(`\n### ${name}\n`)[1]?.split('\n#')[0] ?? ''
    const { path, input, output, errors } = operationOf(name)
    for (const word of [path, ...Object.keys(input), ...Object.keys(output), ...errors]) {
      assert.ok(section.includes(word), `${name}: ${word}`)
    }
  }
  for (const code of Object.keys(API_ERRORS)) assert.ok(page.includes(`\n| ${code} | `), code)
  const headings = new Set(
    [...page.matchAll(/^#+ (\w+)$/gm)].map((match) => match[1]!.toLowerCase()),
  )
  for (const [, target] of page.matchAll(/\]\(#(\w+)\)/g)) assert.ok(headings.has(target!), target)
})
