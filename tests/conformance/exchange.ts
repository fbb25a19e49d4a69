// A request to the API and its answer, as they were on the wire, and the files that they are kept
// in while the suite runs.
// Owns their form and who records them; never judges one.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Exchange {
  method: string
  /** Path and query as on the request line, without what signs them. */
  url: string
  requestBody: string
  status: number
  /** Names in lower case. */
  headers: Record<string, string>
  answerBody: string
}

/** The folder that exchanges are recorded in; where it isn't set nothing is recorded. */
export const FOLDER_VARIABLE = 'HEDDLE_TEST_EXCHANGES'

/**
 * What makes a Heddle that is started with this environment record, where this program was told to
 * have it recorded.
 */
export function recordingEnvironment(): Record<string, string> {
  const folder = process.env[FOLDER_VARIABLE]
  if (folder === undefined) return {}
  const recorder = new URL('record.ts', import.meta.url).href
  return { [FOLDER_VARIABLE]: folder, NODE_OPTIONS: `--import=${recorder}` }
}

/**
 * All exchanges of a folder, one at a time. A server that was killed may have left half a line:
 * nobody has had that answer.
 */
export function* readExchanges(folder: string): Generator<Exchange> {
  for (const name of readdirSync(folder).sort()) {
    const lines = readFileSync(join(folder, name), 'utf8').split('\n')
    for (const line of lines.slice(0, -1)) yield JSON.parse(line) as Exchange
  }
}
