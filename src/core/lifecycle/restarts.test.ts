import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RestartBudget } from './restarts.ts'

test('an app is started again three times within a minute, and its next failure is final', () => {
  const budget = new RestartBudget()
  assert.deepEqual(
    [0, 10, 20, 30].map((seconds) => budget.mayRestart(seconds * 1000)),
    [true, true, true, false],
  )
})

test('restarts that are a minute old count no more', () => {
  const budget = new RestartBudget()
  for (const seconds of [0, 10, 20]) budget.mayRestart(seconds * 1000)
  assert.equal(budget.mayRestart(59_999), false)
  assert.equal(budget.mayRestart(60_000), true)
  assert.equal(budget.mayRestart(60_001), false)
})
