// How a person starts the app that `heddle run --app-debug` leaves to be started by hand. Owns what
// is shown of the app's script; the worker writes the script.

import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { HeddleClient } from '../../clients/typescript/src/index.ts'
import { commandWorker, readRecords } from '../control/overview.ts'
import type { AppState } from '../core/wire/worker-protocol.ts'
import { openHost } from './host.ts'
import { type StartingOptions, say } from './starting.ts'

const LOOK_EACH_MS = 100

/**
 * Waits until the app can be started by hand, and says how. Says so too if the simulation starts
 * without it: it is a custom app that nobody has started yet. A start that fails is left to the
 * wait for it.
 */
export async function sayHowToStart(
  client: HeddleClient,
  options: StartingOptions & { appDebug?: string },
): Promise<void> {
  const { name, appDebug } = options
  for (;;) {
    const { Status } = await client.describeSimulation({ Simulation: name })
    const app = await appByHand(options)
    if (app !== undefined) return say(options, await instructions(app))
    if (Status === 'STARTED')
      return say(
        options,
        `app ${appDebug} waits to be started by hand once "heddle app start" has started it: ` +
          'heddle status then names the script',
      )
    if (Status !== 'STARTING') return
    await sleep(LOOK_EACH_MS)
  }
}

async function appByHand(
  options: StartingOptions,
): Promise<(AppState & { byHand: string }) | undefined> {
  const { data, host } = openHost(options)
  const record = (await readRecords(data)).find((each) => each.name === options.name)
  if (record === undefined) return undefined
  const answer = await commandWorker(host, record, { command: 'status' })
  const apps = answer !== undefined && 'status' in answer ? answer.status.apps : []
  const found = apps.find(({ byHand }) => byHand !== undefined)
  return found?.byHand === undefined ? undefined : { ...found, byHand: found.byHand }
}

async function instructions({
  name,
  domain,
  byHand,
}: AppState & { byHand: string }): Promise<string> {
  const lines = (await readFile(byHand, 'utf8')).split('\n')
  const after = (start: string) =>
    lines.flatMap((line) => (line.startsWith(start) ? [`  ${line.slice(start.length)}`] : []))
  return [
    `app ${name} of ${domain} waits to be started by hand, and the world waits for it`,
    ...after('#   '),
    'the script sets this environment',
    ...after('export '),
  ].join('\n')
}
