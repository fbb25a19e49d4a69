// `heddle app restart`: restarts an app in ERROR, with other code if wanted, and waits until the
// world continues with it. Owns the output and the wait. The service's API has no such operation,
// so the command asks the worker itself, on its own machine.

import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Command } from 'commander'
import type { ConfigOptions } from '../control/config.ts'
import { commandWorker, readRecords } from '../control/overview.ts'
import { parsePackageLocation } from '../core/schema/package-location.ts'
import type { AppState, WorkerCommand, WorkerStatus } from '../core/wire/worker-protocol.ts'
import type { SimulationRecord } from '../io/store/store.ts'
import type { WorkerHost } from '../joints/worker-host/worker-host.ts'
import { openHost } from './host.ts'
import { addSettings } from './settings.ts'

interface RestartOptions extends ConfigOptions {
  package?: string
}

/** The worker may have to fetch a package. */
const ANSWER_LIMIT_MS = 300_000
const LOOK_EACH_MS = 100

export function appRestartCommand(): Command {
  const command = new Command('restart')
    .description('start an app in ERROR again; a simulation held for it continues')
    .argument('<simulation>')
    .argument('<domain>')
    .argument('<app>')
    .option(
      '--package <location>',
      'new code: s3://bucket/key, a zip or a folder; ' +
        'becomes the package of all apps of the domain started from now on',
    )
  return addSettings(command, ['data']).action(restart)
}

async function restart(
  simulation: string,
  domain: string,
  name: string,
  options: RestartOptions,
): Promise<void> {
  const { data, host } = openHost(options)
  const record = (await readRecords(data)).find((each) => each.name === simulation)
  if (record === undefined)
    throw new Error(`there is no simulation named ${simulation} in ${data.folder}`)
  const location = options.package === undefined ? {} : { package: absolute(options.package) }
  const begin = await ask(host, record, { command: 'restartApp', domain, name, ...location })
  for (;;) {
    const { apps, clock, tick } = await ask(host, record, { command: 'status' })
    const app = apps.find((each) => each.domain === domain && each.name === name)
    if (app === undefined) throw new Error(`app ${name} was deleted`)
    const others = apps.filter(
      ({ status, lifecycle }) => status === 'ERROR' && lifecycle !== 'ByRequest',
    )
    // The app may have started only to fail again in the same tick.
    const isBack = tick > begin.tick || clock.targetStatus === 'STOPPED' || others.length > 0
    if (app.status === 'STARTED' && isBack) return sayStarted(app, others)
    if (app.status !== 'STARTED' && app.status !== 'STARTING')
      throw new Error(`app ${name} is ${app.status}${whyOf(app)}`)
    await sleep(LOOK_EACH_MS)
  }
}

function sayStarted({ name }: AppState, others: readonly AppState[]): void {
  const held = others.map(
    (other) => `\n  the simulation is still held for app ${other.name} of ${other.domain}`,
  )
  process.stdout.write(`app ${name} is STARTED${held.join('')}\n`)
}

/** The status after the command. Throws an error with the refusal. */
async function ask(
  host: WorkerHost,
  record: SimulationRecord,
  command: WorkerCommand,
): Promise<WorkerStatus> {
  const answer = await commandWorker(host, record, command, ANSWER_LIMIT_MS)
  if (answer === undefined || !('refusal' in answer || 'status' in answer))
    throw new Error(
      `the worker of ${record.name} does not answer: 'heddle status' says how the simulation does`,
    )
  if ('refusal' in answer) throw new Error(`${answer.refusal.error}: ${answer.refusal.message}`)
  return answer.status
}

/** The worker has another working folder. */
function absolute(text: string): string {
  const parsed = parsePackageLocation(text)
  if ('rule' in parsed) throw new Error(`--package ${parsed.rule}`)
  return parsed.location.kind === 'path' ? resolve(parsed.location.path) : text
}

function whyOf({ failure }: AppState): string {
  return failure === undefined ? '' : `: ${failure}`
}
