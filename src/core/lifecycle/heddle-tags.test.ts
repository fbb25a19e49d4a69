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

test('the rhythm of snapshots is ticks or a time, with a place and a number to keep', () => {
  const rhythmOf = (tags: Record<string, string>) => {
    const result = parseHeddleTags(tags)
    assert.ok(!('refusal' in result), JSON.stringify(result))
    return result.snapshots
  }
  assert.deepEqual(rhythmOf({ 'heddle:snapshot-every': '10M', 'heddle:snapshot-to': 's3://worlds/a/b' }), {
    every: { ms: 600_000 },
    bucket: 'worlds',
    prefix: 'a/b',
    keep: 3,
  })
  const ticks = {
    'heddle:snapshot-every': '500 ticks',
    'heddle:snapshot-to': 's3://worlds',
    'heddle:snapshot-keep': '1',
  }
  assert.deepEqual(rhythmOf(ticks), { every: { ticks: 500 }, bucket: 'worlds', prefix: '', keep: 1 })
})

test('a value that means nothing is refused by the name of its tag', () => {
  for (const tags of [
    { 'heddle:state-hash-interval': '-1' },
    { 'heddle:state-hash-interval': 'often' },
    { 'heddle:schema': 'worlds/a.yaml' },
    { 'heddle:schema': 's3://worlds' },
    { 'heddle:schema': '' },
    { 'heddle:snapshot-every': '0M', 'heddle:snapshot-to': 's3://a' },
    { 'heddle:snapshot-every': 'often', 'heddle:snapshot-to': 's3://a' },
    { 'heddle:snapshot-to': 'a', 'heddle:snapshot-every': '1H' },
    { 'heddle:snapshot-keep': '0', 'heddle:snapshot-every': '1H', 'heddle:snapshot-to': 's3://a' },
  ] as Record<string, string>[]) {
    const result = parseHeddleTags(tags)
    assert.ok('refusal' in result && result.refusal.includes(Object.keys(tags)[0]), JSON.stringify(result))
  }
})
