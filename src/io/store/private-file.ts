// Files of SQLite that only their user may read.
// Owns their access rights; never opens one that is there: closing it would drop the locks of this process on it.

import { chmodSync, closeSync, existsSync, openSync } from 'node:fs'

/** To be called before SQLite opens it. What SQLite puts beside it gets the same rights. */
export function keepToUser(path: string): void {
  if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600))
  for (const file of [path, `${path}-wal`, `${path}-shm`])
    if (existsSync(file)) chmodSync(file, 0o600)
}
