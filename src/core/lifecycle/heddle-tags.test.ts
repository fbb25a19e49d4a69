import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseHeddleTags, schemaTag } from './heddle-tags.ts'

test('tags that mean nothing to Heddle are left alone', () => {
  assert.deepEqual(parseHeddleTags({ team: 'traffic', 'heddle:owner': 'x' }), { stateHashInterval: 0 })
})

test('an interval and the place of a schema are read', () => {
  assert.deepEqual(parseHeddleTags({ 'heddle:state-hash-interval': '50', ...schemaTag('worlds', 'a/b c.yaml') }), {
    stateHashInterval: 50,
    schema: { bucket: 'worlds', key: 'a/b c.yaml' },
  })
})

test('a value that means nothing is refused by the name of its tag', () => {
  for (const tags of [
    { 'heddle:state-hash-interval': '-1' },
    { 'heddle:state-hash-interval': 'often' },
    { 'heddle:schema': 'worlds/a.yaml' },
    { 'heddle:schema': 's3://worlds' },
    { 'heddle:schema': '' },
  ] as Record<string, string>[]) {
    const result = parseHeddleTags(tags)
    assert.ok('refusal' in result && result.refusal.includes(Object.keys(tags)[0]), JSON.stringify(result))
  }
})
