import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lastWords } from './last-words.ts'

test('an exception is shown by its message, without its stack', () => {
  const output = `tick 11
file:///packages/app.ts:3
    throw new Error(bad)
          ^

Error: bad message x
    at hear (file:///packages/app.ts:3:11)
    at file:///packages/app.ts:9:3

Node.js v24.3.0
`
  assert.equal(
    lastWords(output),
    'tick 11 | file:///packages/app.ts:3 | throw new Error(bad) | Error: bad message x',
  )
})

test('the last lines of long output are shown, in bounds and without control characters', () => {
  const lines = Array.from({ length: 20 }, (_, line) => `line\t${line}\r`).join('\n')
  assert.equal(lastWords(lines), 'line 14 | line 15 | line 16 | line 17 | line 18 | line 19')
  const long = lastWords('x'.repeat(5000))
  assert.equal(long?.length, 1001)
  assert.equal(lastWords(''), undefined)
  assert.equal(lastWords('\n \n'), undefined)
})
