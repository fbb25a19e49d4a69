// A request to the API and its answer, as on the wire, and the files that keep them while the suite
// runs.
// Owns their form and the choice of what is recorded; never judges one.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Exchange {
  method: string
  /** Path and query as on the request line, without the signature. */
  url: string
  requestBody: string
  status: number
  /** Names in lower case. */
  headers: Record<string, string>
  answerBody: string
}

/** The folder of recorded exchanges; unset, nothing is recorded. */
export const FOLDER_VARIABLE = 'HEDDLE_TEST_EXCHANGES'

/** Returns the environment that makes a Heddle record, if this program was told to record. */
export function recordingEnvironment(): Record<string, string> {
  const folder = process.env[FOLDER_VARIABLE]
  if (folder === undefined) return {}
  const recorder = new URL('record.ts', import.meta.url).href
  return { [FOLDER_VARIABLE]: folder, NODE_OPTIONS: `--import=${recorder}` }
}

/**
 * Yields all exchanges of a folder. Skips half a line of a killed server: no client has got that
 * answer.
 */
export function* readExchanges(folder: string): Generator<Exchange> {
  for (const name of readdirSync(folder).sort()) {
    const lines = readFileSync(join(folder, name), 'utf8').split('\n')
    for (const line of lines.slice(0, -1)) yield JSON.parse(line) as Exchange
  }
}
