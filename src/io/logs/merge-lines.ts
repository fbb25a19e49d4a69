// Merges several streams of lines into one, sorted by time.
// Owns the order and the wait for more; the cursors own where lines come from.

import { setTimeout as sleep } from 'node:timers/promises'
import type { LogLine, ReadOptions } from './logs.ts'

/** A place in one stream. */
export interface LogCursor {
  readonly stream: string
  /** Returns the next lines at hand; none if the stream ends for now. */
  read(): Promise<LogLine[]>
}

/** How long a follower waits before it looks again. */
const POLL_MS = 100

/**
 * Yields the lines of all streams. `list` returns a cursor for each stream; it is called again to
 * find later streams, and must return the same cursor for the same stream.
 */
export async function* mergeLines(
  list: () => Promise<Iterable<LogCursor>>,
  { follow = false, signal }: ReadOptions,
): AsyncGenerator<LogLine> {
  const heads = new Map<LogCursor, Head>()
  for (;;) {
    for (const cursor of await list())
      if (!heads.has(cursor)) heads.set(cursor, { cursor, lines: [], next: 0 })
    const open = []
    for (const head of heads.values()) if (await fill(head)) open.push(head)
    while (open.length > 0) {
      const first = open.reduce((a, b) => (timeOf(b) < timeOf(a) ? b : a))
      if (signal?.aborted) return
      yield first.lines[first.next++]
      if (!(await fill(first))) open.splice(open.indexOf(first), 1)
    }
    if (!follow || signal?.aborted) return
    await sleep(POLL_MS, undefined, { signal }).catch(ignoreAbort)
    if (signal?.aborted) return
  }
}

interface Head {
  cursor: LogCursor
  lines: LogLine[]
  next: number
}

function timeOf({ lines, next }: Head): string {
  return lines[next].time
}

/** Returns true if there is a next line. */
async function fill(head: Head): Promise<boolean> {
  if (head.next < head.lines.length) return true
  head.lines = await head.cursor.read()
  head.next = 0
  return head.lines.length > 0
}

function ignoreAbort(error: Error): void {
  if (error.name !== 'AbortError') throw error
}
