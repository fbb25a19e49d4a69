// The cache of compiled code that all of Heddle's programs and apps share, if `bin/heddle` has set
// NODE_COMPILE_CACHE.
// Owns its bound; Node decides what is in it, and whether it is valid.

import { readdirSync, rmSync } from 'node:fs'

/**
 * Files of about 6 KB each. Each simulation unpacks packages at a new place, so some are never used
 * again.
 */
const FILES_MAX = 10_000

/** Empties the cache if it is too large. Programs that start meanwhile compile for themselves. */
export function boundCompiledCode(
  folder: string | undefined = process.env.NODE_COMPILE_CACHE,
): void {
  if (folder === undefined) return
  try {
    if (readdirSync(folder, { recursive: true }).length > FILES_MAX)
      rmSync(folder, { recursive: true, force: true })
  } catch {
    // There is no cache, or another process is emptying it. Neither needs any action.
  }
}
