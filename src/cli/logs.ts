// `heddle logs`: shows the log streams of a simulation.
// Owns what a line looks like; never writes a log.

import { once } from 'node:events'
import { Command } from 'commander'
import { type ConfigOptions, resolveDataFolder } from '../control/config.ts'
import { dataFolder } from '../control/data-folder.ts'
import { findLogFolder } from '../control/find-logs.ts'
import { listStreams, readLogs } from '../io/logs/read-logs.ts'
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
  return addSettings(command, ['data']).action(logs)
}

async function logs(simulation: string, options: LogsOptions): Promise<void> {
  const folder = await findLogFolder(dataFolder(resolveDataFolder(options, process.env)), simulation)
  const ended = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => ended.abort())
  // Whoever reads our output may have seen enough.
  process.stdout.once('error', () => ended.abort())
  const stream = await streamOf(folder, options)
  const follow = options.follow === true
  for await (const { stream: from, time, text } of readLogs(folder, { ...stream, follow, signal: ended.signal })) {
    if (ended.signal.aborted) return
    const shown = stream === undefined ? `${from} ${time} ${text}\n` : `${time} ${text}\n`
    if (!process.stdout.write(shown))
      await once(process.stdout, 'drain', { signal: ended.signal }).catch(() => undefined)
  }
}

async function streamOf(folder: string, options: LogsOptions): Promise<{ stream: string } | undefined> {
  if (options.stream === undefined) return undefined
  const stream = options.stream.startsWith('/') ? options.stream : `/${options.stream}`
  const streams = await listStreams(folder)
  if (!options.follow && !streams.includes(stream)) {
    throw new Error(`there is no stream ${stream}; there are: ${streams.join(', ') || 'none yet'}`)
  }
  return { stream }
}
