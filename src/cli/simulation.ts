// `heddle simulation`: the commands for simulations. Owns what each waits for and says;
// api/operation-command.ts defines how a command works.

import { Command } from 'commander'
import { operationCommand } from './api/operation-command.ts'

/** The service requires a role. Heddle gives apps none, so the command supplies one. */
export const UNUSED_ROLE = 'arn:aws:iam::111122223333:role/heddle'

export function simulationCommand(): Command {
  return new Command('simulation')
    .description('start, describe, list, stop and delete simulations')
    .helpCommand(false)
    .addCommand(
      operationCommand({
        word: 'start',
        operation: 'StartSimulation',
        positional: ['Name'],
        defaults: { RoleArn: UNUSED_ROLE },
        doing: ({ Name }) => `simulation ${Name} is starting`,
        done: ({ Name }) => `simulation ${Name} is STARTED`,
        wait: ({ Name }, client, options) => client.waitUntilStarted(Name, options),
      }),
    )
    .addCommand(
      operationCommand({
        word: 'describe',
        operation: 'DescribeSimulation',
        positional: ['Simulation'],
      }),
    )
    .addCommand(
      operationCommand({
        word: 'list',
        operation: 'ListSimulations',
        list: { empty: 'no simulations', left: ['Arn'] },
      }),
    )
    .addCommand(
      operationCommand({
        word: 'stop',
        operation: 'StopSimulation',
        positional: ['Simulation'],
        doing: ({ Simulation }) => `simulation ${Simulation} is stopping`,
        done: ({ Simulation }) => `simulation ${Simulation} is STOPPED`,
        wait: ({ Simulation }, client, options) => client.waitUntilStopped(Simulation, options),
      }),
    )
    .addCommand(
      operationCommand({
        word: 'delete',
        operation: 'DeleteSimulation',
        positional: ['Simulation'],
        doing: ({ Simulation }) => `simulation ${Simulation} is being deleted`,
        done: ({ Simulation }) => `simulation ${Simulation} is deleted`,
        wait: ({ Simulation }, client, options) => client.waitUntilDeleted(Simulation, options),
      }),
    )
}
