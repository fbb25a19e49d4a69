// `heddle status`: a table of the simulations of a data folder, and whether control serves. Owns
// the table; control's overview has the facts.

import { Command } from 'commander'
import type { ConfigOptions } from '../control/config.ts'
import { readHolder } from '../control/lock.ts'
import { type Overview, overviewOf, readRecords } from '../control/overview.ts'
import { findStrays, type Stray } from '../control/supervision/strays.ts'
import { restartText } from '../core/lifecycle/lost-worker.ts'
import type { WorkerStatus } from '../core/wire/worker-protocol.ts'
import type { SimulationRecord } from '../io/store/store.ts'
import { openHost } from './host.ts'
import { addSettings } from './settings.ts'
import { tableText } from './table.ts'

const HEADINGS = ['NAME', 'STATUS', 'CLOCK', 'TICK', 'APPS', 'WHY']

export function statusCommand(): Command {
  return addSettings(new Command('status').description('show the simulations of a data folder'), [
    'data',
  ]).action(status)
}

async function status(options: ConfigOptions): Promise<void> {
  const { data, host } = openHost(options)
  const holder = readHolder(data)
  const overviews: Overview[] = []
  const records = await readRecords(data)
  for (const record of records) overviews.push(await overviewOf(host, record))
  const strays = await findStrays(host, records)
  const served =
    holder === undefined ? 'control is not running' : `control serves ${holder.url ?? 'soon'}`
  process.stdout.write(`${served}, data ${data.folder}\n`)
  const rows = [...overviews.map(rowOf), ...strays.map(strayRow)]
  process.stdout.write(rows.length === 0 ? 'no simulations\n' : tableText([HEADINGS, ...rows]))
}

function strayRow({ name, worker }: Stray): string[] {
  return [
    name,
    '?',
    '-',
    '-',
    '-',
    `it runs as ${worker}, and the store doesn't know it: heddle down ends it`,
  ]
}

function rowOf({ record, status, workerStatus, unanswered = '', faults }: Overview): string[] {
  if (workerStatus === undefined) return [record.name, status, '-', '-', '-', faults.join('; ')]
  // Stopped simulations are not expected to run.
  const apps = workerStatus.apps.filter((app) => app.status !== 'STOPPED')
  const running = apps.filter((app) => app.status === 'STARTED').length
  return [
    record.name,
    status,
    workerStatus.clock.status,
    String(workerStatus.tick),
    `${running}/${apps.length}`,
    [unanswered, whyOf(status, record, workerStatus), ...faults]
      .filter((reason) => reason !== '')
      .join('; ')
      .replaceAll(/\s+/g, ' '),
  ]
}

function whyOf(status: string, record: SimulationRecord, workerStatus: WorkerStatus): string {
  if (status === 'FAILED') return whyFailed(record, workerStatus)
  const failed = workerStatus.apps.filter(({ failure }) => failure !== undefined)
  const errors = failed.map(
    ({ domain, name, failure }) => `app ${name} of ${domain} is in ERROR: ${failure}`,
  )
  const waiting = workerStatus.apps.flatMap(({ status, domain, name, byHand }) =>
    status === 'STARTING' && byHand !== undefined
      ? [`app ${name} of ${domain} waits to be started by hand: ${byHand}`]
      : [],
  )
  const now = [...errors, ...waiting]
  return now.length > 0 ? firstOf(now) : newestRestart(workerStatus)
}

function whyFailed({ failure }: SimulationRecord, { startErrors }: WorkerStatus): string {
  return failure ?? firstOf(startErrors.map((error) => error.errorMessage))
}

function newestRestart({ restarts = [] }: WorkerStatus): string {
  const newest = restarts.at(-1)
  return newest === undefined ? '' : `${new Date(newest.atMs).toISOString()} ${restartText(newest)}`
}

function firstOf(reasons: readonly string[]): string {
  const [first = '', ...others] = reasons
  return others.length === 0 ? first : `${first} (and ${others.length} more)`
}
