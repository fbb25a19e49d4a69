// Lets V8 make fast code of a program's functions sooner than it does by itself. For programs whose functions are called once a tick.
// Owns the numbers; to be called once, as early as possible. They hold for the whole process.

import { setFlagsFromString } from 'node:v8'

/** Calls of a function until it is compiled by V8's second best compiler, and by its best; V8's own numbers are 400, 3,000 and 500. At 30 ticks a second that would be minutes. */
const calls = {
  'invocation-count-for-maglev': 50,
  'invocation-count-for-turbofan': 300,
  'minimum-invocations-after-ic-update': 50,
}

/** The version of V8 that knows these names: another one would complain about each, in the program's output. */
const v8Version = '13.6.'

export function compileSooner(): void {
  if (!process.versions.v8.startsWith(v8Version)) return
  for (const [name, count] of Object.entries(calls)) setFlagsFromString(`--${name}=${count}`)
}
