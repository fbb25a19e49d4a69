import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { readAnswer } from './idempotency.ts'

test('a stored answer that the operation never gave is refused with its place', () => {
  const shape = z.object({ Name: z.string() })
  assert.deepEqual(readAnswer('StartApp', shape, { Name: 'eye' }), { Name: 'eye' })
  assert.throws(
    () => readAnswer('StartApp', shape, { Name: 7 }),
    /StoreError: an answer of StartApp in the store is damaged: Name: Invalid input/,
  )
})
