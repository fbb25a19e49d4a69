import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoised } from './memoised.ts'

test('a key is computed once, until enough newer keys displace it', () => {
  const asked: string[] = []
  const lengthOf = memoised(2, (text: string) => {
    asked.push(text)
    return text.length
  })
  assert.deepEqual(['a', 'bb', 'a', 'bb', 'ccc', 'bb', 'a'].map(lengthOf), [1, 2, 1, 2, 3, 2, 1])
  assert.deepEqual(asked, ['a', 'bb', 'ccc', 'a'])
})

test('a key whose computation failed is computed again', () => {
  let asked = 0
  const refusing = memoised(2, (): number => {
    asked += 1
    throw new Error('no')
  })
  assert.throws(() => refusing('a'))
  assert.throws(() => refusing('a'))
  assert.equal(asked, 2)
})
