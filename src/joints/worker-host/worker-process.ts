// A worker as a process of the operating system: how one is started, and how it is found again.
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

/** The real worker; tests have others. */
export const WORKER_PROGRAM = fileURLToPath(new URL('../../worker/main.ts', import.meta.url))

/**
 * Starts `node <program> <runFolder>`, where there is a plan, in a session of its own: it outlives
 * control, and a Ctrl-C in control's terminal does not reach it. Its output goes to `worker.log`.
 * Throws where it can't be started.
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

/** How it has ended, in words; undefined while it lives. */
export function endingOf({ signalCode, exitCode }: ChildProcess): string | undefined {
  if (signalCode !== null) return `by ${signalCode}`
  return exitCode === null ? undefined : `with exit code ${exitCode}`
}

/**
 * The process of the worker that was started for this run folder, whoever started it, also from
 * another installation of Heddle. Undefined if there is none.
 */
export function findWorkerProcess(program: string, folder: RunFolder): number | undefined {
  const name = join(basename(dirname(program)), basename(program))
  const tail = `/${name}\0${folder.folder}\0`
  const found = readdirSync('/proc').find((entry) => /^\d+$/.test(entry) && commandLine(entry).endsWith(tail))
  return found === undefined ? undefined : Number(found)
}

/**
 * Where the memory of an execution is whose worker serves now, as the kernel knows of its socket;
 * for one without a plan.
 */
export function findFabricFolder(executionId: string): string | undefined {
  const tail = workerSocketPath('', executionId)
  const line = readFileSync('/proc/net/unix', 'utf8')
    .split('\n')
    .find((each) => each.endsWith(tail))
  return line?.slice(line.indexOf('/'), -tail.length)
}

/**
 * Helpers of the garbage collector run at the priority of the process: those of a snapshot's threads would make ticks late. And heaps may grow to four times of what is used before they are
 * collected: a snapshot's threads make much garbage in little time, and collecting took a sixth of it.
 */
export const workerNodeOptions = [
  '--disable-warning=ExperimentalWarning',
  '--single-threaded-gc',
  '--heap-growing-percent=300',
]

/** The C library keeps what a snapshot's buffers took, unless they are mapped each by itself (glibc; others ignore it). */
const givesMemoryBack = { MALLOC_MMAP_THRESHOLD_: '65536', MALLOC_TRIM_THRESHOLD_: '65536' }

function workerEnvironment(executionId: string): NodeJS.ProcessEnv {
  const environment: NodeJS.ProcessEnv = { ...process.env, ...givesMemoryBack, HEDDLE_EXECUTION_ID: executionId }
  // No worker needs these, so that no app can come by them. A worker reads S3 with the HEDDLE_S3_ variables alone.
  for (const variable of READ_ONCE) delete environment[variable]
  return environment
}

/** Empty for a process that has ended, and for one of another user where the kernel hides them. */
function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}
