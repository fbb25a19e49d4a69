// A store whose disk takes nothing more, read all the same: a copy of its files in memory.
// Owns the copy and its end; never writes where the store itself is.

import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { diskFault } from '../../base/disk-fault.ts'
import { openSqliteStore } from './sqlite-store.ts'
import { type Store, StoreError } from './store.ts'

/** Opens the store, or a copy if its disk prevents that. Throws StoreError if both fail. */
export function openStoreToRead(path: string): Store {
  try {
    return openSqliteStore(path)
  } catch (error) {
    if (diskFault(error) === undefined) throw error
    return openStoreCopy(path)
  }
}

/**
 * What is changed in a copy is gone when it is closed. Nobody may write to the store while it is
 * copied. Throws StoreError `Unavailable` where it can't be.
 */
export function openStoreCopy(path: string): Store {
  const folder = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'heddle-store-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  try {
    const copy = join(folder, 'heddle.db')
    // What was stored last may be beside it still.
    for (const end of ['', '-wal'])
      if (existsSync(`${path}${end}`)) copyFileSync(`${path}${end}`, `${copy}${end}`)
    const store = openSqliteStore(copy)
    const close = store.close.bind(store)
    store.close = () => close().finally(remove)
    return store
  } catch (cause) {
    remove()
    if (cause instanceof StoreError) throw cause
    const message = `the store ${path} can't be read: ${(cause as Error).message}`
    throw new StoreError('Unavailable', message, { cause })
  }
}

/** A tmpfs, on every Linux that Heddle runs on. */
const MEMORY = '/dev/shm'
