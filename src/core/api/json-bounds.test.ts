import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { JSON_DEPTH_MAX, JSON_VALUES_MAX, jsonExcess } from './json-bounds.ts'

const excess = (text: string) => jsonExcess(Buffer.from(text))

test('members and items are counted wherever they are, and what strings hold is not', () => {
  const items = (count: number) => `[${Array(count).fill('0').join(',')}]`
  assert.equal(excess(items(JSON_VALUES_MAX - 1)), undefined)
  assert.match(excess(items(JSON_VALUES_MAX)) ?? '', /more than 2000 values/)
  const half = items(JSON_VALUES_MAX / 2)
  assert.match(excess(`{"a":${half},"b":${half}}`) ?? '', /values/)
  assert.match(excess(`[${Array(JSON_VALUES_MAX).fill('[]').join('')}`) ?? '', /values/)
  const noise = '[{,]}\\"'.repeat(JSON_VALUES_MAX)
  assert.equal(excess(JSON.stringify({ [noise]: noise, b: ['\\', '"'] })), undefined)
  assert.equal(excess(`"\\\\",${'"'}${'['.repeat(100_000)}`), undefined, 'a string without an end')
})

test('what is nested too deep is found, and depth comes back where something closes', () => {
  const nested = (depth: number) => `${'[{"a":'.repeat(depth / 2)}0${'}]'.repeat(depth / 2)}`
  assert.equal(excess(nested(JSON_DEPTH_MAX)), undefined)
  assert.match(excess(nested(JSON_DEPTH_MAX + 2)) ?? '', /nested more than 64 deep/)
  assert.equal(excess(`[${nested(60)},${nested(60)}]`), undefined)
  assert.match(excess('['.repeat(524_288)) ?? '', /nested/)
})

test('the count is that of all values, or a little more', () => {
  const count = (value: unknown): number =>
    1 +
    (typeof value === 'object' && value !== null
      ? Object.values(value).reduce((sum, each) => sum + count(each), 0)
      : 0)
  fc.assert(
    fc.property(fc.json({ maxDepth: 5 }), (text) => {
      const value: unknown = JSON.parse(text)
      // Copies of one value exceed the bound exactly if their count does.
      const copies = Math.ceil(JSON_VALUES_MAX / count(value))
      assert.match(
        excess(
          `[${Array(copies + 1)
            .fill(text)
            .join(',')}]`,
        ) ?? '',
        /values/,
      )
      assert.equal(excess(text), undefined)
    }),
  )
})
