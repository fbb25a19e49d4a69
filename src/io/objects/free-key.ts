// Finds a free key for an object: snapshots are named by the second, and none may overwrite
// another.
// Owns the search and its limit. The result is reliable only if the caller makes one object at a
// time.

import { type Objects, ObjectsError } from './objects.ts'

/** A caller that makes snapshots in quick succession, or whose clock was set back, meets a few. */
const TAKEN_MAX = 20

/**
 * Returns the key of a moment, or of the next free second. `keyAt` throws if it has no more keys.
 * Throws the signal's reason, or ObjectsError Unavailable after too many taken keys: a faulty store
 * may call every key taken.
 */
export async function freeKey(
  objects: Objects,
  bucket: string,
  fromMs: number,
  keyAt: (atMs: number) => string,
  signal?: AbortSignal,
): Promise<string> {
  const taken: string[] = []
  while (taken.length < TAKEN_MAX) {
    signal?.throwIfAborted()
    const key = keyAt(fromMs + taken.length * 1000)
    if (!(await exists(objects, bucket, key, signal))) return key
    taken.push(key)
  }
  throw new ObjectsError(
    'Unavailable',
    `No name is free: the object store says that there are objects under all ${TAKEN_MAX} ` +
      `from '${taken[0]}' to '${taken.at(-1)}'. Perhaps it says so of every name.`,
  )
}

async function exists(
  objects: Objects,
  bucket: string,
  key: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  try {
    await objects.head(bucket, key, signal)
    return true
  } catch (error) {
    if (error instanceof ObjectsError && error.fault === 'NoSuchKey') return false
    throw error
  }
}
