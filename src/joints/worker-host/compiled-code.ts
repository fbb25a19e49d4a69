// The cache of compiled code that all programs of Heddle share, apps too, where `bin/heddle` has named one (NODE_COMPILE_CACHE).
// Owns its bound; Node itself decides what is in it, and whether it is still right.

import { readdirSync, rmSync } from 'node:fs'

/** Of about 6 KB each. Packages are unpacked at another place for each simulation, so some are never used again. */
const filesMax = 10_000

/** Empties the cache where it has become too large. Who uses it meanwhile compiles for itself. */
export function boundCompiledCode(folder: string | undefined = process.env.NODE_COMPILE_CACHE): void {
  if (folder === undefined) return
  try {
    if (readdirSync(folder, { recursive: true }).length > filesMax) rmSync(folder, { recursive: true, force: true })
  } catch {
    // There is none yet, or another one is at it: there is nothing that must be done.
  }
}
