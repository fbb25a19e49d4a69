// The folder that holds the shared memory of a user's simulations.
// Owns its making, and the refusal of one that others could change; never looks into it.

import { lstatSync, mkdirSync, type Stats } from 'node:fs'

/** The folder cannot be used; the message says why. */
export class FabricFolderError extends Error {
  override readonly name = 'FabricFolderError'
}

const WRITABLE_BY_OTHERS = 0o022
const STICKY = 0o1000

/**
 * Makes the folder for this user alone, if it does not exist. Throws FabricFolderError if the
 * folder cannot be made, is a link, or belongs to another user: whoever owns the folder, or may
 * write to it, can move a world's memory away.
 */
export function makeFabricFolder(folder: string): void {
  let stats: Stats
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    stats = lstatSync(folder)
  } catch (cause) {
    throw unusable(folder, `can't be made: ${(cause as Error).message}`, cause)
  }
  const user = process.geteuid?.()
  if (stats.isSymbolicLink()) throw unusable(folder, 'is a link')
  if (!stats.isDirectory()) throw unusable(folder, 'is no folder')
  if (stats.uid !== user)
    throw unusable(folder, `belongs to another user (${stats.uid}; this is ${user})`)
  const isOpen = (stats.mode & WRITABLE_BY_OTHERS) !== 0 && (stats.mode & STICKY) === 0
  if (isOpen)
    throw unusable(
      folder,
      `may be written to by other users (mode ${(stats.mode & 0o777).toString(8)})`,
    )
}

function unusable(folder: string, why: string, cause?: unknown): FabricFolderError {
  return new FabricFolderError(
    `the folder for shared memory ${folder} ${why}; ` +
      'name another one with --fabric-dir (HEDDLE_FABRIC_DIR)',
    { cause },
  )
}
