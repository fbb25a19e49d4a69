// The command line `heddle`. Owns the list of commands, and how an error is shown: one line and an
// exit code; never does a command's work.

import { Command, CommanderError } from 'commander'
import { UsageError } from '../control/config.ts'
import { heddleVersion } from '../io/files/heddle-version.ts'
import { accessCommand } from './access.ts'
import { appCommand } from './app.ts'
import { auditCommand } from './audit.ts'
import { branchCommand } from './branch.ts'
import { clientsCommand } from './clients.ts'
import { clockCommand } from './clock.ts'
import { downCommand } from './down.ts'
import { endWithoutReader } from './ending.ts'
import { logsCommand } from './logs.ts'
import { runCommand } from './run.ts'
import { simulationCommand } from './simulation.ts'
import { snapshotCommand } from './snapshot.ts'
import { statusCommand } from './status.ts'
import { printable } from './table.ts'
import { tagCommand } from './tag.ts'
import { topCommand } from './top.ts'
import { upCommand } from './up.ts'

const USAGE_EXIT_CODE = 2

endWithoutReader()
await run(process.argv)

async function run(argv: string[]): Promise<void> {
  const program = new Command('heddle')
    .description(
      'Runs large spatial simulations on your own machines, and serves the API of AWS ' +
        'SimSpace Weaver.',
    )
    .version(heddleVersion())
  program.commandsGroup('Serving:')
  for (const command of [
    upCommand(),
    downCommand(),
    statusCommand(),
    topCommand(),
    logsCommand(),
    auditCommand(),
    clientsCommand(),
  ]) {
    program.addCommand(command)
  }
  program.addCommand(accessCommand())
  program.commandsGroup('Simulations:')
  for (const command of [
    runCommand(),
    simulationCommand(),
    clockCommand(),
    appCommand(),
    snapshotCommand(),
    branchCommand(),
    tagCommand(),
  ]) {
    program.addCommand(command)
  }
  throwInPlaceOfExit(program)
  try {
    await program.parseAsync(argv)
  } catch (error) {
    process.exitCode = exitCodeOf(error)
  }
}

function throwInPlaceOfExit(command: Command): void {
  command.exitOverride()
  for (const inner of command.commands) throwInPlaceOfExit(inner)
}

function exitCodeOf(error: unknown): number {
  // Commander has already said what is wrong.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE_EXIT_CODE
  const code = error instanceof UsageError ? USAGE_EXIT_CODE : 1
  const message = error instanceof Error ? error.message : String(error)
  const stack = process.env.HEDDLE_DEBUG === '1' && error instanceof Error ? `\n${error.stack}` : ''
  process.stderr.write(`heddle: ${printable(message.replaceAll(/\s*\n\s*/g, ' '))}${stack}\n`)
  return code
}
