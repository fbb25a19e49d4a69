import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { emptyStatus } from '../../core/lifecycle/simulation.ts'
import {
  type RunFolder,
  readPlan,
  readStatus,
  runFolderIn,
} from '../../joints/worker-host/run-folder.ts'
import { findWorkerProcess } from '../../joints/worker-host/worker-process.ts'
import { dataFolder } from '../data-folder.ts'
import { storedStatus } from '../known-status.ts'
import { overviewOf, readRecords } from '../overview.ts'
import { openFixture, SCRIPTED_WORKER } from '../testing/control-fixture.ts'

const DAMAGES: readonly [text: string, fault: RegExp][] = [
  ['', /is damaged: Unexpected end of JSON input$/],
  ['{"executionId": "x', /is damaged: Unterminated string/],
  ['null', /is damaged: Invalid input/],
  ['[]', /is damaged: Invalid input/],
  ['{}', /is damaged: executionId: Invalid input/],
]

test('a damaged file of a run folder is named with its fault', (context) => {
  const parent = mkdtempSync(join(tmpdir(), 'heddle-run-'))
  context.after(() => rmSync(parent, { recursive: true }))
  const folder = runFolderIn(dataFolder(parent).run, 'id')
  mkdirSync(folder.folder, { recursive: true })
  assert.deepEqual(readPlan(folder, 'id'), {})
  assert.deepEqual(readStatus(folder, 'id'), {})
  for (const [text, fault] of DAMAGES) {
    writeFileSync(folder.plan, text)
    writeFileSync(folder.status, text)
    for (const read of [readPlan(folder, 'id'), readStatus(folder, 'id')]) {
      assert.equal(read.content, undefined)
      assert.match(read.fault ?? '', fault)
    }
    assert.ok(readPlan(folder, 'id').fault?.startsWith(`${folder.plan} `))
  }
  writeFileSync(folder.status, JSON.stringify(emptyStatus('other')))
  assert.equal(readStatus(folder, 'id').fault, `${folder.status} is of another execution, other`)
  writeFileSync(folder.status, JSON.stringify(emptyStatus('id')))
  assert.deepEqual(readStatus(folder, 'id'), { content: emptyStatus('id') })
  writeFileSync(folder.status, JSON.stringify({ ...emptyStatus('id'), apps: 'none' }))
  assert.match(readStatus(folder, 'id').fault ?? '', /apps: Invalid input: expected array/)
  rmSync(folder.plan)
  mkdirSync(folder.plan)
  assert.match(readPlan(folder, 'id').fault ?? '', /can't be read: EISDIR/)
})

test('a damaged plan or status stops nothing: all worlds are found again', async () => {
  await using fixture = await openFixture()
  const { ExecutionId } = await fixture.start('struck')
  await fixture.start('other')
  await fixture.waitForStatus('struck', 'STARTED')
  await fixture.waitForStatus('other', 'STARTED')
  const folder = runFolderIn(fixture.control.data.run, ExecutionId)
  const plans = [...DAMAGES.map(([text]) => text), otherFabric(folder)]
  for (const text of plans) {
    writeFileSync(folder.plan, text)
    writeFileSync(folder.status, text)
    await fixture.reopen()
    assert.equal((await fixture.waitForStatus('struck', 'STARTED')).TargetStatus, 'STARTED')
    await fixture.waitForStatus('other', 'STARTED')
    await fixture.call('StartClock', { Simulation: 'struck' })
    await fixture.call('StopClock', { Simulation: 'struck' })
  }
  const record = await fixture.control.store.findSimulation('struck')
  const { faults, status } = await overviewOf(fixture.control.supervision.host, record!)
  assert.equal(status, 'STARTED')
  assert.match(faults[0], /plan\.json is damaged: fabricFolder/)
})

test('a worker that is lost with its plan damaged fails its simulation alone', async () => {
  await using fixture = await openFixture()
  const { ExecutionId } = await fixture.start('struck')
  await fixture.start('other')
  await fixture.waitForStatus('struck', 'STARTED')
  await fixture.waitForStatus('other', 'STARTED')
  const folder = runFolderIn(fixture.control.data.run, ExecutionId)
  await fixture.control.close()
  writeFileSync(folder.plan, 'null')
  writeFileSync(folder.status, 'null')
  process.kill(findWorkerProcess(SCRIPTED_WORKER, folder)!, 'SIGKILL')
  await fixture.reopen()
  await fixture.waitForStatus('struck', 'FAILED')
  await fixture.waitForStatus('other', 'STARTED')
})

test('damaged rows affect only their simulations, and live worlds mend them', async () => {
  await using fixture = await openFixture()
  const names = ['lives', 'gone', 'other']
  const ids: Record<string, string> = {}
  for (const name of names) ids[name] = (await fixture.start(name)).ExecutionId
  for (const name of names) await fixture.waitForStatus(name, 'STARTED')
  const { data } = fixture.control
  await fixture.control.close()
  const pid = findWorkerProcess(SCRIPTED_WORKER, runFolderIn(data.run, ids.gone))!
  process.kill(pid, 'SIGKILL')
  const database = new DatabaseSync(data.store)
  const damages = "worker_status = '{\"status\":7}', tags = '[', maximum_duration = 'long'"
  database.exec(`UPDATE simulations SET ${damages} WHERE name != 'other'`)
  database.close()
  const { host } = fixture.control.supervision
  const lives = (await readRecords(data)).find(({ name }) => name === 'lives')
  const { status, faults } = await overviewOf(host, lives!)
  assert.equal(status, 'STARTED')
  assert.match(faults.join('; '), /^tags of lives .*; worker_status of lives .*executionId/)
  await fixture.reopen()
  await fixture.waitForStatus('lives', 'STARTED')
  await fixture.waitForStatus('other', 'STARTED')
  await fixture.waitForStatus('gone', 'FAILED')
  await fixture.call('StartClock', { Simulation: 'lives' })
  const mended = await fixture.control.store.findSimulation('lives')
  assert.deepEqual(storedStatus(mended!).status?.clock.status, 'STARTED')
})

function otherFabric(folder: RunFolder): string {
  return JSON.stringify({ ...JSON.parse(readFileSync(folder.plan, 'utf8')), fabricFolder: 5 })
}
