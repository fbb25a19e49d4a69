import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exitReason, failureReason } from './failure-reason.ts'

test('a signal is named, whether it ended the process or a program of its shell', () => {
  assert.equal(exitReason(null, 'SIGSEGV', false), 'it was ended by signal SIGSEGV')
  assert.equal(
    exitReason(139, null, false),
    "it exited with code 139 (its shell's word for signal SIGSEGV) while the simulation runs",
  )
  assert.equal(exitReason(3, null, false), 'it exited with code 3 while the simulation runs')
  assert.equal(exitReason(null, null, false), 'it ended while the simulation runs')
  assert.equal(exitReason(255, null, true), 'it exited with code 255 while the simulation runs')
})

test('a reason ends with what the app said last, if it said anything', () => {
  assert.equal(failureReason('it stopped', '', '/stream'), 'it stopped')
  assert.equal(
    failureReason('it stopped', 'no map\n', '/stream'),
    'it stopped; its last words in /stream: no map',
  )
})
