// Reads a store on a disk that takes no more data: a copy of its files in memory.
// Owns the copy and its end; never writes to the store's own folder.

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
 * Opens a copy of the store; changes of the copy end with it. No process may write to the store
 * meanwhile. Throws StoreError `Unavailable` if it can't be copied.
 */
export function openStoreCopy(path: string): Store {
  const folder = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'heddle-store-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  try {
    const copy = join(folder, 'heddle.db')
    // The log beside the file may contain the newest changes.
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
