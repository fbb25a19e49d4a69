// What `heddle top` shows of a simulation, from two readings of its worker's meters. Owns the
// numbers, their rounding and their order; never asks a worker, and never writes to a terminal.

import {
  type AppPhase,
  appPhases,
  type ClockPhase,
  clockPhases,
} from '../core/fabric/memory/meters.ts'
import {
  countOf,
  type Durations,
  durationsSince,
  meanMs,
  noDurations,
  quantileMs,
} from '../core/tick/durations.ts'
import type { PartitionMetrics, WorkerMetrics } from '../core/wire/worker-protocol.ts'
import { tableText } from './table.ts'

/**
 * One line of `--json` for each running simulation. Rates and durations cover the time between two
 * readings.
 */
export interface TopReport {
  simulation: string
  executionId: string
  clockStatus: string
  tick: number
  /** `aimed` is null for an unlimited clock. */
  ticksPerSecond: { aimed: number | null; reached: number }
  missedTicks: { total: number; perSecond: number }
  entities: number
  handoffsPerSecond: number
  rejectsPerSecond: number
  memoryBytes: { apps: number; worker: number; shared: number }
  phases: Record<ClockPhase, PhaseReport>
  /** Slowest partition first. */
  apps: AppReport[]
}

interface AppReport {
  domain: string
  app: string
  status: string
  restarts: number
  memoryBytes: number
  entities: number
  handedOutPerSecond: number
  takenInPerSecond: number
  rejectsPerSecond: number
  /** Average time that it works in a tick, without waiting; null if it had no tick. */
  busyMs: number | null
  phases: Record<AppPhase, PhaseReport>
}

/** Null if there was no tick. */
interface PhaseReport {
  meanMs: number | null
  p50Ms: number | null
  p99Ms: number | null
}

const noPartition = {
  handedOut: 0,
  takenIn: 0,
  rejected: 0,
  phases: { wait: noDurations, read: noDurations, simulate: noDurations, commit: noDurations },
}

export function reportOf(earlier: WorkerMetrics, later: WorkerMetrics, seconds: number): TopReport {
  const perSecond = (before: number, after: number) => round(Math.max(0, after - before) / seconds)
  const before = new Map(earlier.partitions.map((partition) => [keyOf(partition), partition]))
  const apps = later.partitions.map((partition) =>
    appReport(before.get(keyOf(partition)) ?? noPartition, partition, perSecond),
  )
  const sum = (numberOf: (app: AppReport) => number) =>
    apps.reduce((total, app) => total + numberOf(app), 0)
  const ticks = countOf(durationsSince(earlier.clockPhases.barrier, later.clockPhases.barrier))
  return {
    simulation: later.simulation,
    executionId: later.executionId,
    clockStatus: later.clockStatus,
    tick: later.tick,
    ticksPerSecond: {
      aimed: later.tickRate === 0 ? null : later.tickRate,
      reached: round(ticks / seconds),
    },
    missedTicks: {
      total: later.missedTicks,
      perSecond: perSecond(earlier.missedTicks, later.missedTicks),
    },
    entities: sum(({ entities }) => entities),
    handoffsPerSecond: round(sum(({ handedOutPerSecond }) => handedOutPerSecond)),
    rejectsPerSecond: round(sum(({ rejectsPerSecond }) => rejectsPerSecond)),
    memoryBytes: {
      apps: sum(({ memoryBytes }) => memoryBytes),
      worker: later.workerMemoryBytes,
      shared: later.fabricBytes,
    },
    phases: phaseReports(clockPhases, earlier.clockPhases, later.clockPhases),
    apps: apps.sort((a, b) => (b.busyMs ?? -1) - (a.busyMs ?? -1)),
  }
}

function appReport(
  before: Pick<PartitionMetrics, 'handedOut' | 'takenIn' | 'rejected' | 'phases'>,
  after: PartitionMetrics,
  perSecond: (before: number, after: number) => number,
): AppReport {
  const phases = phaseReports(appPhases, before.phases, after.phases)
  const { read, simulate, commit } = phases
  const means = [read.meanMs, simulate.meanMs, commit.meanMs]
  return {
    domain: after.domain,
    app: after.app,
    status: after.status ?? 'NO APP',
    restarts: after.restarts,
    memoryBytes: after.memoryBytes,
    entities: after.entities,
    handedOutPerSecond: perSecond(before.handedOut, after.handedOut),
    takenInPerSecond: perSecond(before.takenIn, after.takenIn),
    rejectsPerSecond: perSecond(before.rejected, after.rejected),
    busyMs: means.every((mean) => mean !== null)
      ? round(means.reduce((total, mean) => total + mean, 0))
      : null,
    phases,
  }
}

function phaseReports<Phase extends string>(
  names: readonly Phase[],
  before: Record<Phase, Durations>,
  after: Record<Phase, Durations>,
): Record<Phase, PhaseReport> {
  const reports = {} as Record<Phase, PhaseReport>
  for (const name of names) {
    const durations = durationsSince(before[name], after[name])
    reports[name] = {
      meanMs: roundOrNull(meanMs(durations)),
      p50Ms: roundOrNull(quantileMs(durations, 0.5)),
      p99Ms: roundOrNull(quantileMs(durations, 0.99)),
    }
  }
  return reports
}

const HEADINGS = [
  ...['DOMAIN', 'APP', 'STATUS', 'BUSY', 'READ', 'SIMULATE', 'COMMIT', 'WAIT'],
  ...['ENTITIES', 'OUT/S', 'IN/S', 'REJECTS/S', 'RESTARTS', 'MEMORY'],
]

/** For a terminal: a head and a table for each simulation. */
export function reportText(reports: readonly TopReport[]): string {
  if (reports.length === 0) return 'no simulation is running\n'
  return reports
    .map((report) => `${headOf(report)}${tableText([HEADINGS, ...report.apps.map(rowOf)])}`)
    .join('\n')
}

function headOf(report: TopReport): string {
  const { ticksPerSecond, missedTicks, memoryBytes, phases } = report
  const aimed = ticksPerSecond.aimed === null ? ', unlimited' : ` of ${ticksPerSecond.aimed}`
  const memory = mebibytes(memoryBytes.apps + memoryBytes.worker)
  return [
    `${report.simulation}: clock ${report.clockStatus}, tick ${report.tick}, ` +
      `${ticksPerSecond.reached} ticks/s${aimed}, ` +
      `${missedTicks.perSecond} missed/s (${missedTicks.total} in all)`,
    `${report.entities} entities, ${report.handoffsPerSecond} handoffs/s, ` +
      `${report.rejectsPerSecond} rejects/s, memory ${memory}, ` +
      `shared ${mebibytes(memoryBytes.shared)}`,
    `all committed after ${phaseText(phases.barrier)} ms, ` +
      `handoffs granted in ${phaseText(phases.handoff)} ms; ` +
      'of durations: the median / what 99 of 100 do not exceed',
    '',
  ].join('\n')
}

function rowOf(app: AppReport): string[] {
  const { wait, read, simulate, commit } = app.phases
  return [
    app.domain,
    app.app,
    app.status,
    app.busyMs === null ? '-' : `${app.busyMs} ms`,
    ...[read, simulate, commit, wait].map(phaseText),
    ...[
      app.entities,
      app.handedOutPerSecond,
      app.takenInPerSecond,
      app.rejectsPerSecond,
      app.restarts,
    ].map(String),
    mebibytes(app.memoryBytes),
  ]
}

function phaseText({ p50Ms, p99Ms }: PhaseReport): string {
  return p50Ms === null || p99Ms === null ? '-' : `${p50Ms} / ${p99Ms}`
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1024 ** 2)} MiB`
}

function keyOf({ domain, app }: { domain: string; app: string }): string {
  return `${domain}/${app}`
}

/** Three significant digits, or whole numbers: more would only flicker. */
function round(value: number): number {
  return value >= 100 ? Math.round(value) : Number(value.toPrecision(3))
}

function roundOrNull(value: number | undefined): number | null {
  return value === undefined ? null : round(value)
}
