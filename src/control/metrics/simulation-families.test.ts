import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Metric, Registry } from '@prometheus-io/client'
import { bucketCount, bucketOf, noDurations } from '../../core/tick/durations.ts'
import type { PartitionMetrics, WorkerMetrics } from '../../core/wire/worker-protocol.ts'
import { simulationFamilies } from './simulation-families.ts'
import { ParsedPage, parseWithPython } from './testing/parsed-page.ts'

function durations(...all: number[]) {
  const counts = [...noDurations.counts]
  for (const ms of all) counts[bucketOf(ms)]++
  return { counts, sumMs: all.reduce((sum, ms) => sum + ms, 0) }
}

function partition(app: string, changes: Partial<PartitionMetrics> = {}): PartitionMetrics {
  const phases = {
    wait: durations(20, 25),
    read: durations(1, 2),
    simulate: durations(3, 30_000),
    commit: durations(),
  }
  const counts = {
    restarts: 1,
    memoryBytes: 50_000_000,
    entities: 12,
    handedOut: 3,
    takenIn: 4,
    rejected: 5,
  }
  return { domain: 'Cells', app, status: 'STARTED', ...counts, phases, ...changes }
}

function simulation(name: string, partitions: PartitionMetrics[]): WorkerMetrics {
  return {
    executionId: `id of ${name}`,
    simulation: name,
    clockStatus: 'STARTED',
    tick: 102,
    tickRate: 30,
    missedTicks: 7,
    clockPhases: { barrier: durations(30, 31), handoff: durations(0.1, 0.2) },
    workerMemoryBytes: 60_000_000,
    fabricBytes: 1_000_000,
    fabricBytesMax: 9_000_000,
    partitions,
  }
}

async function pageOf(simulations: WorkerMetrics[]): Promise<{ page: ParsedPage; text: string }> {
  const registry = new Registry()
  for (const family of simulationFamilies(simulations))
    registry.registerMetric({ name: family.name, get: async () => family } as unknown as Metric)
  const text = await registry.metrics()
  return { page: new ParsedPage(text), text }
}

test('every number of a simulation and of its apps is on the page, under their names', async () => {
  const { page } = await pageOf([
    simulation('one', [
      partition('Cells-0-0'),
      partition('Cells-1-0', { status: 'ERROR', entities: 8 }),
    ]),
    simulation('two', []),
  ])
  const labels = { simulation: 'one', domain: 'Cells', app: 'Cells-0-0' }
  assert.equal(page.value('heddle_simulation_tick', { simulation: 'one' }), 102)
  assert.equal(page.value('heddle_simulation_ticks_total', { simulation: 'two' }), 2)
  assert.equal(page.value('heddle_simulation_missed_ticks_total', { simulation: 'one' }), 7)
  assert.equal(page.value('heddle_simulation_fabric_bytes', { simulation: 'one' }), 1_000_000)
  assert.equal(page.value('heddle_simulation_fabric_limit_bytes', { simulation: 'one' }), 9_000_000)
  assert.equal(page.sum('heddle_partition_entities', { simulation: 'one' }), 20)
  assert.deepEqual(
    ['handed_out', 'taken_in', 'rejected'].map((what) =>
      page.value(`heddle_partition_${what}_total`, labels),
    ),
    [3, 4, 5],
  )
  assert.equal(page.value('heddle_app_started', labels), 1)
  assert.equal(page.value('heddle_app_started', { app: 'Cells-1-0' }), 0)
  const simulate = { ...labels, phase: 'simulate' }
  assert.equal(page.value('heddle_app_phase_seconds_count', simulate), 2)
  assert.equal(page.value('heddle_app_phase_seconds_sum', simulate), 30.003)
  assert.equal(page.value('heddle_app_phase_seconds_bucket', { ...simulate, le: '0.004096' }), 1)
  assert.equal(page.value('heddle_app_phase_seconds_bucket', { ...simulate, le: '16.777216' }), 1)
  assert.equal(page.value('heddle_app_phase_seconds_count', { ...labels, phase: 'commit' }), 0)
  assert.equal(
    page.value('heddle_clock_phase_seconds_sum', { simulation: 'one', phase: 'barrier' }),
    0.061,
  )
})

test("Prometheus's own client reads the same, names of any letters included", async (context) => {
  const odd = 'a "b" \\ c\nd é'
  const { page, text } = await pageOf([simulation(odd, [partition(odd, { domain: odd })])])
  assert.equal(
    page.value('heddle_partition_entities', { simulation: odd, domain: odd, app: odd }),
    12,
  )
  const read = await parseWithPython(text)
  if (read === undefined) return context.skip('python3-prometheus-client is not on this machine')
  assert.deepEqual(read, page.samples)
})

test('of more than 256 apps durations have no buckets, and everything else', async () => {
  const apps = Array.from({ length: 300 }, (_, place) => partition(`Cells-${place}-0`))
  const { page } = await pageOf([simulation('one', apps)])
  const bucketsOf = (place: number) =>
    page.all('heddle_app_phase_seconds_bucket', { app: `Cells-${place}-0`, phase: 'read' }).length
  assert.equal(bucketsOf(255), bucketCount)
  assert.equal(bucketsOf(256), 1)
  assert.equal(
    page.value('heddle_app_phase_seconds_sum', { app: 'Cells-299-0', phase: 'read' }),
    0.003,
  )
  assert.equal(page.all('heddle_partition_entities').length, 300)
})

test('an app costs 111 series with buckets and 19 without', async () => {
  const count = async (apps: number) =>
    (
      await pageOf([
        simulation(
          'one',
          Array.from({ length: apps }, (_, place) => partition(`${place}`)),
        ),
      ])
    ).page.samples.length
  assert.equal((await count(2)) - (await count(1)), 4 * 26 + 7)
  assert.equal((await count(258)) - (await count(257)), 4 * 3 + 7)
})
