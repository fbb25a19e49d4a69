// Reads what lies in a run folder: the plan that control wrote, the status that the worker left.
// Owns the tolerance for a missing file; never writes one.

import { readFile } from 'node:fs/promises'
import type { WorkerPlan, WorkerStatus } from '../../core/wire/worker-protocol.ts'

/** The newest status that the worker wrote, or undefined where it has written none. */
export async function readStatusFile(path: string): Promise<WorkerStatus | undefined> {
  return (await readJson(path)) as WorkerStatus | undefined
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
