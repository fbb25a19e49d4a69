import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodePageToken, encodePageToken, type PagedList } from './page-token.ts'

const KEY = new Uint8Array(32).fill(1)
const LIST: PagedList = { operation: 'ListApps', filter: { simulation: 'world', domain: 'view' } }

test('a token brings back where its page ended', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (after) => {
      assert.deepEqual(decodePageToken(LIST, encodePageToken(LIST, after, KEY), KEY), {
        ok: true,
        after,
      })
    }),
  )
})

test('an absent part of the filter is the same as an undefined one, in any order', () => {
  const token = encodePageToken(
    { operation: 'ListApps', filter: { domain: undefined, simulation: 'world' } },
    'a',
    KEY,
  )
  assert.ok(
    decodePageToken({ operation: 'ListApps', filter: { simulation: 'world' } }, token, KEY).ok,
  )
  const other = encodePageToken(
    { operation: 'ListApps', filter: { domain: 'view', simulation: 'world' } },
    'a',
    KEY,
  )
  assert.ok(decodePageToken(LIST, other, KEY).ok)
})

test('a token of another key, operation or filter is a ValidationException', () => {
  const token = encodePageToken(LIST, 'a', KEY)
  check(decodePageToken(LIST, token, new Uint8Array(32).fill(2)))
  check(decodePageToken({ ...LIST, operation: 'ListSimulations' }, token, KEY))
  check(decodePageToken({ ...LIST, filter: { simulation: 'world' } }, token, KEY))
  check(decodePageToken({ ...LIST, filter: { simulation: 'world', domain: 'other' } }, token, KEY))
})

test('a changed, cut or invented token is a ValidationException', () => {
  const token = encodePageToken(LIST, 'app-1', KEY)
  for (let index = 0; index < token.length; index += 1) {
    const changed = token[index] === 'B' ? 'C' : 'B'
    check(decodePageToken(LIST, token.slice(0, index) + changed + token.slice(index + 1), KEY))
    check(decodePageToken(LIST, token.slice(0, index), KEY))
  }
  for (const made of ['', '.', 'YQ.', `${token}.`, `${token}=`, `${token} `, 'x'.repeat(10_000)]) {
    check(decodePageToken(LIST, made, KEY))
  }
})

function check(result: ReturnType<typeof decodePageToken>): void {
  assert.ok(!result.ok)
  assert.equal(result.error.code, 'ValidationException')
  assert.match(result.error.message, /^1 validation error detected: Value at 'nextToken' failed /)
}
