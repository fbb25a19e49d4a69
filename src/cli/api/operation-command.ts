// A command for one operation of the API: flags from the table, call, answer, wait. Owns the order
// of these; each command defines what it waits for and what it says at the end.

import { Command, InvalidArgumentError, Option } from 'commander'
import type { HeddleClient, WaitOptions } from '../../../clients/typescript/src/index.ts'
import {
  type InputOf,
  type OperationName,
  type OutputOf,
  operationOf,
} from '../../core/api/operations.ts'
import { outputText } from '../../core/api/serialize.ts'
import { shapeOf } from '../../core/api/shapes.ts'
import { answerText, listText } from './answer-text.ts'
import {
  addConnectionOptions,
  type Connection,
  type ConnectionOptions,
  connect,
  withErrorCode,
} from './connection.ts'
import { argumentOf, flagName, flagsOf } from './flags.ts'
import { withProgress } from './progress.ts'

interface OperationCommand<Name extends OperationName> {
  /** The command's word in its group, such as `start`. */
  readonly word: string
  readonly operation: Name
  /** Members that are given without a flag, in order. */
  readonly positional?: readonly (keyof InputOf<Name> & string)[]
  /** Defaults for members that the service requires but users need not care about. */
  readonly defaults?: Readonly<Record<string, string>>
  /** Last changes of the input, such as finding an ARN. */
  readonly prepare?: (input: InputOf<Name>, connection: Connection) => Promise<InputOf<Name>>
  /**
   * What is going on, for the progress line and as the answer without a wait: `simulation world is
   * starting`.
   */
  readonly doing?: (input: InputOf<Name>) => string
  /** The text when the operation is done; if absent, the answer is shown member by member. */
  readonly done?: (input: InputOf<Name>) => string
  /** For operations that take time. */
  readonly wait?: (
    input: InputOf<Name>,
    client: HeddleClient,
    options: WaitOptions,
  ) => Promise<unknown>
  /**
   * Called before the call. Its result is called after the wait and returns the text instead of
   * `done`.
   */
  readonly outcome?: (
    input: InputOf<Name>,
    connection: Connection,
  ) => Promise<() => Promise<string>>
  /** The answer as text, if neither `done` nor single members are what users want to read. */
  readonly show?: (output: OutputOf<Name>) => string
  /** For lists: the text for an empty one, and members that all rows share. */
  readonly list?: { readonly empty: string; readonly left: readonly string[] }
}

interface RunOptions extends ConnectionOptions {
  json?: boolean
  wait?: boolean
  timeout?: number
}

export function operationCommand<Name extends OperationName>(
  spec: OperationCommand<Name>,
): Command {
  const { summary } = operationOf(spec.operation)
  const command = new Command(spec.word).description(imperative(summary))
  const positional = spec.positional ?? []
  for (const memberName of positional) command.addArgument(argumentOf(spec.operation, memberName))
  const flags = flagsOf(spec.operation, positional, spec.defaults ?? {})
  for (const { option } of flags) command.addOption(option)
  if (spec.wait !== undefined) addWaitOptions(command)
  addJsonOption(command)
  addConnectionOptions(command)
  return command.action(async (...given: unknown[]) => {
    const options: Record<string, unknown> = command.opts()
    const members = positional.map((memberName, index) => [memberName, given[index]])
    for (const { member, option } of flags) members.push([member, options[option.attributeName()]])
    const input = Object.fromEntries(
      members.filter(([, value]) => value !== undefined),
    ) as InputOf<Name>
    demandExactlyOne(command, spec.operation, input)
    try {
      await perform(spec, input, options)
    } catch (error) {
      throw withErrorCode(error)
    }
  })
}

/** "Starts the clock." becomes "start the clock", as the other commands say it. */
function imperative(summary: string): string {
  const text = summary.replace(/^(\w+)s\b/, '$1').replace(/\.$/, '')
  return text.charAt(0).toLowerCase() + text.slice(1)
}

export function addWaitOptions(command: Command): Command {
  return command
    .option('--no-wait', 'return as soon as the request is accepted')
    .addOption(
      new Option('--timeout <seconds>', 'stop waiting after this time (default 600)').argParser(
        readTimeout,
      ),
    )
}

export function addJsonOption(command: Command): Command {
  return command.option('--json', 'print the answer of the API as JSON')
}

/** In ms; the client's own limit if absent. */
export function timeoutMsOf(options: { readonly timeout?: number }): number | undefined {
  const { timeout } = options
  return timeout === undefined ? undefined : timeout * 1000
}

function readTimeout(text: string): number {
  const seconds = Number(text)
  if (!(seconds > 0 && seconds <= 1e6))
    throw new InvalidArgumentError('It must be a number of seconds above 0.')
  return seconds
}

async function perform<Name extends OperationName>(
  spec: OperationCommand<Name>,
  given: InputOf<Name>,
  options: RunOptions,
): Promise<void> {
  const timeoutMs = timeoutMsOf(options)
  const connection = await connect(options, process.env)
  const { client } = connection
  const input = (await spec.prepare?.(given, connection)) ?? given
  const say = (text: string) => options.json !== true && process.stdout.write(text)
  const waits = spec.wait !== undefined && options.wait !== false
  const finish = waits ? await spec.outcome?.(input, connection) : undefined
  const output = await answerOf(spec.operation, input, client)
  if (options.json === true) process.stdout.write(`${outputText(spec.operation, output)}\n`)
  const doing = spec.doing?.(input)
  if (waits) {
    await withProgress(doing ?? spec.operation, timeoutMs, (wait) =>
      spec.wait!(input, client, wait),
    )
    const text = await finish?.()
    say(`${text ?? spec.done?.(input) ?? 'done'}\n`)
  } else if (doing !== undefined) say(`${doing}\n`)
  else say(shownText(spec, input, output))
}

/** Reads the whole list, unless the caller asks for single pages. */
async function answerOf<Name extends OperationName>(
  name: Name,
  input: InputOf<Name>,
  client: HeddleClient,
): Promise<OutputOf<Name>> {
  const items = itemsOf(name)
  const isPage = 'MaxResults' in input || 'NextToken' in input
  let answer = await client.call(name, input)
  if (items === undefined || isPage) return answer
  const all: unknown[] = []
  for (;;) {
    const { NextToken, ...page } = answer as Readonly<Record<string, unknown>>
    all.push(...(page[items.member] as readonly unknown[]))
    if (NextToken === undefined) return { ...page, [items.member]: all } as OutputOf<Name>
    answer = await client.call(name, { ...input, NextToken })
  }
}

function shownText<Name extends OperationName>(
  spec: OperationCommand<Name>,
  input: InputOf<Name>,
  output: OutputOf<Name>,
): string {
  if (spec.show !== undefined) return spec.show(output)
  const items = itemsOf(spec.operation)
  if (spec.list === undefined || items === undefined) {
    return spec.done === undefined ? answerText(spec.operation, output) : `${spec.done(input)}\n`
  }
  const { [items.member]: rows, NextToken } = output as Readonly<Record<string, unknown>>
  const next = NextToken === undefined ? '' : `next page: --next-token ${NextToken}\n`
  return listText(items.shape, rows as readonly object[], spec.list) + next
}

/** The only list in the output of an operation that answers in pages. */
function itemsOf(name: OperationName): { member: string; shape: string } | undefined {
  const { output } = operationOf(name)
  if (output.NextToken === undefined) return undefined
  for (const [member, { shape: shapeName }] of Object.entries(output)) {
    const shape = shapeOf(shapeName)
    if (shape.type === 'list') return { member, shape: shape.item }
  }
  return undefined
}

function demandExactlyOne(command: Command, name: OperationName, input: object): void {
  const { exactlyOneOf } = operationOf(name)
  if (exactlyOneOf === undefined || exactlyOneOf.filter((member) => member in input).length === 1)
    return
  command.error(
    'error: give exactly one of ' +
      `${exactlyOneOf.map((member) => `--${flagName(member)}`).join(', ')}`,
  )
}
