// A client of an app: connects from outside, and reads what the app sends.

import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { waitFor } from './waiting.ts'

/** What tests/apps/maker.ts tells its clients. */
interface MakerKnows {
  app: string
  incarnation: number
  tick: number
  made: number
  seen: number
  owned: number
  answers: string[]
}

/**
 * Reads one line of JSON from an app over TCP. Waits until the app listens, which may be after it
 * has STARTED.
 */
export async function fetchLine(host: string, port: number): Promise<MakerKnows> {
  const line = await waitFor(
    async () => await text(connect(port, host)),
    `an app to answer at ${host}:${port}`,
  )
  return JSON.parse(line) as MakerKnows
}
