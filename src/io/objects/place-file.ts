// Names of files in the folder store: puts finished files in place, and makes and removes folders.
// Owns what happens when others change the same names; reads a file only for a condition.

import { link, mkdir, open, readdir, rename, rmdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from './file-faults.ts'
import { readObjectRecord, type StoredObject } from './object-file.ts'
import { ObjectsError } from './objects.ts'

/**
 * What must hold for the object under a key when it is replaced or deleted; undefined stands for no
 * object. Throws ObjectsError if it does not hold. Other steps of this process cannot come in
 * between; only puts and deletes of other processes without a condition can.
 */
export type WriteCondition = (current: StoredObject | undefined) => void

/** Attempts of a put while deletions remove the folders that it makes. */
const PLACE_ATTEMPTS_MAX = 50

/** Puts a finished file in place in one step, whatever is deleted around it meanwhile. */
export async function placeFile(
  temporary: string,
  bucket: string,
  folder: string,
  path: string[],
  condition: WriteCondition | undefined,
) {
  const target = join(folder, ...path)
  for (let attempt = 1; ; attempt++) {
    try {
      await makeLevels(folder, path.slice(0, -1))
      const current = condition && (await readObjectRecord(target))
      condition?.(current)
      // `link` fails if any process has put an object there meanwhile.
      if (condition !== undefined && current === undefined) await link(temporary, target)
      else await rename(temporary, target)
      return await syncFolder(join(target, '..'))
    } catch (error) {
      if (attempt === PLACE_ATTEMPTS_MAX) throw error
      if (codeOf(error) === 'EEXIST') continue
      if (codeOf(error) !== 'ENOENT') throw error
      await stat(folder).catch((cause: unknown) => {
        throw codeOf(cause) === 'ENOENT' ? noSuchBucket(bucket) : cause
      })
    }
  }
}

async function makeLevels(folder: string, levels: string[]): Promise<void> {
  let path = folder
  for (const level of levels) {
    const parent = path
    path = join(path, level)
    if (await makeFolder(path)) await syncFolder(parent)
  }
}

/** Returns false if the folder exists already. */
async function makeFolder(path: string): Promise<boolean> {
  try {
    await mkdir(path)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

export async function removeEmptyLevels(folder: string, levels: string[]): Promise<void> {
  for (let depth = levels.length; depth > 0; depth--) {
    try {
      await rmdir(join(folder, ...levels.slice(0, depth)))
    } catch (error) {
      if (codeOf(error) === 'ENOTEMPTY' || codeOf(error) === 'ENOENT') return
      throw error
    }
  }
}

/** Removes a folder that contains only empty folders; fails with ENOTEMPTY if it contains more. */
export async function removeEmptyFolders(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue
    try {
      await removeEmptyFolders(join(folder, entry.name))
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error
    }
  }
  await rmdir(folder)
}

/** Makes new names in a folder durable. The folder may be gone already. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
  }
}

export function noSuchBucket(bucket: string): ObjectsError {
  return new ObjectsError('NoSuchBucket', `There is no bucket '${bucket}'.`)
}
