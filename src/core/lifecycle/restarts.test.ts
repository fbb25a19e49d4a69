import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RestartBudget } from './restarts.ts'

test('an app restarts three times a minute after growing pauses, then fails for good', () => {
  const budget = new RestartBudget()
  assert.deepEqual(
    [0, 10, 20, 30].map((seconds) => budget.restart(seconds * 1000, seconds)),
    [
      { pauseMs: 250, attempt: 2 },
      { pauseMs: 1000, attempt: 2 },
      { pauseMs: 4000, attempt: 2 },
      undefined,
    ],
  )
})

test('restarts older than a minute do not count', () => {
  const budget = new RestartBudget()
  for (const seconds of [0, 10, 20]) budget.restart(seconds * 1000, seconds)
  assert.equal(budget.restart(59_999, 59), undefined)
  assert.deepEqual(budget.restart(60_000, 60), { pauseMs: 4000, attempt: 2 })
  assert.equal(budget.restart(60_001, 61), undefined)
})

test('attempts are counted separately for each tick', () => {
  const budget = new RestartBudget()
  const attempts = [7, 7, 9, 9].map((tick, index) => budget.restart(index * 100_000, tick)?.attempt)
  assert.deepEqual(attempts, [2, 3, 2, 3])
})

test('the fourth failure in one tick is final, however long each attempt took', () => {
  const budget = new RestartBudget()
  assert.deepEqual(
    [0, 1, 2, 3].map((hours) => budget.restart(hours * 3_600_000, 7)),
    [
      { pauseMs: 250, attempt: 2 },
      { pauseMs: 1000, attempt: 3 },
      { pauseMs: 4000, attempt: 4 },
      undefined,
    ],
  )
})
