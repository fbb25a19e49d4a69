// `heddle tag`: the tags of a simulation, given by its name or its ARN. Owns finding the ARN;
// api/operation-command.ts defines how a command works.

import { Command } from 'commander'
import type { Connection } from './api/connection.ts'
import { operationCommand } from './api/operation-command.ts'
import { tableText } from './table.ts'

export function tagCommand(): Command {
  return new Command('tag')
    .description('list, add and remove tags')
    .helpCommand(false)
    .addCommand(
      operationCommand({
        word: 'list',
        operation: 'ListTagsForResource',
        positional: ['ResourceArn'],
        prepare: withArn,
        show: ({ Tags = {} }) => {
          const rows = Object.entries(Tags)
          return rows.length === 0 ? 'no tags\n' : tableText([['KEY', 'VALUE'], ...rows])
        },
      }),
    )
    .addCommand(
      operationCommand({
        word: 'add',
        operation: 'TagResource',
        positional: ['ResourceArn', 'Tags'],
        prepare: withArn,
        done: ({ Tags }) => `added ${Object.keys(Tags).join(', ')}`,
      }),
    )
    .addCommand(
      operationCommand({
        word: 'remove',
        operation: 'UntagResource',
        positional: ['ResourceArn', 'TagKeys'],
        prepare: withArn,
        done: ({ TagKeys }) => `removed ${TagKeys.join(', ')}`,
      }),
    )
}

async function withArn<Input extends { readonly ResourceArn: string }>(
  input: Input,
  { client }: Connection,
): Promise<Input> {
  if (input.ResourceArn.startsWith('arn:')) return input
  const { Arn } = await client.describeSimulation({ Simulation: input.ResourceArn })
  return { ...input, ResourceArn: Arn }
}
