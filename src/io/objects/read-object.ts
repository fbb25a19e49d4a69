// An object read whole, from its start again where that broke off.
// Owns how often, and which faults are worth it; never resumes in the midst: what was read is then of one piece, and its checksum is of all of it.

import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ObjectInfo, type Objects, ObjectsError } from './objects.ts'

export interface ReadObjectOptions {
  /** Ends the reading, which then throws the signal's reason. */
  signal?: AbortSignal
  /** Before the second attempt, and twice as long before each further one. Default: 250 ms. */
  pauseMs?: number
}

export const READ_ATTEMPTS_MAX = 5

/**
 * What `use` makes of the object; it may be called again, with all of it from the first byte on.
 * Throws ObjectsError, and what `use` throws of its own, at once.
 */
export async function readObject<Result>(
  objects: Pick<Objects, 'get'>,
  { bucket, key }: { bucket: string; key: string },
  use: (info: ObjectInfo, body: Readable) => Promise<Result>,
  { signal, pauseMs = 250 }: ReadObjectOptions = {},
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      const { info, body } = await objects.get(bucket, key, undefined, signal)
      return await use(info, body)
    } catch (error) {
      signal?.throwIfAborted()
      if (!mayPass(error) || attempt === READ_ATTEMPTS_MAX) throw error
    }
    await sleep(pauseMs * 2 ** (attempt - 1), undefined, { signal }).catch(() =>
      signal?.throwIfAborted(),
    )
  }
}

function mayPass(error: unknown): boolean {
  return (
    error instanceof ObjectsError && (error.fault === 'Unavailable' || error.fault === 'Damaged')
  )
}
