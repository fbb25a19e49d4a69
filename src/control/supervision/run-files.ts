// What lies in a run folder: the plan that control wrote, the status that the worker left, and in its place what control
// has concluded. Owns their check: a file that is missing says nothing, and one that is damaged says why. Never writes
// while a worker lives.

import { type WorkerPlan, workerPlanShape } from '../../core/wire/plan.ts'
import { type WorkerStatus, workerStatusShape } from '../../core/wire/worker-protocol.ts'
import { type FileContent, readJsonFile, writeJsonFile } from '../../io/files/json-file.ts'
import type { RunFolder } from '../data-folder.ts'

/** What the worker was started with. */
export function readPlan(folder: RunFolder, executionId: string): FileContent<WorkerPlan> {
  return ofExecution(folder.plan, readJsonFile(folder.plan, workerPlanShape), executionId)
}

/** The newest status that the worker wrote. */
export function readStatus(folder: RunFolder, executionId: string): FileContent<WorkerStatus> {
  return ofExecution(folder.status, readJsonFile(folder.status, workerStatusShape), executionId)
}

/** In the place of what a worker left that is gone: whoever reads only the file finds the end there too. */
export async function writeStatus(folder: RunFolder, status: WorkerStatus): Promise<void> {
  await writeJsonFile(folder.status, status)
}

function ofExecution<Content extends { executionId: string }>(
  path: string,
  read: FileContent<Content>,
  executionId: string,
): FileContent<Content> {
  const found = read.content?.executionId ?? executionId
  return found === executionId ? read : { fault: `${path} is of another execution, ${found}` }
}
