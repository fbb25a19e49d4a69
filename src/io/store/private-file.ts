// Files of SQLite that only their user may read.
// Owns their access rights. Never opens an existing one: closing it would drop this process's locks
// on it.

import { chmodSync, closeSync, existsSync, openSync } from 'node:fs'

/** Call it before SQLite opens the file. Files that SQLite puts beside it get the same rights. */
export function keepToUser(path: string): void {
  if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600))
  for (const file of [path, `${path}-wal`, `${path}-shm`])
    if (existsSync(file)) chmodSync(file, 0o600)
}
