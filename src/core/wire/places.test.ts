import assert from 'node:assert/strict'
import { test } from 'node:test'
import { logFolderOf, simulationLogFolder, workerSocketPath } from './places.ts'

const ID = '0a1b2c3d-0000-4000-8000-000000000000'

test('a log folder is named by group, simulation and the start of the execution id', () => {
  assert.equal(
    simulationLogFolder('/d/logs', 'MyLogs', 'world', ID),
    '/d/logs/MyLogs/world-0a1b2c3d',
  )
})

test('a log group with slashes or dots never leaves the logs folder', () => {
  assert.equal(simulationLogFolder('/d', '/aws/x', 'w', ID), '/d/%2Faws%2Fx/w-0a1b2c3d')
  assert.equal(simulationLogFolder('/d', '..', 'w', ID), '/d/%2E%2E/w-0a1b2c3d')
})

test('the socket lies in the fabric folder of its execution', () => {
  assert.equal(workerSocketPath('/dev/shm/heddle', ID), `/dev/shm/heddle/${ID}/worker.sock`)
})

test('without a log group the log streams lie in the run folder', () => {
  const places = {
    runFolder: '/d/run/x',
    logsFolder: '/d/logs',
    simulationName: 'world',
    executionId: ID,
  }
  assert.equal(logFolderOf(places, undefined), '/d/run/x/logs')
  assert.equal(logFolderOf(places, 'MyLogs'), '/d/logs/MyLogs/world-0a1b2c3d')
})
