// The files in the run folder of an execution: the plan that its worker is started with, and the
// status that the worker leaves, or that control has concluded instead.
// Owns their names and validation; never writes while a worker lives.

import { join } from 'node:path'
import { PLAN_FILE, STATUS_FILE } from '../../core/wire/places.ts'
import { type WorkerPlan, workerPlanShape } from '../../core/wire/plan.ts'
import { type WorkerStatus, workerStatusShape } from '../../core/wire/worker-protocol.ts'
import { type FileContent, readJsonFile } from '../../io/files/json-file.ts'

export interface RunFolder {
  folder: string
  plan: string
  status: string
  workerLog: string
}

/** A run folder in the folder of all run folders. */
export function runFolderIn(parent: string, executionId: string): RunFolder {
  const folder = join(parent, executionId)
  return {
    folder,
    plan: join(folder, PLAN_FILE),
    status: join(folder, STATUS_FILE),
    workerLog: join(folder, 'worker.log'),
  }
}

/** Reads what the worker was started with. */
export function readPlan(folder: RunFolder, executionId: string): FileContent<WorkerPlan> {
  return ofExecution(folder.plan, readJsonFile(folder.plan, workerPlanShape), executionId)
}

/** Reads the newest status that the worker wrote. */
export function readStatus(folder: RunFolder, executionId: string): FileContent<WorkerStatus> {
  return ofExecution(folder.status, readJsonFile(folder.status, workerStatusShape), executionId)
}

function ofExecution<Content extends { executionId: string }>(
  path: string,
  read: FileContent<Content>,
  executionId: string,
): FileContent<Content> {
  const found = read.content?.executionId ?? executionId
  return found === executionId ? read : { fault: `${path} is of another execution, ${found}` }
}
