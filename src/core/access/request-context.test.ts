import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RequestContext } from './request-context.ts'

test('a key has the value that comes last, in whichever case it is asked for', () => {
  const context = new RequestContext(
    { 'aws:a': 'early', 'aws:b': 'b' },
    {},
    { 'aws:a': ['late', 'later'] },
  )
  assert.deepEqual(context.valuesOf('aws:a'), ['late', 'later'])
  assert.deepEqual(context.valuesOf('AWS:A'), ['late', 'later'])
  assert.deepEqual(context.valuesOf('aws:B'), ['b'])
  assert.equal(context.variable('aws:a'), undefined)
  assert.equal(context.variable('aws:b'), 'b')
})

test('an empty list takes a value away, and nothing is inherited', () => {
  const context = new RequestContext({ 'aws:a': 'early' }, { 'aws:a': [] })
  for (const key of ['aws:a', 'AWS:a', 'toString', '__proto__', 'constructor']) {
    assert.equal(context.valuesOf(key), undefined, key)
  }
})

test('a key with the same spelling wins over keys in other case, else the first one does', () => {
  const context = new RequestContext({ 'tag/Team': 'one' }, { 'tag/team': 'two' })
  assert.deepEqual(context.valuesOf('tag/team'), ['two'])
  assert.deepEqual(context.valuesOf('tag/TEAM'), ['one'])
})
