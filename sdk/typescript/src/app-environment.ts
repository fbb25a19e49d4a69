// What an app's process finds in its environment, checked once.
// Owns the checks and the words of a fault; never opens a file. Loads no library, since each app
// loads it.

import { APP_VARIABLES } from '../../../src/base/app-variables.ts'
import { HeddleError } from './errors.ts'

/** A process's place in the world. */
export interface AppEnvironment {
  /** The fabric's folder. */
  folder: string
  partition: number
  incarnation: number
  /** Counts the processes that are to compute the same tick. */
  attempt: number
  /** Actual ports by declared port. */
  ports: ReadonlyMap<number, number>
}

const PORT_MAX = 65_535

/** Throws HeddleError NotConnected, with the variable that is missing or wrong. */
export function readAppEnvironment(environment: NodeJS.ProcessEnv): AppEnvironment {
  const { fabric, partition, incarnation, attempt, ports } = APP_VARIABLES
  return {
    folder: required(environment, fabric),
    partition: wholeOf(partition, required(environment, partition)),
    incarnation: wholeOf(incarnation, required(environment, incarnation)),
    attempt: wholeOf(attempt, environment[attempt] ?? '1'),
    ports: portsOf(ports, environment[ports] ?? '{}'),
  }
}

function required(environment: NodeJS.ProcessEnv, name: string): string {
  const value = environment[name]
  if (value === undefined) {
    throw new HeddleError(
      'NotConnected',
      `${name} is not set: start this app through a simulation, or use createStandaloneApplication`,
    )
  }
  return value
}

function wholeOf(name: string, text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw wrong(name, text, 'a whole number')
  return Number(text)
}

function portsOf(name: string, text: string): Map<number, number> {
  const wanted = 'a JSON object with an actual port for each declared one, as {"7000":31000}'
  const ports = parsed(text)
  if (typeof ports !== 'object' || ports === null || Array.isArray(ports))
    throw wrong(name, text, wanted)
  const numbers = Object.entries(ports).map(
    ([declared, actual]) => [Number(declared), actual] as const,
  )
  for (const port of numbers.flat())
    if (!Number.isInteger(port) || port < 1 || port > PORT_MAX) throw wrong(name, text, wanted)
  return new Map(numbers)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function wrong(name: string, text: string, wanted: string): HeddleError {
  return new HeddleError(
    'NotConnected',
    `${name} is '${text}', and not ${wanted}: the worker sets it, and no other program may`,
  )
}
