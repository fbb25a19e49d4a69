import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { mapShape, parseJson } from './parse.ts'

test('an object of any keys keeps all of them, whatever they are called', () => {
  const text = '{"__proto__":"x","constructor":"","a":"b"}'
  const { content } = parseJson(mapShape(z.string()), text)
  assert.deepEqual(Object.entries(content ?? {}), [
    ['__proto__', 'x'],
    ['constructor', ''],
    ['a', 'b'],
  ])
  assert.equal(JSON.stringify(content), text)
  const within = z.object({
    of: mapShape(z.number()).readonly(),
    more: mapShape(z.number()).optional(),
  })
  assert.equal(
    JSON.stringify(parseJson(within, '{"of":{"__proto__":5}}').content),
    '{"of":{"__proto__":5}}',
  )
})

test('a wrong value in an object of any keys is named by its key', () => {
  const faults: [text: string, fault: RegExp][] = [
    ['{"a":"b","c":5}', /^c: Invalid input: expected string/],
    ['{"__proto__":5}', /^__proto__: Invalid input: expected string/],
    ['[]', /^Invalid input/],
    ['null', /^Invalid input/],
    ['"text"', /^Invalid input/],
  ]
  for (const [text, fault] of faults)
    assert.match(parseJson(mapShape(z.string()), text).fault ?? '', fault, text)
})
