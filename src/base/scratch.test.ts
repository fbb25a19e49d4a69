import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Scratch } from './scratch.ts'

const kinds = [Float64Array, Float32Array, Uint32Array, Uint8Array]

test('arrays that are taken together never overlap, and have the lengths asked for', () => {
  const anyRound = fc.array(fc.tuple(fc.nat({ max: kinds.length - 1 }), fc.nat({ max: 50 })), {
    maxLength: 8,
  })
  fc.assert(
    fc.property(fc.array(anyRound, { maxLength: 6 }), (rounds) => {
      const scratch = new Scratch()
      for (const round of rounds) {
        scratch.reuse()
        const arrays = round.map(([kind, length]) =>
          scratch.take<InstanceType<(typeof kinds)[0]>>(kinds[kind] as never, length),
        )
        for (const [at, array] of arrays.entries()) array.fill(at + 1)
        for (const [at, array] of arrays.entries()) {
          assert.equal(array.length, round[at][1])
          assert.ok(array.every((number) => number === at + 1))
        }
      }
    }),
  )
})

test('memory that was needed once is used again', () => {
  const scratch = new Scratch()
  const take = () => [
    scratch.take(Float64Array, 1000),
    scratch.take(Uint8Array, 3),
    scratch.take(Uint32Array, 5),
  ]
  take()
  scratch.reuse()
  const [first, ...others] = take()
  assert.ok(others.every(({ buffer }) => buffer === first.buffer))
  scratch.reuse()
  assert.ok(take().every(({ buffer }) => buffer === first.buffer))
})
