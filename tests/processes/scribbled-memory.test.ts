import assert from 'node:assert/strict'
import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { after, before } from '../../src/base/testing/hooks.ts'
import { ControlBlock } from '../../src/core/fabric/memory/control-block.ts'
import { fabricFiles } from '../../src/core/fabric/memory/layout.ts'
import { SharedSegments } from '../../src/io/shm/shared-segments.ts'
import { type Heddle, startHeddle } from '../support/heddle.ts'
import { schema } from '../support/packages.ts'
import { scribblesIn } from '../support/scribbles.ts'
import { hashEvery } from '../support/simulation.ts'

/** Apps that err at the same time. */
const AT_ONCE = 8

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
  const command = 'wanderers.ts --seed 5 --entities 40'
  const text = schema({
    tickRate: '60',
    domains: {
      Cells: { kind: 'spatial', grid: [2, 1], command },
      Erring: { kind: 'custom', command: 'scribbler.ts' },
    },
  })
  const world = await heddle.startSimulation('erring', text, hashEvery(1))
  const folder = join(heddle.fabricFolder, world.executionId)
  const { sizes } = ControlBlock.open(new SharedSegments(folder), { writable: false })
  const { refused, harmless } = scribblesIn(sizes)
  const cases = Object.entries({ ...refused, ...harmless }).map(([number, scribbles], place) => ({
    number,
    scribbles,
    name: `app-${place}`,
  }))
  await world.startClock()
  for (let from = 0; from < cases.length; from += AT_ONCE) {
    const some = cases.slice(from, from + AT_ONCE)
    for (const { name, scribbles } of some)
      await world.startApp('Erring', name, ['node', 'scribbler.ts', ...scribbles])
    for (const { name, number } of some) {
      await world.appIs('Erring', name, 'STOPPED')
      if (number in refused)
        await world.saysError(
          new RegExp(`${name}.*what it wrote for tick \\d+ can't be: ${number}`),
        )
      else assert.doesNotMatch(world.errors(), new RegExp(`${name}\\b`))
    }
  }
  await world.ticksOn(30)
  assert.equal((await world.describe()).Status, 'STARTED')
  assert.equal(world.errors().match(/can't be: /g)?.length, Object.keys(refused).length)
  await world.snapshot()
  await world.stop()
})

test('whatever an app writes over its rows, its neighbours and the clock go on', async () => {
  const text = (scribbles: readonly string[]) =>
    schema({
      tickRate: '60',
      domains: {
        Cells: {
          kind: 'spatial',
          grid: [2, 1],
          command: ['node', 'scribbler.ts', '--only', '0', ...scribbles],
        },
      },
    })
  const model = await heddle.startSimulation('model', text([]))
  const folder = join(heddle.fabricFolder, model.executionId)
  const { sizes } = ControlBlock.open(new SharedSegments(folder), { writable: false })
  const world = await heddle.startSimulation('rows', text(scribblesIn(sizes).rows), hashEvery(1))
  await world.startClock()
  await world.reaches(60)
  assert.equal((await world.describe()).Status, 'STARTED')
  assert.doesNotMatch(world.errors(), /Cells-1-0|the clock/)
  for (const each of [model, world]) await each.stop()
})

test('an app that commits a tick that it is not asked for fails, and no other does', async () => {
  const text = schema({
    tickRate: '60',
    domains: {
      Cells: { kind: 'spatial', grid: [1, 1], command: 'wanderers.ts --seed 5 --entities 5' },
      Erring: { kind: 'custom', command: 'scribbler.ts --commit 7' },
    },
  })
  const world = await heddle.startSimulation('ahead', text, hashEvery(1))
  await world.startClock()
  await world.startApp('Erring', 'ahead')
  await world.appIs('Erring', 'ahead', 'STOPPED')
  await world.saysError(/app=ahead .*a partition begins no tick twice/)
  await world.ticksOn(10)
  await world.stop()
})

test('an app that deletes its files ends in order, and leaves nothing in its way', async () => {
  const files = ['state', 'fields', 'index', 'messages', 'lock'].map((file) => `delete:${file}`)
  const text = schema({
    tickRate: '60',
    domains: {
      Cells: { kind: 'spatial', grid: [2, 1], command: 'wanderers.ts --seed 5 --entities 40' },
      Erring: { kind: 'custom', command: `scribbler.ts ${files.join(' ')}` },
    },
  })
  const world = await heddle.startSimulation('deleted', text, hashEvery(1))
  await world.startClock()
  await world.startApp('Erring', 'deleter')
  await world.appIs('Erring', 'deleter', 'STOPPED')
  await world.ticksOn(10)
  assert.equal(world.errors(), '')
  await world.snapshot()
  await world.stop()
})

test('an app that shortens its files ends its worker alone, and the reason says how', async () => {
  const text = (scribbles: string) =>
    schema({
      tickRate: '60',
      domains: {
        Cells: { kind: 'spatial', grid: [2, 1], command: `scribbler.ts --only 0 ${scribbles}` },
      },
    })
  const other = await heddle.startSimulation('unharmed', text(''), hashEvery(1))
  const world = await heddle.startSimulation('shortened', text('cut:state'), hashEvery(1))
  for (const each of [other, world]) await each.startClock()
  const [{ errorMessage }] = await world.fails()
  assert.match(errorMessage, /SIGBUS/)
  await world.leavesNothing()
  await other.ticksOn(10)
  assert.equal((await other.describe()).Status, 'STARTED')
  await other.stop()
})
