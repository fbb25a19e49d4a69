import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { discard } from './libc.ts'

test("a discarded buffer's memory is freed while the buffer is still referenced", () => {
  const bytes = 64 * 1024 ** 2
  const buffer = new SharedArrayBuffer(bytes)
  const held = new Uint8Array(buffer).fill(7)
  const before = ownBytes()
  discard(buffer)
  assert.ok(ownBytes() < before - bytes / 2, `${before} bytes, then ${ownBytes()}`)
  assert.equal(held[bytes >> 1], 0)
  held[bytes >> 1] = 9
  assert.equal(held[bytes >> 1], 9)
})

test('a buffer without a whole page is left as it is', () => {
  const held = new Uint8Array(new SharedArrayBuffer(100)).fill(7)
  discard(held.buffer)
  assert.deepEqual([...held], Array(100).fill(7))
})

function ownBytes(): number {
  return (
    Number(/^RssAnon:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024
  )
}
