// What counts as left behind: shown with a real process and a real folder in the machine's shared
// memory.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { test } from 'node:test'
import { describeLeftovers, leftoversSince, takeInventory } from './test-leftovers.ts'

test('a running process of a simulation is found, and an ended one is not', async () => {
  const before = takeInventory()
  const environment = { ...process.env, HEDDLE_EXECUTION_ID: 'left-behind-for-a-test' }
  const sleeper = spawn('sleep', ['60'], { env: environment })
  try {
    await once(sleeper, 'spawn')
    const text = describeLeftovers(await leftoversSince(before, 0))
    assert.match(
      text,
      new RegExp(
        `process ${sleeper.pid} \\(HEDDLE_EXECUTION_ID=left-behind-for-a-test\\): sleep 60`,
      ),
    )
  } finally {
    sleeper.kill()
    await once(sleeper, 'exit')
  }
  const mine = (await leftoversSince(before, 0)).filter(({ text }) =>
    text.includes('left-behind-for-a-test'),
  )
  assert.deepEqual(mine, [])
})

test('shared memory that is still there is named, and what was there before is not', async () => {
  const before = takeInventory()
  const folder = mkdtempSync('/dev/shm/heddle-left-behind-')
  try {
    const left = await leftoversSince(before, 0)
    assert.ok(left.some(({ id }) => id === folder))
    const mine = (await leftoversSince(takeInventory(), 0)).filter(({ id }) => id === folder)
    assert.deepEqual(mine, [])
  } finally {
    rmdirSync(folder)
  }
})

test('what goes away within the grace time was not left behind', async () => {
  const before = takeInventory()
  const folder = mkdtempSync('/dev/shm/heddle-left-behind-')
  const waiting = leftoversSince(before)
  rmdirSync(folder)
  assert.ok(!(await waiting).some(({ id }) => id === folder))
})
