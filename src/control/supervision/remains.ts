// Removes what a simulation leaves behind once it is over.
// Owns the order: first its processes, then their memory and what they unpacked; never touches logs or objects.

import { existsSync } from 'node:fs'
import { rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { executionFabricFolder, PACKAGES_FOLDER, RESTORING_FOLDER } from '../../core/wire/places.ts'
import { removePackages } from '../../io/packages/packages.ts'
import type { RunFolder } from '../data-folder.ts'
import type { Processes } from './supervision.ts'

const UNPACKED = [PACKAGES_FOLDER, RESTORING_FOLDER]

/** Ends what still runs of that execution, and frees its memory. What its worker has unpacked is there for the next one. */
export async function freeMemory(processes: Processes, fabricFolder: string, executionId: string): Promise<void> {
  await processes.kill(executionId)
  await rm(executionFabricFolder(fabricFolder, executionId), { recursive: true, force: true })
}

/** The same, and removes what its worker has unpacked. */
export async function removeRemains(
  processes: Processes,
  fabricFolder: string,
  executionId: string,
  { folder }: RunFolder,
): Promise<void> {
  await freeMemory(processes, fabricFolder, executionId)
  for (const name of UNPACKED) await removePackages(join(folder, name))
}

/** Where nothing remains of that execution, it has no processes either. */
export function hasRemains(fabricFolder: string, executionId: string, { folder }: RunFolder): boolean {
  const places = [executionFabricFolder(fabricFolder, executionId), ...UNPACKED.map((name) => join(folder, name))]
  return places.some((place) => existsSync(place))
}

/** It is gone, in use, a link, or another user's. */
const NOT_TO_REMOVE = ['ENOENT', 'ENOTEMPTY', 'EEXIST', 'EBUSY', 'ENOTDIR', 'EACCES', 'EPERM']

/** Removes the parent of all simulations' memory, unless somebody still has something there. */
export async function removeFabricFolderIfEmpty(fabricFolder: string): Promise<boolean> {
  try {
    await rmdir(fabricFolder)
    return true
  } catch (error) {
    if (NOT_TO_REMOVE.includes((error as NodeJS.ErrnoException).code ?? '')) return false
    throw error
  }
}
