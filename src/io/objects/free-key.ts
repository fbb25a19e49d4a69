// Finds a free key for an object: snapshots are named by the second, and none may overwrite
// another.
// Owns the search and its limit. The result is reliable only if the caller makes one object at a
// time.

import { randomBytes } from 'node:crypto'
import { type Objects, ObjectsError } from './objects.ts'

/** An hour of snapshots, one a second. */
const TAKEN_MAX = 3_600
/** After so many taken keys the store is tested with a key that can't be taken. */
const TAKEN_BEFORE_DOUBT = 20

/**
 * Returns the key of a moment, or of the next free second. `keyAt` throws if it has no more keys.
 * Throws the signal's reason, or ObjectsError Unavailable after too many taken keys, or if the
 * store calls a key taken that nobody can have taken: a faulty store calls every key taken.
 */
export async function freeKey(
  objects: Objects,
  bucket: string,
  fromMs: number,
  keyAt: (atMs: number) => string,
  signal?: AbortSignal,
): Promise<string> {
  const keyAfter = (seconds: number) => keyAt(fromMs + seconds * 1000)
  for (let taken = 0; taken < TAKEN_MAX; taken++) {
    signal?.throwIfAborted()
    const key = keyAfter(taken)
    if (!(await exists(objects, bucket, key, signal))) return key
    if (taken !== TAKEN_BEFORE_DOUBT) continue
    // No longer than the key: that may be as long as one can be.
    const nobodys = `${key.slice(0, -16)}${randomBytes(8).toString('hex')}`
    if (await exists(objects, bucket, nobodys, signal))
      throw noneFree(`under every name, also under '${nobodys}', which nobody has taken`)
  }
  const last = keyAfter(TAKEN_MAX - 1)
  throw noneFree(`under all ${TAKEN_MAX} names from '${keyAfter(0)}' to '${last}'`)
}

function noneFree(where: string): ObjectsError {
  const message = `No name is free: the object store says that there are objects ${where}.`
  return new ObjectsError('Unavailable', message)
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
