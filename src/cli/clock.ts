// `heddle clock`: starts and stops the clock of a simulation. Owns what each waits for and says;
// api/operation-command.ts defines how a command works.

import { Command } from 'commander'
import { operationCommand } from './api/operation-command.ts'

export function clockCommand(): Command {
  return new Command('clock')
    .description('start and stop the clock of a simulation')
    .helpCommand(false)
    .addCommand(
      operationCommand({
        word: 'start',
        operation: 'StartClock',
        positional: ['Simulation'],
        doing: ({ Simulation }) => `the clock of ${Simulation} is starting`,
        done: ({ Simulation }) => `the clock of ${Simulation} is STARTED`,
        wait: ({ Simulation }, client, options) =>
          client.waitUntilClockStarted(Simulation, options),
      }),
    )
    .addCommand(
      operationCommand({
        word: 'stop',
        operation: 'StopClock',
        positional: ['Simulation'],
        doing: ({ Simulation }) => `the clock of ${Simulation} is stopping`,
        done: ({ Simulation }) => `the clock of ${Simulation} is STOPPED`,
        wait: ({ Simulation }, client, options) =>
          client.waitUntilClockStopped(Simulation, options),
      }),
    )
}
