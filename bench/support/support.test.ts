import assert from 'node:assert/strict'
import { test } from 'node:test'
import { meets, resultOf } from './benchmark.ts'
import { interleaved, median, quantile } from './rounds.ts'

test('contenders take turns, the warm-up does not count', async () => {
  const order: string[] = []
  const said: string[] = []
  const contender = (name: string) => async () => order.push(name)
  const measured = await interleaved(
    { ours: contender('ours'), plain: contender('plain') },
    { rounds: 2, say: (text) => said.push(text) },
  )
  assert.deepEqual(order, ['ours', 'plain', 'plain', 'ours', 'ours', 'plain'])
  assert.deepEqual(measured, { ours: [4, 5], plain: [3, 6] })
  assert.equal(said[0], 'warm-up: ours 1.000')
  assert.equal(said.at(-1), 'round 2 of 2: plain 6.000')
})

test('a median is the middle, or between the two in the middle', () => {
  assert.equal(median([9, 1, 5]), 5)
  assert.equal(median([9, 1, 5, 6]), 5.5)
  assert.equal(
    quantile(
      Array.from({ length: 101 }, (_, index) => index),
      0.99,
    ),
    99,
  )
})

test('a result says its ratio and whether the goal is met', () => {
  const outcome = {
    unit: '1/s',
    value: 12_345.678,
    reference: 41_000,
    referenceName: 'hello',
    goal: '>= 0.3',
  } as const
  assert.deepEqual(resultOf('api', { ...outcome, more: { p99Ms: 2 } }), {
    bench: 'api',
    unit: '1/s',
    value: 12_350,
    reference: 41_000,
    referenceName: 'hello',
    goal: '>= 0.3',
    ratio: 0.3011,
    met: true,
    p99Ms: 2,
  })
  const { limit } = resultOf('api', { ...outcome, limit: { value: 20_500.04, name: 'a wire' } })
  assert.deepEqual(limit, { value: 20_500, name: 'a wire', ratio: 0.5 })
  assert.equal(meets(0.29, '>= 0.3'), false)
  assert.equal(meets(1.5, '<= 1.5'), true)
  assert.equal(meets(1.6, '<= 1.5'), false)
  assert.equal(meets(0.01, 'report'), true)
  assert.equal(meets(Number.NaN, 'report'), false)
})
