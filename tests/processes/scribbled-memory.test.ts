import assert from 'node:assert/strict'
import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { after, before } from '../../src/base/testing/hooks.ts'
import { fabricFiles } from '../../src/core/fabric/memory/layout.ts'
import { appMeterRecord, appRecord } from '../../src/core/fabric/memory/partition-records.ts'
import { type Heddle, startHeddle } from '../support/heddle.ts'
import { schema } from '../support/packages.ts'
import { hashEvery } from '../support/simulation.ts'
import { waitFor } from '../support/waiting.ts'

/** Where what is claimed stands in a partition's `state` file. */
const HEADER_BYTES = appRecord.bytes + appMeterRecord.bytes

let heddle: Heddle
before(async () => {
  heddle = await startHeddle()
})
after(() => heddle?.stop())

test('a world whose memory was written over is FAILED with the reason', async () => {
  const command = 'wanderers.ts --seed 5 --entities 40 --until 40'
  const text = schema({
    tickRate: '60',
    domains: { Cells: { kind: 'spatial', grid: [2, 1], command } },
  })
  const resting = await heddle.startSimulation('resting', text)
  const ticking = await heddle.startSimulation('ticking', text, hashEvery(1))
  const whole = await heddle.startSimulation('whole', text, hashEvery(1))
  for (const world of [ticking, whole]) await world.startClock()
  for (const world of [ticking, whole]) await world.reaches(20)
  for (const world of [resting, ticking]) {
    const control = join(heddle.fabricFolder, world.executionId, fabricFiles.control)
    const file = openSync(control, 'r+')
    writeSync(file, Buffer.alloc(256, 0xa7))
    closeSync(file)
  }
  for (const world of [resting, ticking]) {
    const [{ errorMessage }] = await world.fails()
    assert.match(errorMessage, /the shared memory was written over by another program/)
  }
  assert.equal((await whole.describe()).Status, 'STARTED')
})

test('an app that writes over its partition fails, and its world goes on', async () => {
  const command = `scribbler.ts ${HEADER_BYTES}`
  const text = schema({
    tickRate: '60',
    domains: { Cells: { kind: 'spatial', grid: [2, 1], command } },
  })
  const world = await heddle.startSimulation('erring', text, hashEvery(1))
  await world.startClock()
  await waitFor(
    () => /what it wrote for tick \d+ can't be: claimedRows/.test(world.errors()),
    () => `the app to be refused; ${world.errors()}`,
  )
  await world.ticksOn(60)
  assert.equal((await world.describe()).Status, 'STARTED')
  const { entities } = await world.world()
  assert.equal(entities.size, 20)
})
