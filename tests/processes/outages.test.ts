import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { after, before } from '../../src/base/testing/hooks.ts'
import { type Heddle, startHeddle } from '../support/heddle.ts'
import { schema } from '../support/packages.ts'
import { hashEvery } from '../support/simulation.ts'
import { waitFor } from '../support/waiting.ts'

let heddle: Heddle
before(async () => {
  heddle = await startHeddle()
})
after(() => heddle?.stop())

const text = schema({
  domains: { Cells: { kind: 'spatial', grid: [2, 1], command: 'wanderers.ts --entities 10' } },
})

test('a simulation runs while control is down, and the next control knows its state', async () => {
  const world = await heddle.startSimulation('ticking', text, hashEvery(1))
  const stopped = await heddle.startSimulation('stopped', text)
  await stopped.stop()
  await world.startClock()
  await world.reaches(5)
  await heddle.killControl()
  await world.ticksOn(20)
  await heddle.up()
  const found = await world.describe()
  assert.equal(found.Status, 'STARTED')
  assert.equal(found.LiveSimulationState?.Clocks?.[0]?.Status, 'STARTED')
  assert.equal((await stopped.describe()).Status, 'STOPPED')
  assert.equal((await world.apps()).length, 2)
  await world.ticksOn()
  await world.stopClock()
  const ticks = [...world.hashes().keys()]
  assert.deepEqual(
    ticks,
    ticks.map((_, place) => place),
    'no tick was left out',
  )
  await world.stop()
})

test('a simulation that fails while control is down is FAILED for the next one', async () => {
  const world = await heddle.startSimulation('unseen', text, hashEvery(1))
  await heddle.killControl()
  await world.kill(await world.workerPid())
  await heddle.up()
  await world.is('FAILED')
  await world.leavesNothing()
})

test('after a kill of the worker its apps end, and its simulation is FAILED', async () => {
  const world = await heddle.startSimulation('orphaned', text, hashEvery(1))
  const other = await heddle.startSimulation('unharmed', text, hashEvery(1))
  await world.startClock()
  await other.startClock()
  await world.reaches(5)
  assert.equal(world.processes().length, 3)
  assert.ok(existsSync(join(heddle.fabricFolder, world.executionId)))
  await world.kill(await world.workerPid())
  await waitFor(() => world.processes().length === 0, 'its apps to end')
  await world.is('FAILED')
  await world.leavesNothing()
  await other.ticksOn()
  await heddle.weaver.deleteSimulation({ Simulation: 'orphaned' }).promise()
  const again = await heddle.startSimulation('orphaned', text)
  await again.stop()
  await other.stop()
})

test('Ctrl-C names the running simulations, and down ends them too', async () => {
  const world = await heddle.startSimulation('going-on', text, hashEvery(1))
  await world.startClock()
  assert.match(await heddle.interrupt(), /this simulation goes on without it:\n {2}going-on\n/)
  await world.ticksOn()
  assert.match(await heddle.down(), /simulation going-on: STOPPED/)
  await world.leavesNothing()
  await heddle.up()
  await world.is('STOPPED')
})

test('down removes what is left after control and worker were killed together', async () => {
  const world = await heddle.startSimulation('both', text, hashEvery(1))
  await world.startClock()
  await world.reaches(5)
  await heddle.killControl()
  await world.kill(await world.workerPid())
  const half = leaveHalfAnObject()
  assert.ok(existsSync(half))
  await heddle.down()
  assert.ok(!existsSync(half))
  await world.leavesNothing()
  await heddle.up()
  assert.match((await world.describe()).Status ?? '', /^(FAILED|STOPPED)$/)
})

/** Leaves what a killed worker leaves half written in the embedded store; returns its path. */
function leaveHalfAnObject(): string {
  const temporaryFiles = import.meta.resolve('../../src/io/objects/temporary-files.ts')
  const program = `
    import { writeFileSync } from 'node:fs'
    import { temporaryPath } from ${JSON.stringify(temporaryFiles)}
    const path = temporaryPath(process.argv[1])
    writeFileSync(path, 'half of an object')
    console.log(path)`
  const folder = join(heddle.data, 'objects/.heddle/temporary')
  const { stdout } = spawnSync(
    process.execPath,
    ['--input-type=module', '--eval', program, folder],
    {
      encoding: 'utf8',
    },
  )
  return stdout.trim()
}
