// What an execution leaves on this machine when it is over: memory and unpacked packages.
// Owns where that is and how it is removed; never touches a process, logs or objects.

import { existsSync } from 'node:fs'
import { rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import {
  BY_HAND_FOLDER,
  executionFabricFolder,
  PACKAGES_FOLDER,
  RESTORING_FOLDER,
} from '../../core/wire/places.ts'
import { removePackages } from '../../io/packages/packages.ts'
import type { RunFolder } from './run-folder.ts'

const UNPACKED = [PACKAGES_FOLDER, RESTORING_FOLDER, BY_HAND_FOLDER]

/** Call it once the processes of the execution are gone. */
export async function freeMemory(fabricFolder: string, executionId: string): Promise<void> {
  await rm(executionFabricFolder(fabricFolder, executionId), { recursive: true, force: true })
}

/** Removes what the worker has unpacked. */
export async function removeUnpacked({ folder }: RunFolder): Promise<void> {
  for (const name of UNPACKED) await removePackages(join(folder, name))
}

/** An execution without remains has no processes either. */
export function hasRemains(
  fabricFolder: string,
  executionId: string,
  { folder }: RunFolder,
): boolean {
  const unpacked = UNPACKED.map((name) => join(folder, name))
  return [executionFabricFolder(fabricFolder, executionId), ...unpacked].some(existsSync)
}

/** It is gone, in use, a link, or another user's. */
const NOT_TO_REMOVE = ['ENOENT', 'ENOTEMPTY', 'EEXIST', 'EBUSY', 'ENOTDIR', 'EACCES', 'EPERM']

/** Removes the parent of all simulations' memory if it is empty. */
export async function removeFabricFolderIfEmpty(fabricFolder: string): Promise<void> {
  try {
    await rmdir(fabricFolder)
  } catch (error) {
    if (!NOT_TO_REMOVE.includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
}
