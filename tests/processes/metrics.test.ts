// An operator's metrics, compared with what simulations did.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, renameSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { after, before } from '../../src/base/testing/hooks.ts'
import type { TopReport } from '../../src/cli/top-report.ts'
import { ParsedPage, parseWithPython } from '../../src/control/metrics/testing/parsed-page.ts'
import { type Heddle, startHeddle } from '../support/heddle.ts'
import { schema } from '../support/packages.ts'
import { hashEvery, type Simulation } from '../support/simulation.ts'
import { waitFor } from '../support/waiting.ts'

const launcher = join(import.meta.dirname, '../../bin/heddle')
let heddle: Heddle
before(async () => {
  heddle = await startHeddle()
})
after(() => heddle?.stop())

async function pageText(): Promise<string> {
  const answer = await fetch(`${heddle.endpoint}/metrics`)
  assert.equal(answer.status, 200)
  return answer.text()
}

async function page(): Promise<ParsedPage> {
  return new ParsedPage(await pageText())
}

/**
 * Waits for a page with a tick's numbers: the last commit may be counted a moment after it was
 * made.
 */
async function pageWhere(isSo: (page: ParsedPage) => boolean, what: string): Promise<ParsedPage> {
  return waitFor(async () => {
    const found = await page()
    return isSo(found) ? found : undefined
  }, what)
}

async function top(...args: string[]): Promise<TopReport[]> {
  return JSON.parse(
    await heddle.command('top', '--once', '--json', '--data', heddle.data, ...args),
  ) as TopReport[]
}

test('the page counts ticks, entities, handoffs, and the crash of an app', async (context) => {
  const command = 'wanderers.ts --seed 3 --entities 60 --crash Cells-1-0@20:kill'
  const text = schema({
    tickRate: '60',
    domains: { Cells: { kind: 'spatial', grid: [2, 1], command } },
  })
  const world = await heddle.startSimulation('counted', text, hashEvery(1))
  await world.startClock()
  await world.reaches(40)
  await world.stopClock()
  const simulation = { simulation: 'counted' }
  // The log may be a moment behind.
  const { tick, entities, handoffs } = await waitFor(async () => {
    const newest = world.newest()
    return (await page()).value('heddle_simulation_tick', simulation) === newest.tick && newest
  }, 'the log to tell of the last tick')
  assert.ok(entities > 40 && handoffs > 40, `${entities} entities and ${handoffs} handoffs`)
  const found = await pageWhere(
    (each) =>
      each
        .all('heddle_app_phase_seconds_count', { ...simulation, phase: 'commit' })
        .every(({ value }) => value === tick),
    `${tick} commits of each app`,
  )
  assert.equal(found.value('heddle_simulation_up', simulation), 1)
  assert.equal(found.value('heddle_simulation_tick', simulation), tick)
  assert.equal(found.value('heddle_simulation_ticks_total', simulation), tick)
  assert.equal(found.value('heddle_simulation_tick_rate', simulation), 60)
  assert.equal(found.value('heddle_simulation_clock_started', simulation), 0)
  assert.equal(found.sum('heddle_partition_entities', simulation), entities)
  assert.equal(found.sum('heddle_partition_handed_out_total', simulation), handoffs)
  assert.equal(found.sum('heddle_partition_taken_in_total', simulation), handoffs)
  // Whoever crosses in the tick in which the field is new waits one tick, and nobody else does.
  assert.ok(found.sum('heddle_partition_rejected_total', simulation) <= entities)
  for (const phase of ['barrier', 'handoff'])
    assert.equal(found.value('heddle_clock_phase_seconds_count', { ...simulation, phase }), tick)
  for (const [app, crashes] of [
    ['Cells-0-0', 0],
    ['Cells-1-0', 1],
  ] as const) {
    const labels = { ...simulation, domain: 'Cells', app }
    const count = (phase: string) =>
      found.value('heddle_app_phase_seconds_count', { ...labels, phase })
    // The process that died had begun its last tick; its successor counts on, and repeats that
    // tick.
    assert.deepEqual([count('wait'), count('read')], [tick + crashes, tick + crashes], app)
    assert.equal(count('simulate'), tick, app)
    assert.equal(found.value('heddle_app_restarts_total', labels), crashes)
    assert.equal(found.value('heddle_app_started', labels), 1)
    assert.ok(found.value('heddle_app_memory_bytes', labels) > 10 * 1024 ** 2)
  }
  const taken = found.value('heddle_simulation_fabric_bytes', simulation)
  assert.ok(
    taken > 64 * 1024 && taken < found.value('heddle_simulation_fabric_limit_bytes', simulation),
  )
  assert.ok(found.value('heddle_worker_memory_bytes', simulation) > 10 * 1024 ** 2)
  const [report] = await top('counted')
  assert.deepEqual([report.clockStatus, report.tick, report.entities], ['STOPPED', tick, entities])
  assert.deepEqual(report.apps.map(({ app, restarts }) => `${app} ${restarts}`).sort(), [
    'Cells-0-0 0',
    'Cells-1-0 1',
  ])
  await context.test("Prometheus's own client reads the page the same way", async (inner) => {
    const text = await pageText()
    const read = await parseWithPython(text)
    if (read === undefined) return inner.skip('python3-prometheus-client is not on this machine')
    assert.deepEqual(read, new ParsedPage(text).samples)
  })
  await endsOnPage(world)
})

test('a slow app shows in the metrics, and first in heddle top', async () => {
  const text = schema({
    tickRate: '50',
    domains: {
      Slow: { kind: 'spatial', grid: [1, 1], command: 'slow.ts --ms 100' },
      Quick: { kind: 'service', command: 'idle.ts' },
    },
  })
  const world = await heddle.startSimulation('overdue', text)
  await world.startClock()
  const simulation = { simulation: 'overdue' }
  const found = await pageWhere(
    (each) => each.value('heddle_simulation_ticks_total', simulation) >= 8,
    '8 ticks',
  )
  const ticks = found.value('heddle_simulation_ticks_total', simulation)
  // A tick of 100 ms misses the four that were due meanwhile.
  assert.ok(found.value('heddle_simulation_missed_ticks_total', simulation) >= 4 * (ticks - 1))
  const simulate = { ...simulation, domain: 'Slow', phase: 'simulate' }
  const count = found.value('heddle_app_phase_seconds_count', simulate)
  assert.ok(found.value('heddle_app_phase_seconds_sum', simulate) >= 0.099 * count)
  assert.equal(found.value('heddle_app_phase_seconds_bucket', { ...simulate, le: '0.065536' }), 0)
  assert.ok(
    found.value('heddle_clock_phase_seconds_sum', { ...simulation, phase: 'barrier' }) >=
      0.099 * ticks,
  )
  const [report] = await top()
  assert.equal(report.simulation, 'overdue')
  assert.equal(report.ticksPerSecond.aimed, 50)
  assert.ok(
    report.ticksPerSecond.reached > 0 && report.ticksPerSecond.reached < 11,
    `${report.ticksPerSecond.reached}`,
  )
  assert.ok(report.missedTicks.perSecond > 10, `${report.missedTicks.perSecond}`)
  assert.deepEqual(
    report.apps.map(({ domain }) => domain),
    ['Slow', 'Quick'],
  )
  const [slow, quick] = report.apps
  assert.ok(slow.busyMs !== null && slow.busyMs >= 99, `${slow.busyMs}`)
  assert.ok(slow.phases.simulate.p50Ms !== null && slow.phases.simulate.p50Ms > 65.5)
  assert.ok(
    quick.phases.wait.meanMs !== null && quick.phases.wait.meanMs > 50,
    'the quick one waits for the slow one',
  )
  const shown = await heddle.command('top', 'overdue', '--once', '--data', heddle.data)
  assert.match(shown, /^overdue: clock STARTED, tick \d+, [\d.]+ ticks\/s of 50, [\d.]+ missed\/s/)
  assert.match(shown, /\nDOMAIN +APP .*\nSlow +Slow-0-0 +STARTED .*\nQuick +\S+ +STARTED /)
  await endsOnPage(world)
})

test('handoffs of a custom app count at both ends, and its partition ends with it', async () => {
  const text = schema({
    tickRate: '60',
    domains: {
      Cells: { kind: 'spatial', grid: [1, 1], command: 'echo.ts' },
      Makers: { kind: 'custom', command: 'maker.ts --entities 30', ports: [7000] },
    },
  })
  const world = await heddle.startSimulation('makers', text)
  await world.startClock()
  await world.startApp('Makers', 'one')
  const simulation = { simulation: 'makers' }
  const found = await pageWhere(
    (each) =>
      each.sum('heddle_partition_taken_in_total', { ...simulation, domain: 'Cells' }) === 30,
    'all that the maker made to be handed over',
  )
  assert.equal(
    found.value('heddle_partition_handed_out_total', {
      ...simulation,
      domain: 'Makers',
      app: 'one',
    }),
    30,
  )
  await world.stopApp('Makers', 'one')
  const gone = await pageWhere(
    (each) => each.all('heddle_partition_entities', { app: 'one' }).length === 0,
    'the app to be gone',
  )
  assert.equal(gone.all('heddle_partition_entities', simulation).length, 1, 'the rest goes on')
  await endsOnPage(world)
})

test('top refreshes until Ctrl-C, even while control is down', async () => {
  const text = schema({
    tickRate: '30',
    domains: { Cells: { kind: 'spatial', grid: [1, 1], command: 'idle.ts' } },
  })
  const world = await heddle.startSimulation('lasting', text)
  await world.startClock()
  const simulation = { simulation: 'lasting' }
  await pageWhere(
    (each) => each.value('heddle_simulation_ticks_total', simulation) >= 10,
    '10 ticks',
  )
  await heddle.killControl()
  const child = spawn(launcher, ['top', 'lasting', '--json', '--data', heddle.data], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const reports: TopReport[][] = []
  for await (const line of createInterface(child.stdout)) {
    reports.push(JSON.parse(line))
    if (reports.length === 2) child.kill('SIGINT')
  }
  assert.equal(child.exitCode ?? (await once(child, 'exit'))[0], 0)
  const [[first], [second]] = reports
  assert.ok(second.tick > first.tick && first.tick >= 10, `${first.tick}, ${second.tick}`)
  assert.ok(second.apps[0].phases.wait.meanMs! > 0)
  // What runs is shown where the store doesn't know it, too.
  const stores = readdirSync(heddle.data).filter((name) => name.startsWith('heddle.db'))
  const aside = mkdtempSync(join(tmpdir(), 'heddle-aside-'))
  for (const name of stores) renameSync(join(heddle.data, name), join(aside, name))
  const [unknown] = await top('lasting')
  assert.ok(unknown.simulation === 'lasting' && unknown.tick > second.tick, JSON.stringify(unknown))
  for (const name of stores) renameSync(join(aside, name), join(heddle.data, name))
  rmdirSync(aside)
  await heddle.up()
  const found = await page()
  assert.ok(found.value('heddle_simulation_ticks_total', simulation) >= second.tick)
  await endsOnPage(world)
})

test("control counts its own requests, and says nothing of a caller's words", async () => {
  const before = await page()
  const counted = (found: ParsedPage, service: string, operation: string, status: number) =>
    found.sum('heddle_requests_total', { service, operation, status: String(status) })
  await heddle.weaver.listSimulations().promise()
  await assert.rejects(heddle.weaver.describeSimulation({ Simulation: 'nobody-knows' }).promise())
  await heddle.put('an-object', 'text')
  await fetch(`${heddle.endpoint}/no/such/path`)
  const found = await page()
  for (const [service, operation, status] of [
    ['simspaceweaver', 'ListSimulations', 200],
    ['simspaceweaver', 'DescribeSimulation', 404],
    ['s3', 'unknown', 403],
    ['s3', 'PutObject', 200],
  ] as const)
    assert.equal(
      counted(found, service, operation, status),
      counted(before, service, operation, status) + 1,
      `${service} ${operation} ${status}`,
    )
  const labels = { service: 'simspaceweaver', operation: 'ListSimulations' }
  assert.equal(
    found.value('heddle_request_duration_seconds_count', labels),
    found.sum('heddle_requests_total', labels),
  )
  assert.ok(found.value('process_resident_memory_bytes') > 30 * 1024 ** 2)
  assert.doesNotMatch(await pageText(), /nobody-knows|an-object|no\/such/)
})

test('top names a missing simulation, and shows nothing if none runs', async () => {
  await assert.rejects(
    heddle.command('top', 'nobody', '--once', '--data', heddle.data),
    /no simulation named nobody/,
  )
  await assert.rejects(
    heddle.command('top', 'counted', '--once', '--data', heddle.data),
    /counted is not running/,
  )
  assert.deepEqual(await top(), [])
  assert.match(
    await heddle.command('top', '--once', '--data', heddle.data),
    /no simulation is running/,
  )
})

async function endsOnPage(world: Simulation): Promise<void> {
  await world.stop()
  const found = await page()
  assert.deepEqual(
    found.samples.filter(({ labels }) => labels.simulation === world.name),
    [],
    'an ended simulation is not on the page',
  )
  assert.ok(found.value('heddle_simulations', { status: 'STOPPED' }) >= 1)
}
