// Reads an object whole, from its start again after a failure.
// Owns the number of attempts, and which faults are worth one. Never resumes in the middle: content
// and checksum then belong together.

import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ObjectInfo, type Objects, ObjectsError } from './objects.ts'

export interface ReadObjectOptions {
  /** Ends the reading, which then throws the signal's reason. */
  signal?: AbortSignal
  /** Pause before the second attempt; doubles before each further one. Default: 250 ms. */
  pauseMs?: number
}

export const READ_ATTEMPTS_MAX = 5

/**
 * Returns what `use` makes of the object. `use` may be called again, with the object from its first
 * byte. Throws ObjectsError; an error of `use` itself is thrown at once.
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
