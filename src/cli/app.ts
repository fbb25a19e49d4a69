// `heddle app`: the commands for apps. Owns what each waits for and says; api/operation-command.ts
// defines how a command works.

import { Command } from 'commander'
import { operationCommand } from './api/operation-command.ts'
import { appRestartCommand } from './app-restart.ts'

export function appCommand(): Command {
  return new Command('app')
    .description('start, describe, list, stop, delete and restart apps')
    .helpCommand(false)
    .addCommand(
      operationCommand({
        word: 'start',
        operation: 'StartApp',
        positional: ['Simulation', 'Domain', 'Name'],
        doing: ({ Name }) => `app ${Name} is starting`,
        wait: ({ Simulation, Domain, Name }, client, options) =>
          client.waitUntilAppStarted({ Simulation, Domain, App: Name }, options),
        outcome: async ({ Simulation, Domain, Name }, { client }) => {
          return async () => {
            const { EndpointInfo } = await client.describeApp({ Simulation, Domain, App: Name })
            const ports = EndpointInfo?.IngressPortMappings ?? []
            const shown = ports.map(
              ({ Actual, Declared }) =>
                `\n  ${EndpointInfo?.Address}:${Actual}, port ${Declared} of the schema`,
            )
            return `app ${Name} is STARTED${shown.join('')}`
          }
        },
      }),
    )
    .addCommand(
      operationCommand({
        word: 'describe',
        operation: 'DescribeApp',
        positional: ['Simulation', 'Domain', 'App'],
      }),
    )
    .addCommand(
      operationCommand({
        word: 'list',
        operation: 'ListApps',
        positional: ['Simulation'],
        list: { empty: 'no apps', left: ['Simulation'] },
      }),
    )
    .addCommand(
      operationCommand({
        word: 'stop',
        operation: 'StopApp',
        positional: ['Simulation', 'Domain', 'App'],
        doing: ({ App }) => `app ${App} is stopping`,
        done: ({ App }) => `app ${App} is STOPPED`,
        wait: (input, client, options) => client.waitUntilAppStopped(input, options),
      }),
    )
    .addCommand(
      operationCommand({
        word: 'delete',
        operation: 'DeleteApp',
        positional: ['Simulation', 'Domain', 'App'],
        done: ({ App }) => `app ${App} is deleted`,
      }),
    )
    .addCommand(appRestartCommand())
}
