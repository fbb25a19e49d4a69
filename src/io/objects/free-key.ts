// A key under which nothing lies yet: snapshots are named by the second, and none may overwrite another.
// Owns the search; who makes only one object at a time can be sure of what it finds.

import { type Objects, ObjectsError } from './objects.ts'

/** The key of a moment, or of the next second that is free. `keyAt` throws where it has none to give. Throws ObjectsError. */
export async function freeKey(
  objects: Objects,
  bucket: string,
  fromMs: number,
  keyAt: (atMs: number) => string,
): Promise<string> {
  for (let atMs = fromMs; ; atMs += 1000) {
    const key = keyAt(atMs)
    if (!(await exists(objects, bucket, key))) return key
  }
}

async function exists(objects: Objects, bucket: string, key: string): Promise<boolean> {
  try {
    await objects.head(bucket, key)
    return true
  } catch (error) {
    if (error instanceof ObjectsError && error.fault === 'NoSuchKey') return false
    throw error
  }
}
