import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { awsLimits, defaultLimits } from '../../core/limits.ts'
import type { WorkerPlan } from '../../core/wire/plan.ts'
import { runFolderIn } from '../../joints/worker-host/run-folder.ts'
import { openFixture, startInput } from '../testing/control-fixture.ts'

const TOKEN = 'token-of-thirty-two-characters-or-more'

test('a start over the quota is refused until another is stopped or deleted', async () => {
  await using f = await openFixture({}, { limits: { ...defaultLimits, simulations: 2 } })
  await f.start('first')
  await f.start('second', 'fail-at-start')
  await f.waitForStatus('second', 'FAILED')
  const third = { ...startInput('third'), ClientToken: TOKEN }
  assert.equal(await f.refusalOf('StartSimulation', third), 'ServiceQuotaExceededException')
  assert.equal(await f.refusalOf('StartSimulation', startInput('first')), 'ConflictException')
  assert.equal(
    await f.refusalOf('DescribeSimulation', { Simulation: 'third' }),
    'ResourceNotFoundException',
  )
  await f.call('DeleteSimulation', { Simulation: 'second' })
  const started = await f.call('StartSimulation', third)
  assert.deepEqual(await f.call('StartSimulation', third), started)
  assert.equal(
    await f.refusalOf('StartSimulation', startInput('fourth')),
    'ServiceQuotaExceededException',
  )
  await f.call('StopSimulation', { Simulation: 'first' })
  assert.equal(await f.refusalOf('StartSimulation', startInput('fourth')), 'no refusal')
})

test('the longest duration is also the one of simulations that name none', async () => {
  await using f = await openFixture(
    {},
    { limits: { ...defaultLimits, maximumDurationMs: 36 * 3_600_000 } },
  )
  const day = { ...startInput('days'), MaximumDuration: '2D' }
  assert.equal(await f.refusalOf('StartSimulation', day), 'ValidationException')
  await f.start('one')
  const { MaximumDuration } = await f.call('DescribeSimulation', { Simulation: 'one' })
  assert.equal(MaximumDuration, '36H')
})

test('a worker gets the quotas that hold when its simulation is started', async () => {
  await using f = await openFixture({}, { limits: awsLimits })
  const { ExecutionId } = await f.start('one')
  await f.waitForStatus('one', 'STARTED')
  const plan = JSON.parse(
    readFileSync(runFolderIn(f.control.data.run, ExecutionId).plan, 'utf8'),
  ) as WorkerPlan
  assert.deepEqual(plan.limits, awsLimits.simulation)
})
