// A worker as a process of the operating system: starts it and finds it again.
// Owns the command line and the environment; never speaks on the bus.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { workerSocketPath } from '../../core/wire/places.ts'
import { READ_ONCE } from '../../io/launch/secret-variables.ts'
import { boundCompiledCode } from './compiled-code.ts'
import type { RunFolder } from './run-folder.ts'

/** The real worker; tests use others. */
export const WORKER_PROGRAM = fileURLToPath(new URL('../../worker/main.ts', import.meta.url))

/**
 * Starts `node <program> <runFolder>` for the plan there, in its own session. So it outlives
 * control, and a Ctrl-C in control's terminal does not reach it. Its output goes to `worker.log`.
 * Throws if it cannot be started.
 */
export async function startWorkerProcess(
  program: string,
  folder: RunFolder,
  executionId: string,
): Promise<ChildProcess> {
  boundCompiledCode()
  const output = openSync(folder.workerLog, 'a', 0o600)
  try {
    const child = spawn(process.execPath, [...workerNodeOptions, program, folder.folder], {
      cwd: folder.folder,
      detached: true,
      stdio: ['ignore', output, output],
      env: workerEnvironment(executionId),
    })
    await once(child, 'spawn')
    child.unref()
    return child
  } finally {
    closeSync(output)
  }
}

/** Describes how it has ended; undefined while it lives. */
export function endingOf({ signalCode, exitCode }: ChildProcess): string | undefined {
  if (signalCode !== null) return `by ${signalCode}`
  return exitCode === null ? undefined : `with exit code ${exitCode}`
}

/**
 * Finds the worker process of this run folder, even if another installation of Heddle started it.
 * Returns undefined if there is none.
 */
export function findWorkerProcess(program: string, folder: RunFolder): number | undefined {
  const name = join(basename(dirname(program)), basename(program))
  const tail = `/${name}\0${folder.folder}\0`
  const found = readdirSync('/proc').find(
    (entry) => /^\d+$/.test(entry) && commandLine(entry).endsWith(tail),
  )
  return found === undefined ? undefined : Number(found)
}

/**
 * Finds the memory of an execution from its worker's socket in the kernel, for executions without a
 * plan.
 */
export function findFabricFolder(executionId: string): string | undefined {
  const tail = workerSocketPath('', executionId)
  const line = readFileSync('/proc/net/unix', 'utf8')
    .split('\n')
    .find((each) => each.endsWith(tail))
  return line?.slice(line.indexOf('/'), -tail.length)
}

/**
 * Garbage collector threads run at the priority of the process: those of a snapshot's threads would
 * delay ticks. Heaps may grow fourfold before a collection: a snapshot's threads make much garbage
 * in little time, and collecting took a sixth of it.
 */
export const workerNodeOptions = [
  '--disable-warning=ExperimentalWarning',
  '--single-threaded-gc',
  '--heap-growing-percent=300',
]

/**
 * glibc keeps the memory of a snapshot's freed buffers unless each is mapped by itself. Other C
 * libraries ignore this.
 */
const givesMemoryBack = { MALLOC_MMAP_THRESHOLD_: '65536', MALLOC_TRIM_THRESHOLD_: '65536' }

function workerEnvironment(executionId: string): NodeJS.ProcessEnv {
  const environment: NodeJS.ProcessEnv = {
    ...process.env,
    ...givesMemoryBack,
    HEDDLE_EXECUTION_ID: executionId,
  }
  // No worker needs these, so no app can get them. A worker reads S3 with the HEDDLE_S3_ variables
  // alone.
  for (const variable of READ_ONCE) delete environment[variable]
  return environment
}

/** Empty for a process that has ended, and for hidden ones of other users. */
function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}
