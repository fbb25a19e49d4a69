// `heddle down`: stops all simulations of a data folder, and control. Owns the output; control has
// the order (shutdown.ts).

import { Command } from 'commander'
import pino from 'pino'
import type { ConfigOptions } from '../control/config.ts'
import {
  CONTROL_LIMIT_MS,
  type EndedControl,
  type ShutdownReport,
  shutDown,
} from '../control/shutdown.ts'
import { goOnWithoutReader } from './ending.ts'
import { openHost } from './host.ts'
import { addSettings } from './settings.ts'

export function downCommand(): Command {
  const command = new Command('down').description(
    'stop all simulations of a data folder, and control if it runs',
  )
  return addSettings(command, ['data', 'fabricDir']).action(down)
}

async function down(options: ConfigOptions): Promise<void> {
  goOnWithoutReader()
  const { data, host } = openHost(options)
  const report = await shutDown({
    data,
    host,
    log: pino({ level: 'silent' }),
    say: (text) => void process.stderr.write(`heddle: ${text}\n`),
  })
  process.stdout.write(`${describe(report, data.folder)}\n`)
}

function describe(report: ShutdownReport, folder: string): string {
  const lines = report.simulations.map(({ name, status }) => `simulation ${name}: ${status}`)
  if (report.control !== undefined)
    lines.push(`control, process ${report.control.pid}: ${endOf(report.control)}`)
  return lines.length === 0 ? `nothing of Heddle was running for ${folder}` : lines.join('\n')
}

function endOf({ isKilled }: EndedControl): string {
  return isKilled ? `killed, as it did not end within ${CONTROL_LIMIT_MS / 1000} s` : 'ended'
}
