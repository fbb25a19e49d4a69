// What an execution leaves on this machine once it is over: its memory, and what was unpacked.
// Owns where that is and how it is removed; never touches a process, logs or objects.

import { existsSync } from 'node:fs'
import { rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { executionFabricFolder, PACKAGES_FOLDER, RESTORING_FOLDER } from '../../core/wire/places.ts'
import { removePackages } from '../../io/packages/packages.ts'
import type { RunFolder } from './run-folder.ts'

const UNPACKED = [PACKAGES_FOLDER, RESTORING_FOLDER]

/** To be called once its processes are gone. */
export async function freeMemory(fabricFolder: string, executionId: string): Promise<void> {
  await rm(executionFabricFolder(fabricFolder, executionId), { recursive: true, force: true })
}

/** Removes what its worker has unpacked. */
export async function removeUnpacked({ folder }: RunFolder): Promise<void> {
  for (const name of UNPACKED) await removePackages(join(folder, name))
}

/** Where nothing remains of that execution, it has no processes either. */
export function hasRemains(fabricFolder: string, executionId: string, { folder }: RunFolder): boolean {
  const unpacked = UNPACKED.map((name) => join(folder, name))
  return [executionFabricFolder(fabricFolder, executionId), ...unpacked].some(existsSync)
}

/** It is gone, in use, a link, or another user's. */
const NOT_TO_REMOVE = ['ENOENT', 'ENOTEMPTY', 'EEXIST', 'EBUSY', 'ENOTDIR', 'EACCES', 'EPERM']

/** Removes the parent of all simulations' memory, unless somebody still has something there. */
export async function removeFabricFolderIfEmpty(fabricFolder: string): Promise<void> {
  try {
    await rmdir(fabricFolder)
  } catch (error) {
    if (!NOT_TO_REMOVE.includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
}
