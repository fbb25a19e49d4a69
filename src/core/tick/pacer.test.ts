import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Pacer } from './pacer.ts'

test('a clock that is served on time keeps its rate exactly', () => {
  const pacer = new Pacer(10)
  pacer.start(1000)
  for (let tick = 0; tick < 5; tick++) {
    assert.equal(pacer.dueInMs(1000 + tick * 100), 0)
    pacer.released(1000 + tick * 100)
  }
  assert.equal(pacer.dueInMs(1450), 50)
})

test('a short delay does not shift the ticks after it', () => {
  const pacer = new Pacer(10)
  pacer.start(0)
  pacer.released(30)
  assert.equal(pacer.dueInMs(30), 70)
})

test('a delay of more than a tick counts missed ticks, which are not made up for', () => {
  const pacer = new Pacer(10)
  pacer.start(0)
  assert.equal(pacer.released(350), 3)
  assert.equal(pacer.dueInMs(350), 100)
})

test('an unlimited clock is always due', () => {
  const pacer = new Pacer(0)
  pacer.start(5)
  assert.equal(pacer.released(5), 0)
  assert.ok(pacer.dueInMs(6) <= 0)
})

test('no delays make the clock run faster than its rate', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 500 }), { minLength: 1, maxLength: 50 }),
      (delaysMs) => {
        const pacer = new Pacer(10)
        let nowMs = 0
        pacer.start(nowMs)
        for (const delayMs of delaysMs) {
          nowMs += Math.max(0, pacer.dueInMs(nowMs)) + delayMs
          pacer.released(nowMs)
        }
        assert.ok(nowMs >= (delaysMs.length - 1) * 100)
      },
    ),
  )
})
