// Reads what a worker left in its run folder.
// Owns the tolerance for a missing file; never writes one.

import { readFile } from 'node:fs/promises'
import type { WorkerStatus } from '../../core/wire/worker-protocol.ts'

/** The newest status that the worker wrote, or undefined where it has written none. */
export async function readStatusFile(path: string): Promise<WorkerStatus | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new Error(`${path} can't be read`, { cause: error })
  }
  return JSON.parse(text) as WorkerStatus
}
