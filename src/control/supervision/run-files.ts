// What lies in a run folder: the plan that control wrote, the status that the worker left, and in its place what control
// has concluded. Owns their check: a file that is missing says nothing, and one that is damaged says why. Never writes
// while a worker lives.

import { readFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { z } from 'zod'
import type { WorkerPlan, WorkerStatus } from '../../core/wire/worker-protocol.ts'
import type { RunFolder } from '../data-folder.ts'

/** `fault` names the file and what is wrong with it. Neither is there where there is no file. */
export interface RunFile<Content> {
  content?: Content
  fault?: string
}

/** What control needs of it; the rest is the worker's. */
const PLAN = z.looseObject({
  executionId: z.string(),
  simulationName: z.string().min(1),
  runFolder: z.string().startsWith('/'),
  fabricFolder: z.string().startsWith('/'),
  tags: z.looseObject({ stateHashInterval: z.number(), restartOnLoss: z.boolean() }),
  limits: z.looseObject({
    schema: z.looseObject({}),
    fabric: z.looseObject({ entitiesPerPartition: z.number() }),
    unitsPerWorker: z.number(),
  }),
})

const STATUS = z.looseObject({
  executionId: z.string(),
  revision: z.number(),
  status: z.enum(['STARTING', 'STARTED', 'STOPPING', 'STOPPED', 'FAILED', 'SNAPSHOT_IN_PROGRESS']),
  startErrors: z.array(z.looseObject({ errorType: z.string(), errorMessage: z.string() })),
  clock: z.looseObject({ status: z.string(), targetStatus: z.enum(['STARTED', 'STOPPED']) }),
  tick: z.number(),
  domains: z.array(z.looseObject({ name: z.string(), lifecycle: z.string() })),
  apps: z.array(z.looseObject({ domain: z.string(), name: z.string(), status: z.string() })),
})

/** What the worker was started with. */
export function readPlan(folder: RunFolder, executionId: string): RunFile<WorkerPlan> {
  return read(folder.plan, PLAN, executionId)
}

/** The newest status that the worker wrote. */
export function readStatus(folder: RunFolder, executionId: string): RunFile<WorkerStatus> {
  return read(folder.status, STATUS, executionId)
}

/** In the place of what a worker left that is gone: whoever reads only the file finds the simulation's end there too. */
export async function writeStatus(folder: RunFolder, status: WorkerStatus): Promise<void> {
  await writeFile(`${folder.status}.new`, JSON.stringify(status), { mode: 0o600, flush: true })
  await rename(`${folder.status}.new`, folder.status)
}

function read<Content>(path: string, shape: z.ZodType<{ executionId: string }>, executionId: string): RunFile<Content> {
  try {
    const { data, error } = shape.safeParse(JSON.parse(readFileSync(path, 'utf8')))
    if (error !== undefined) {
      const [{ path: place, message }] = error.issues
      return { fault: `${path} is damaged: ${[...place.map(String), message].join(': ')}` }
    }
    if (data.executionId !== executionId) return { fault: `${path} is of another execution, ${data.executionId}` }
    return { content: data as Content }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    const isText = error instanceof SyntaxError
    return { fault: `${path} ${isText ? 'is damaged' : "can't be read"}: ${(error as Error).message}` }
  }
}
