import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { AppState, SimulationStatus, WorkerStatus } from '../wire/worker-protocol.ts'
import {
  deleteAppWithoutWorker,
  findApp,
  refuseMissingDomain,
  stopAppWithoutWorker,
} from './apps.ts'
import { parseMaximumDuration } from './duration.ts'
import { logGroupArn, simulationArn, simulationNameOf } from './resource-name.ts'
import {
  type KnownSimulation,
  refuseDeletion,
  refuseSnapshot,
  refuseUnlessRunning,
  shownApps,
  shownStatus,
} from './simulation.ts'
import { snapshotKey } from './snapshot-key.ts'

const OWNER = { region: 'us-west-2', accountId: '111122223333' }
const STATUSES: SimulationStatus[] = [
  'STARTING',
  'STARTED',
  'SNAPSHOT_IN_PROGRESS',
  'STOPPING',
  'STOPPED',
  'FAILED',
]

function app(name: string, changes: Partial<AppState> = {}): AppState {
  return {
    domain: 'View',
    name,
    lifecycle: 'ByRequest',
    status: 'STARTED',
    targetStatus: 'STARTED',
    endpoint: { ports: [{ declared: 7000, actual: 7000 }] },
    ...changes,
  }
}

function workerStatus(status: SimulationStatus, changes: Partial<WorkerStatus> = {}): WorkerStatus {
  return {
    executionId: 'id',
    revision: 7,
    workerPid: 1,
    status,
    startErrors: [],
    clock: { status: 'STARTED', targetStatus: 'STARTED' },
    tick: 10,
    domains: [
      { name: 'View', lifecycle: 'ByRequest' },
      { name: 'Crowd', lifecycle: 'BySpatialSubdivision' },
    ],
    apps: [app('one'), app('cell', { domain: 'Crowd', lifecycle: 'BySpatialSubdivision' })],
    ...changes,
  }
}

function known(
  status: SimulationStatus,
  targetStatus: 'STARTED' | 'STOPPED' = 'STARTED',
): KnownSimulation {
  return { name: 'world', targetStatus, workerStatus: workerStatus(status) }
}

test('a simulation is STARTING until its worker says otherwise', () => {
  assert.equal(shownStatus({ name: 'world', targetStatus: 'STARTED' }), 'STARTING')
})

test('a stored stop is shown as STOPPING until the simulation has ended', () => {
  const shown = STATUSES.map((status) => shownStatus(known(status, 'STOPPED')))
  assert.deepEqual(shown, ['STOPPING', 'STOPPING', 'STOPPING', 'STOPPING', 'STOPPED', 'FAILED'])
})

test('each state allows its operations and refuses the others with a ConflictException', () => {
  const table = STATUSES.map((status) =>
    [
      status,
      refuseUnlessRunning(known(status), 'StartClock') ? '-' : 'run',
      refuseSnapshot(known(status)) ? '-' : 'snapshot',
      refuseDeletion(known(status)) ? '-' : 'delete',
    ].join(' '),
  )
  assert.deepEqual(table, [
    'STARTING - - -',
    'STARTED run snapshot -',
    'SNAPSHOT_IN_PROGRESS run - -',
    'STOPPING - - -',
    'STOPPED - - delete',
    'FAILED - - delete',
  ])
  assert.deepEqual(refuseDeletion(known('STARTED')), {
    error: 'ConflictException',
    message:
      'DeleteSimulation needs a simulation that is STOPPED or FAILED; world is STARTED: ' +
      'stop it first, and wait until it is STOPPED',
  })
})

test('apps of an ended simulation are stopped, have no endpoint, and keep their errors', () => {
  const simulation = known('FAILED')
  simulation.workerStatus?.apps.push(app('broken', { status: 'ERROR' }))
  assert.deepEqual(
    shownApps(simulation).map((each) => [each.name, each.status, each.endpoint]),
    [
      ['one', 'STOPPED', undefined],
      ['cell', 'STOPPED', undefined],
      ['broken', 'ERROR', undefined],
    ],
  )
})

test('without a worker a custom app can be stopped and deleted, a spatial app never', () => {
  const simulation = known('STOPPED')
  assert.equal(stopAppWithoutWorker(simulation, 'View', 'one'), undefined)
  assert.equal(stopAppWithoutWorker(simulation, 'Crowd', 'cell')?.error, 'ValidationException')
  assert.equal(stopAppWithoutWorker(simulation, 'View', 'two')?.error, 'ResourceNotFoundException')
  const deleted = deleteAppWithoutWorker(simulation, 'View', 'one')
  assert.ok('status' in deleted)
  assert.deepEqual(
    deleted.status.apps.map((each) => each.name),
    ['cell'],
  )
  assert.equal(deleted.status.revision, 8)
})

test('an unknown domain is named, along with the known ones', () => {
  assert.match(
    refuseMissingDomain(known('STARTED'), 'Vew')?.message ?? '',
    /no domain named Vew.*View, Crowd/,
  )
  assert.ok('refusal' in findApp(known('STARTED'), 'Vew', 'one'))
})

test('durations are read in minutes, hours and days of either case, up to 14 days', () => {
  const ms = (text: string) => {
    const parsed = parseMaximumDuration(text)
    return 'durationMs' in parsed ? parsed.durationMs : parsed.refusal.error
  }
  assert.equal(ms('0M'), 0)
  assert.equal(ms('90m'), 5_400_000)
  assert.equal(ms('336H'), 1_209_600_000)
  assert.equal(ms('14d'), 1_209_600_000)
  for (const bad of ['15D', '337h', '20161M', '', 'M', '1', '1w', '123456m', ' 1m']) {
    assert.equal(ms(bad), 'ValidationException', bad)
  }
})

test('a snapshot key has the prefix, the name and the UTC second', () => {
  const atMs = Date.UTC(2026, 0, 2, 3, 4, 5, 999)
  assert.equal(snapshotKey(undefined, 'w', atMs), 'snapshot/w-260102-0304-05.zip')
  assert.equal(snapshotKey('', 'w', atMs), 'snapshot/w-260102-0304-05.zip')
  assert.equal(snapshotKey('a/b', 'w', atMs), 'a/b/snapshot/w-260102-0304-05.zip')
  assert.equal(snapshotKey('a/b/', 'w', atMs), 'a/b/snapshot/w-260102-0304-05.zip')
})

test('every second has a key of its own', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 2_000_000_000 }),
      fc.integer({ min: 1, max: 1_000_000 }),
      (second, later) => {
        assert.notEqual(
          snapshotKey('', 'w', second * 1000),
          snapshotKey('', 'w', (second + later) * 1000),
        )
      },
    ),
  )
})

test('an ARN gives back the name in it', () => {
  assert.deepEqual(simulationNameOf(simulationArn(OWNER, 'my.world-1'), OWNER), {
    name: 'my.world-1',
  })
  const error = (arn: string) => {
    const parsed = simulationNameOf(arn, OWNER)
    return 'refusal' in parsed ? parsed.refusal.error : parsed.name
  }
  assert.equal(
    error(simulationArn({ ...OWNER, region: 'eu-west-1' }, 'w')),
    'ResourceNotFoundException',
  )
  assert.equal(
    error(simulationArn({ ...OWNER, accountId: '999999999999' }, 'w')),
    'ResourceNotFoundException',
  )
  assert.equal(error('arn:aws:simspaceweaver:us-west-2:111122223333:app/w'), 'ValidationException')
  assert.equal(error('nonsense'), 'ValidationException')
})

test('the log group has an ARN, and an ARN stays as it is', () => {
  assert.equal(logGroupArn(OWNER, 'MyLogs'), 'arn:aws:logs:us-west-2:111122223333:log-group:MyLogs')
  assert.equal(logGroupArn(OWNER, 'arn:aws:logs:x:1:log-group:y'), 'arn:aws:logs:x:1:log-group:y')
})
