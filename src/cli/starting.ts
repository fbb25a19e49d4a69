// Shared by commands that start simulations: their options, the schema's file, and the waits for
// simulation and clock. Owns the order of these; each command knows what it starts from.

import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import type { HeddleClient } from '../../clients/typescript/src/index.ts'
import { refuseUnknownTags } from '../core/lifecycle/heddle-tags.ts'
import { addConnectionOptions, type ConnectionOptions, withErrorCode } from './api/connection.ts'
import { readTag } from './api/flags.ts'
import { addJsonOption, addWaitOptions, timeoutMsOf } from './api/operation-command.ts'
import { withProgress } from './api/progress.ts'
import { fileFault } from './file-fault.ts'
import { UNUSED_ROLE } from './simulation.ts'

export interface StartingOptions extends ConnectionOptions {
  name: string
  roleArn: string
  tag?: Record<string, string>
  startClock?: boolean
  json?: boolean
  wait?: boolean
  timeout?: number
}

/** A command with one argument that starts simulations. */
export function startingCommand<Options extends StartingOptions>(
  command: Command,
  act: (argument: string, options: Options) => Promise<void>,
): Command {
  command
    .option('--role-arn <text>', 'role of the new simulation', UNUSED_ROLE)
    .option('--tag <key=value>', 'a tag of the new simulation; may be repeated', readTag)
    .option('--start-clock', 'also start the clock')
  addJsonOption(addWaitOptions(command))
  return addConnectionOptions(command).action(async (argument: string, options: Options) => {
    if (options.startClock && options.wait === false)
      command.error('error: --start-clock needs the wait')
    try {
      await act(argument, options)
    } catch (error) {
      throw withErrorCode(error)
    }
  })
}

/** Prints a text for users; programs that asked for JSON get nothing else. */
export function say({ json }: { json?: boolean }, text: string): void {
  if (json !== true) process.stdout.write(`${text}\n`)
}

/** Reads a schema on this machine. Throws an error that names the file if it cannot be read. */
export async function readSchemaFile(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file)
  } catch (cause) {
    throw new Error(`the schema ${file} can not be read: ${fileFault(cause)}`, { cause })
  }
}

/**
 * Reports what any start would refuse before anything is done; `undone` names what was not done.
 */
export function checkTagNames(tags: Readonly<Record<string, string>>, undone: string): void {
  const unknown = refuseUnknownTags(tags)
  if (unknown) throw new Error(`${unknown.refusal}; ${undone}`)
}

/**
 * Reports a name that is in use before an object is put, a large snapshot is made, or other
 * simulations are started.
 */
export async function requireFree(
  client: HeddleClient,
  names: readonly string[],
  undone: string,
): Promise<void> {
  for (const Simulation of names) {
    const isTaken = await client.describeSimulation({ Simulation }).then(
      () => true,
      (error: unknown) => {
        // A caller who may start but not describe learns it from the start.
        const isOpen = error instanceof Error && 'code' in error && openCodes.has(error.code)
        if (!isOpen) throw error
        return false
      },
    )
    if (isTaken) throw new Error(`there is a simulation named ${Simulation} already; ${undone}`)
  }
}

const openCodes: ReadonlySet<unknown> = new Set([
  'ResourceNotFoundException',
  'AccessDeniedException',
])

/**
 * Waits until a starting simulation has started, and starts its clock, if the options ask for it.
 */
export async function waitForStart(
  client: HeddleClient,
  name: string,
  options: StartingOptions,
): Promise<void> {
  if (options.wait === false) return say(options, `simulation ${name} is starting`)
  const timeoutMs = timeoutMsOf(options)
  await withProgress(`simulation ${name} is starting`, timeoutMs, (wait) =>
    client.waitUntilStarted(name, wait),
  )
  say(options, `simulation ${name} is STARTED`)
  if (!options.startClock) return
  await client.startClock({ Simulation: name })
  await withProgress(`the clock of ${name} is starting`, timeoutMs, (wait) =>
    client.waitUntilClockStarted(name, wait),
  )
  say(options, `the clock of ${name} is STARTED`)
}
