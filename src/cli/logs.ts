import { Command } from 'commander'
export function logsCommand(): Command {
  return new Command('logs')
}
