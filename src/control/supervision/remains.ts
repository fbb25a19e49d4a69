// Removes what a simulation leaves behind once it is over.
// Owns the order: first its processes, then their memory; never touches logs or objects.

import { existsSync } from 'node:fs'
import { rm, rmdir } from 'node:fs/promises'
import { executionFabricFolder } from '../../core/wire/places.ts'
import type { Processes } from './supervision.ts'

/** Ends what still runs of that execution, and frees its memory. */
export async function removeRemains(processes: Processes, fabricFolder: string, executionId: string): Promise<void> {
  await processes.kill(executionId)
  await rm(executionFabricFolder(fabricFolder, executionId), { recursive: true, force: true })
}

/** Whether that execution has memory: where it has none, it has no processes either. */
export function hasMemory(fabricFolder: string, executionId: string): boolean {
  return existsSync(executionFabricFolder(fabricFolder, executionId))
}

/** Removes the parent of all simulations' memory, unless somebody still has something there. */
export async function removeFabricFolderIfEmpty(fabricFolder: string): Promise<boolean> {
  try {
    await rmdir(fabricFolder)
    return true
  } catch (error) {
    if (['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) return false
    throw error
  }
}
