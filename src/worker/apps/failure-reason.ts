// Why an app failed, in the words that operators read in status and logs.
// Owns the text; never decides whether an app has failed.

import { constants } from 'node:os'
import { lastWords } from '../../core/lifecycle/last-words.ts'
import { explainLoading } from '../../io/launch/app-libraries.ts'

const SIGNAL_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(constants.signals).map(([name, number]) => [number, name]),
)
/** A shell ends with this much more than the number of the signal that ended its program. */
const SHELL_SIGNAL_BASE = 128

/**
 * How a process ended that should run on. One of `code` and `signal` is null; both are if somebody
 * else has started it.
 */
export function exitReason(
  code: number | null,
  signal: NodeJS.Signals | null,
  destroyed: boolean,
): string {
  if (signal) return `it was ended by signal ${signal}`
  if (code === 0 && !destroyed) return 'it exited with code 0 without destroying its application'
  if (code === null) return 'it ended while the simulation runs'
  const name = SIGNAL_NAMES.get(code - SHELL_SIGNAL_BASE)
  const why = name === undefined ? '' : ` (its shell's word for signal ${name})`
  return `it exited with code ${code}${why} while the simulation runs`
}

/** How it failed, what is known of the cause, and the end of its output in the log `stream`. */
export function failureReason(how: string, output: string, stream: string): string {
  const cause = explainLoading(output)
  const words = lastWords(output)
  return [
    how,
    ...(cause === undefined ? [] : [cause]),
    ...(words === undefined ? [] : [`its last words in ${stream}: ${words}`]),
  ].join('; ')
}
