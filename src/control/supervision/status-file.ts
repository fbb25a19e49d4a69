// What lies in a run folder: the plan that control wrote, the status that the worker left, and in its place what control has concluded.
// Owns the tolerance for a missing file; never writes while a worker lives.

import { readFile, rename, writeFile } from 'node:fs/promises'
import type { WorkerPlan, WorkerStatus } from '../../core/wire/worker-protocol.ts'

/** The newest status that the worker wrote, or undefined where it has written none. */
export async function readStatusFile(path: string): Promise<WorkerStatus | undefined> {
  return (await readJson(path)) as WorkerStatus | undefined
}

/** In the place of what a worker left that is gone: whoever reads only the file finds the simulation's end there too. */
export async function writeStatusFile(path: string, status: WorkerStatus): Promise<void> {
  await writeFile(`${path}.new`, JSON.stringify(status), { mode: 0o600, flush: true })
  await rename(`${path}.new`, path)
}

/** What the worker was started with, or undefined where it never was. */
export async function readPlanFile(path: string): Promise<WorkerPlan | undefined> {
  return (await readJson(path)) as WorkerPlan | undefined
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new Error(`${path} can't be read`, { cause: error })
  }
}
