import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bucketOf, noDurations } from '../core/tick/durations.ts'
import type { PartitionMetrics, WorkerMetrics } from '../core/wire/worker-protocol.ts'
import { reportOf, reportText } from './top-report.ts'

/** A number of ticks of equal duration in ms. */
function durations(count: number, ms: number) {
  const counts = [...noDurations.counts]
  counts[bucketOf(ms)] = count
  return { counts, sumMs: count * ms }
}

interface Life {
  ticks: number
  simulateMs?: number
  changes?: Partial<PartitionMetrics>
}

function partition(app: string, { ticks, simulateMs = 4, changes }: Life): PartitionMetrics {
  return {
    domain: 'Cells',
    app,
    status: 'STARTED',
    restarts: 0,
    memoryBytes: 50 * 1024 ** 2,
    entities: 10,
    handedOut: ticks * 2,
    takenIn: ticks,
    rejected: 0,
    phases: {
      wait: durations(ticks, 20),
      read: durations(ticks, 1),
      simulate: durations(ticks, simulateMs),
      commit: durations(ticks, 2),
    },
    ...changes,
  }
}

function world(
  ticks: number,
  partitions: PartitionMetrics[],
  changes: Partial<WorkerMetrics> = {},
): WorkerMetrics {
  return {
    executionId: 'id',
    simulation: 'world',
    clockStatus: 'STARTED',
    tick: 1000 + ticks,
    tickRate: 30,
    missedTicks: 0,
    clockPhases: { barrier: durations(ticks, 30), handoff: durations(ticks, 0.1) },
    workerMemoryBytes: 60 * 1024 ** 2,
    fabricBytes: 3 * 1024 ** 2,
    fabricBytesMax: 30 * 1024 ** 2,
    partitions,
    ...changes,
  }
}

const cells = (ticks: number) => [
  partition('a', { ticks }),
  partition('b', { ticks, simulateMs: 9 }),
  partition('c', { ticks, simulateMs: 0.5 }),
]

test('rates and durations cover the time between two readings, other values are the latest', () => {
  const report = reportOf(
    world(100, cells(100), { missedTicks: 5 }),
    world(160, cells(160), { missedTicks: 9 }),
    2,
  )
  assert.deepEqual([report.tick, report.entities], [1160, 30])
  assert.deepEqual(report.ticksPerSecond, { aimed: 30, reached: 30 })
  assert.deepEqual(report.missedTicks, { total: 9, perSecond: 2 })
  assert.deepEqual([report.handoffsPerSecond, report.rejectsPerSecond], [180, 0])
  assert.deepEqual(report.memoryBytes, {
    apps: 150 * 1024 ** 2,
    worker: 60 * 1024 ** 2,
    shared: 3 * 1024 ** 2,
  })
  assert.equal(report.phases.barrier.meanMs, 30)
})

test('the app that takes longest comes first, one that did no tick last', () => {
  const idle = partition('idle', { ticks: 7 })
  const { apps } = reportOf(world(10, [...cells(10), idle]), world(40, [idle, ...cells(40)]), 1)
  assert.deepEqual(
    apps.map(({ app, busyMs }) => [app, busyMs]),
    [
      ['b', 12],
      ['a', 7],
      ['c', 3.5],
      ['idle', null],
    ],
  )
  assert.deepEqual(apps[3].phases.wait, { meanMs: null, p50Ms: null, p99Ms: null })
})

test('a partition that is new, or was restarted under its name, counts from its beginning', () => {
  const report = reportOf(
    world(10, [partition('again', { ticks: 100 })]),
    world(40, [partition('again', { ticks: 4 }), partition('new', { ticks: 3 })]),
    1,
  )
  assert.deepEqual(
    report.apps.map(({ app, takenInPerSecond, busyMs }) => [app, takenInPerSecond, busyMs]).sort(),
    [
      ['again', 0, 7],
      ['new', 3, 7],
    ],
  )
})

test('the text has a head and a table per simulation, and dashes for missing values', () => {
  const stopped = world(
    10,
    [partition('a', { ticks: 10, changes: { status: undefined, restarts: 2 } })],
    {
      clockStatus: 'STOPPED',
      tickRate: 0,
    },
  )
  const text = reportText([
    reportOf(stopped, stopped, 1),
    reportOf(world(10, cells(10)), world(40, cells(40)), 1),
  ])
  const [head, counts, phases, headings, row, empty, second] = text.split('\n')
  assert.equal(head, 'world: clock STOPPED, tick 1010, 0 ticks/s, unlimited, 0 missed/s (0 in all)')
  assert.equal(counts, '10 entities, 0 handoffs/s, 0 rejects/s, memory 110 MiB, shared 3 MiB')
  assert.match(phases, /^all committed after - ms/)
  assert.match(headings, /^DOMAIN +APP +STATUS +BUSY +READ +SIMULATE +COMMIT +WAIT +ENTITIES /)
  assert.match(row, /^Cells +a +NO APP +- +- +- +- +- +10 +0 +0 +0 +2 +50 MiB$/)
  assert.equal(empty, '')
  assert.match(second, /^world: clock STARTED, tick 1040, 30 ticks\/s of 30, /)
  assert.equal(reportText([]), 'no simulation is running\n')
})
