import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AppState, WorkerStatus } from '../wire/worker-protocol.ts'
import { concludeLostWorker, type Loss, type LossConclusion, restartText } from './lost-worker.ts'
import { emptyStatus } from './simulation.ts'

const loss: Loss = { reason: 'it died', atMs: 1_000_000, tick: 4512, isRestartWanted: false }
const wanted: Loss = { ...loss, isRestartWanted: true }

function lost(
  last: Partial<WorkerStatus>,
  how: Loss,
  targetStatus: 'STARTED' | 'STOPPED' = 'STARTED',
): LossConclusion {
  const workerStatus = { ...emptyStatus('id'), revision: 7, workerPid: 99, ...last }
  return concludeLostWorker('id', { name: 'world', targetStatus, workerStatus }, how)
}

function app(name: string, more: Partial<AppState> = {}): AppState {
  const endpoint = { ports: [] }
  return {
    domain: 'View',
    name,
    lifecycle: 'ByRequest',
    status: 'STARTED',
    targetStatus: 'STARTED',
    endpoint,
    ...more,
  }
}

test('a lost worker is a StartError, during the start and later', () => {
  const fresh = concludeLostWorker('id', { name: 'world', targetStatus: 'STARTED' }, loss)
  assert.equal(fresh.status.status, 'FAILED')
  assert.deepEqual(fresh.status.startErrors, [
    { errorType: 'InternalError', errorMessage: 'it died' },
  ])
  const later = lost(
    { status: 'STARTED', clock: { status: 'STARTED', targetStatus: 'STARTED' } },
    loss,
  )
  assert.equal(later.status.status, 'FAILED')
  assert.equal(later.failure, 'it died')
  assert.deepEqual(later.status.startErrors, [
    { errorType: 'InternalError', errorMessage: 'it died' },
  ])
  assert.equal(later.status.revision, 8)
  assert.equal(later.status.clock.status, 'STOPPED')
  assert.equal(later.status.tick, 4512)
})

test('a worker lost while it was ending leaves a stopped simulation, restart or not', () => {
  for (const how of [loss, wanted]) {
    for (const { status, failure } of [
      lost({ status: 'STARTED' }, how, 'STOPPED'),
      lost({ status: 'STARTING' }, how, 'STOPPED'),
      // As after its maximum duration.
      lost({ status: 'STOPPING' }, how),
    ]) {
      assert.equal(status.status, 'STOPPED')
      assert.deepEqual(status.startErrors, [])
      assert.equal(failure, undefined)
    }
  }
})

test('a wanted restart begins with the clock and the custom apps that ran', () => {
  const { status, failure } = lost(
    {
      status: 'SNAPSHOT_IN_PROGRESS',
      clock: { status: 'STARTED', targetStatus: 'STARTED' },
      snapshot: { location: { bucket: 'b', key: 'k' }, tick: 4511 },
      logGroup: 'logs',
      apps: [
        app('cell', { lifecycle: 'BySpatialSubdivision', endpoint: undefined }),
        app('weather', {
          lifecycle: 'PerWorker',
          endpoint: { ports: [{ declared: 7000, actual: 20_001 }] },
        }),
        app('eye'),
        app('about-to', { status: 'STARTING' }),
        app('ended', { status: 'STOPPED', targetStatus: 'STOPPED' }),
        app('ending', { status: 'STOPPING', targetStatus: 'STOPPED' }),
        app('broken', { status: 'ERROR' }),
      ],
    },
    wanted,
  )
  assert.equal(failure, undefined)
  assert.equal(status.status, 'STARTING')
  assert.equal(status.revision, 8)
  assert.equal(status.workerPid, 0)
  assert.equal(status.tick, 4512)
  assert.equal(status.logGroup, 'logs')
  assert.equal(status.snapshot, undefined)
  assert.deepEqual(status.clock, { status: 'STARTING', targetStatus: 'STARTED' })
  assert.deepEqual(
    status.apps.map(({ name, status, endpoint }) => [name, status, endpoint]),
    [
      ['weather', 'STARTING', { ports: [{ declared: 7000, actual: 20_001 }] }],
      ['eye', 'STARTING', { ports: [] }],
      ['about-to', 'STARTING', { ports: [] }],
    ],
  )
  assert.deepEqual(status.restarts, [{ atMs: 1_000_000, reason: 'it died', lostAtTick: 4512 }])
})

test('a clock that was stopping is stopped in the next worker', () => {
  const { status } = lost(
    { status: 'STARTED', clock: { status: 'STOPPING', targetStatus: 'STOPPED' } },
    wanted,
  )
  assert.deepEqual(status.clock, { status: 'STOPPED', targetStatus: 'STOPPED' })
})

test('the fourth loss within ten minutes is final, and says why', () => {
  const minuteMs = 60_000
  let last: Partial<WorkerStatus> = { status: 'STARTED' }
  for (const minute of [0, 4, 9]) {
    const { status } = lost(last, { ...wanted, atMs: minute * minuteMs })
    assert.equal(status.status, 'STARTING')
    last = { ...status, status: 'STARTED' }
  }
  assert.equal(lost(last, { ...wanted, atMs: 10 * minuteMs }).status.status, 'STARTING')
  const final = lost(last, { ...wanted, atMs: 10 * minuteMs - 1 })
  assert.equal(final.status.status, 'FAILED')
  assert.match(final.failure ?? '', /^it died; it was started again 3 times within 10 minutes/)
  const whileStarting = lost(
    { ...last, status: 'STARTING' },
    { ...wanted, atMs: 10 * minuteMs - 1 },
  )
  assert.deepEqual(whileStarting.status.startErrors, [
    { errorType: 'InternalError', errorMessage: whileStarting.failure },
  ])
})

test('the loss counts from the tick at which the world last ran, however often it recurs', () => {
  const first = lost({ status: 'STARTED' }, wanted).status
  const again = lost(first, { ...wanted, atMs: 2_000_000, tick: 4500 }).status
  assert.equal(again.restarts?.at(-1)?.lostAtTick, 4512)
  const [restart] = first.restarts ?? []
  const back: WorkerStatus = {
    ...first,
    status: 'STARTED',
    restarts: [{ ...restart, back: { tick: 4500 } }],
  }
  assert.equal(lost(back, { ...wanted, tick: 4600 }).status.restarts?.at(-1)?.lostAtTick, 4600)
})

test('the message says from where it goes on, and how many ticks are lost', () => {
  const restart = { atMs: 0, reason: 'it died', lostAtTick: 4512 }
  const from = { bucket: 'safe', key: 'city.zip' }
  assert.deepEqual(
    [undefined, { tick: 4500, from }, { tick: 4511, from }, { tick: 4512, from }, { tick: 0 }].map(
      (back) => restartText({ ...restart, back }),
    ),
    [
      'the worker was lost at about tick 4512; it is to be started again',
      'the worker was lost at about tick 4512; back at tick 4500 from ' +
        's3://safe/city.zip; about 12 ticks are lost',
      'the worker was lost at about tick 4512; back at tick 4511 from ' +
        's3://safe/city.zip; about 1 tick is lost',
      'the worker was lost at about tick 4512; back at tick 4512 from ' +
        's3://safe/city.zip; no tick is lost',
      'the worker was lost at about tick 4512; ' +
        'there is no snapshot of it yet, so it has begun again as it was first started, ' +
        'at tick 0; about 4512 ticks are lost',
    ],
  )
})
