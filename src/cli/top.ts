// `heddle top`: live metrics of the running simulations of a data folder. Owns the terminal and the
// pace; top-report.ts has the numbers. Asks the workers themselves, so it works without control
// too.

import { setTimeout as sleep } from 'node:timers/promises'
import { Command } from 'commander'
import type { ConfigOptions } from '../control/config.ts'
import type { DataFolder } from '../control/data-folder.ts'
import { metricsOf, readRecords } from '../control/overview.ts'
import { findStrays } from '../control/supervision/strays.ts'
import type { WorkerMetrics } from '../core/wire/worker-protocol.ts'
import type { WorkerHost } from '../joints/worker-host/worker-host.ts'
import { openHost } from './host.ts'
import { addSettings } from './settings.ts'
import { reportOf, reportText, type TopReport } from './top-report.ts'

interface TopOptions extends ConfigOptions {
  once?: boolean
  json?: boolean
}

interface Reading {
  atMs: number
  simulations: WorkerMetrics[]
}

const INTERVAL_MS = 1_000

export function topCommand(): Command {
  const command = new Command('top')
    .description('show how running simulations perform, every second until Ctrl-C')
    .argument('[simulation]', 'only this simulation')
    .option('--once', 'show one second and exit')
    .option('--json', 'print a line per second: a JSON array of simulations')
  return addSettings(command, ['data']).action(top)
}

async function top(simulation: string | undefined, options: TopOptions): Promise<void> {
  const { data, host } = openHost(options)
  const ended = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => ended.abort())
  // The reader of our output may have seen enough.
  process.stdout.once('error', () => ended.abort())
  const show =
    options.json === true ? showJson : process.stdout.isTTY && !options.once ? showScreen : showText
  let earlier = await read(data, host, simulation)
  if (simulation !== undefined && earlier.simulations.length === 0)
    throw new Error(`simulation ${simulation} is not running; heddle status says how it is`)
  while (!ended.signal.aborted) {
    await sleep(INTERVAL_MS, undefined, { signal: ended.signal }).catch(() => undefined)
    if (ended.signal.aborted) return
    const later = await read(data, host, simulation)
    show(reportsOf(earlier, later))
    if (options.once || (simulation !== undefined && later.simulations.length === 0)) return
    earlier = later
  }
}

/** Throws if there is no simulation of that name. */
async function read(
  data: DataFolder,
  host: WorkerHost,
  simulation: string | undefined,
): Promise<Reading> {
  const records = await readRecords(data)
  // All running simulations are shown, even those that the store does not know.
  const strays = await findStrays(host, records)
  const isWanted = (name: string) => simulation === undefined || name === simulation
  const wanted = [...records, ...strays].filter(({ name }) => isWanted(name))
  if (simulation !== undefined && wanted.length === 0)
    throw new Error(`there is no simulation named ${simulation}`)
  const metrics = await Promise.all(wanted.map((each) => metricsOf(host, each)))
  return { atMs: performance.now(), simulations: metrics.filter((each) => each !== undefined) }
}

/** A new simulation is shown from the next reading on. */
function reportsOf(earlier: Reading, later: Reading): TopReport[] {
  const seconds = (later.atMs - earlier.atMs) / 1000
  const before = new Map(earlier.simulations.map((metrics) => [metrics.executionId, metrics]))
  return later.simulations.flatMap((metrics) => {
    const first = before.get(metrics.executionId)
    return first === undefined ? [] : [reportOf(first, metrics, seconds)]
  })
}

function showJson(reports: TopReport[]): void {
  process.stdout.write(`${JSON.stringify(reports)}\n`)
}

function showText(reports: TopReport[]): void {
  process.stdout.write(`${reportText(reports)}\n`)
}

/**
 * Replaces the previous text without flicker, as far as the terminal has room; long lines are cut.
 */
function showScreen(reports: TopReport[]): void {
  const { rows, columns } = process.stdout
  const lines = reportText(reports).split('\n').slice(0, -1)
  const shown =
    lines.length < rows
      ? lines
      : [...lines.slice(0, rows - 2), `… and ${lines.length - rows + 2} lines more`]
  const home = '\x1b[H'
  const clearToLineEnd = '\x1b[K'
  const clearToScreenEnd = '\x1b[J'
  const text = shown.map((line) => `${line.slice(0, columns)}${clearToLineEnd}\n`).join('')
  process.stdout.write(`${home}${text}${clearToScreenEnd}`)
}
