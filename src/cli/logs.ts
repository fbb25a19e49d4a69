// `heddle logs`: shows the log streams of a simulation. Owns the form of a line; never writes a
// log.

import { once } from 'node:events'
import { Command } from 'commander'
import type { ConfigOptions } from '../control/config.ts'
import { findLogs } from '../control/find-logs.ts'
import type { SimulationLogs } from '../joints/worker-host/worker-host.ts'
import { openHost } from './host.ts'
import { addSettings } from './settings.ts'

interface LogsOptions extends ConfigOptions {
  stream?: string
  follow?: boolean
}

export function logsCommand(): Command {
  const command = new Command('logs')
    .description('show the log streams of a simulation')
    .argument('<simulation>', 'its name; for a deleted one, shows the newest logs')
    .option('--stream <name>', 'only this stream, such as /sim/management')
    .option('--follow', 'keep printing new lines until Ctrl-C')
  return addSettings(command, ['data']).action(showLogs)
}

async function showLogs(simulation: string, options: LogsOptions): Promise<void> {
  const { data, host } = openHost(options)
  const logs = await findLogs(host, data, simulation)
  const ended = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => ended.abort())
  // The reader of our output may have seen enough.
  process.stdout.once('error', () => ended.abort())
  const stream = await streamOf(logs, options)
  const follow = options.follow === true
  const read = logs.read({ ...stream, follow, signal: ended.signal })
  for await (const { stream: from, time, text } of read) {
    if (ended.signal.aborted) return
    const shown = stream === undefined ? `${from} ${time} ${text}\n` : `${time} ${text}\n`
    if (!process.stdout.write(shown))
      await once(process.stdout, 'drain', { signal: ended.signal }).catch(() => undefined)
  }
}

async function streamOf(
  logs: SimulationLogs,
  options: LogsOptions,
): Promise<{ stream: string } | undefined> {
  if (options.stream === undefined) return undefined
  const stream = options.stream.startsWith('/') ? options.stream : `/${options.stream}`
  const streams = await logs.streams()
  if (!options.follow && !streams.includes(stream)) {
    throw new Error(`there is no stream ${stream}; there are: ${streams.join(', ') || 'none yet'}`)
  }
  return { stream }
}
