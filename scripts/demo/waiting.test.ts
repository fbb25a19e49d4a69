import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StepFailure, step, until } from './waiting.ts'

const never = new AbortController().signal

test('a step gives what it made', async () => {
  assert.equal(await step('count', 10_000, never, async () => 3), 3)
})

test('a step that takes too long fails with its name and its limit, and is aborted', async () => {
  let told = false
  const waiting = step('wait for ever', 20, never, async (signal) => {
    signal.addEventListener('abort', () => {
      told = true
    })
    await until(signal, 1, async () => undefined)
  })
  await assert.rejects(waiting, (error: Error) => {
    assert.ok(error instanceof StepFailure)
    assert.equal(error.message, 'wait for ever: not done after 0.02 s')
    return true
  })
  assert.equal(told, true)
})

test('an interruption ends a step at once', async () => {
  const interruption = new AbortController()
  const waiting = step('sleep', 60_000, interruption.signal, async (signal) => {
    await until(signal, 1, async () => undefined)
  })
  interruption.abort()
  await assert.rejects(waiting, /^StepFailure: sleep: interrupted$/)
  await assert.rejects(
    step('begin late', 60_000, interruption.signal, async () => new Promise(() => undefined)),
    /begin late: interrupted/,
  )
})

test('what fails in a step fails with its name and its cause', async () => {
  const cause = new Error('the door is locked')
  await assert.rejects(
    step('go out', 10_000, never, async () => {
      throw cause
    }),
    (error: Error) => error.message === 'go out: the door is locked' && error.cause === cause,
  )
})

test('until asks again and again', async () => {
  let asked = 0
  assert.equal(await until(never, 1, async () => (++asked === 5 ? 'yes' : undefined)), 'yes')
  assert.equal(asked, 5)
})
