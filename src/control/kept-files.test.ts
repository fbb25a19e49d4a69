import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { test } from 'node:test'
import { ApiError } from '../core/api/errors.ts'
import { openFixture, startInput } from './testing/control-fixture.ts'

test('deleted or replaced data files are noticed before a change is made', async () => {
  await using fixture = await openFixture()
  await fixture.start('world')
  await fixture.waitForStatus('world', 'STARTED')
  const { store, lock, run } = fixture.control.data
  const ResourceArn = 'arn:aws:simspaceweaver:us-west-2:111122223333:simulation/world'
  const changes = [
    () => fixture.call('TagResource', { ResourceArn, Tags: { a: 'b' } }),
    () => fixture.call('StartSimulation', startInput('other')),
    () => fixture.call('StopSimulation', { Simulation: 'world' }),
  ]
  const refused = async (text: string) => {
    for (const change of changes) {
      await assert.rejects(change, (error) => {
        assert.ok(error instanceof ApiError)
        assert.equal(error.code, 'InternalServerException')
        assert.ok(error.message.includes(text), error.message)
        return true
      })
    }
  }
  for (const path of [store, `${store}-wal`, `${store}-shm`, lock]) {
    const name = path.slice(path.lastIndexOf('/') + 1)
    renameSync(path, `${path}.away`)
    await refused(`${name} was deleted`)
    copyFileSync(`${path}.away`, path)
    await refused(`${name} was replaced`)
    renameSync(`${path}.away`, path)
    await fixture.call('TagResource', { ResourceArn, Tags: { kept: 'yes' } })
  }
  renameSync(run, `${run}.away`)
  await refused('run was deleted')
  mkdirSync(run)
  await refused('run was replaced')
  rmSync(run, { recursive: true })
  renameSync(`${run}.away`, run)
  // The refused change has not happened, and reading still works.
  const { Tags } = await fixture.call('ListTagsForResource', { ResourceArn })
  assert.deepEqual(Tags, { kept: 'yes' })
  assert.equal(
    (await fixture.call('DescribeSimulation', { Simulation: 'world' })).Status,
    'STARTED',
  )
  assert.equal(
    await fixture.refusalOf('DescribeSimulation', { Simulation: 'other' }),
    'ResourceNotFoundException',
  )
})

test('a file that disappears during a change is noticed before it is acknowledged', async () => {
  await using fixture = await openFixture()
  const { store } = fixture.control.data
  const answer = fixture.call('StartSimulation', startInput('world'))
  renameSync(store, `${store}.away`)
  try {
    await assert.rejects(answer, /heddle\.db was deleted/)
  } finally {
    renameSync(`${store}.away`, store)
  }
})
