// A key under which nothing lies yet: snapshots are named by the second, and none may overwrite another.
// Owns the search and its end; who makes only one object at a time can be sure of what it finds.

import { type Objects, ObjectsError } from './objects.ts'

/** Whoever makes one snapshot after another, and turns the clock back besides, meets a few. */
const TAKEN_MAX = 20

/**
 * The key of a moment, or of the next second that is free. `keyAt` throws where it has none to give. Throws the signal's reason,
 * and ObjectsError: Unavailable where one key after another is said to be taken, as a store that says so of every key would.
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
    `No name is free: the object store says that there are objects under all ${TAKEN_MAX} from '${taken[0]}' to '${taken.at(-1)}'. Perhaps it says so of every name.`,
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
