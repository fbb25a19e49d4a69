// The processes of a simulation as the operating system shows them: its worker and its apps.
// Owns the search; never sends a signal.

import { readdirSync, readFileSync } from 'node:fs'

export interface SimulationProcess {
  pid: number
  /** Absent for the worker. */
  app?: string
  domain?: string
}

/** Returns all living processes started with this execution's id, and their descendants. */
export function processesOf(executionId: string): SimulationProcess[] {
  const found: SimulationProcess[] = []
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry)
    if (!Number.isInteger(pid)) continue
    const variables = read(`/proc/${pid}/environ`).split('\0')
    const value = (name: string) =>
      variables.find((variable) => variable.startsWith(`${name}=`))?.slice(name.length + 1)
    if (value('HEDDLE_EXECUTION_ID') !== executionId || isEnded(pid)) continue
    const [app, domain] = [value('HEDDLE_APP'), value('HEDDLE_DOMAIN')]
    found.push({ pid, ...(app !== undefined && { app }), ...(domain !== undefined && { domain }) })
  }
  return found
}

/** True for zombies too. */
export function isEnded(pid: number): boolean {
  const stat = read(`/proc/${pid}/stat`)
  return stat === '' || stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z')
}

/** Returns the resident memory of processes, in MiB; counts shared memory once for each. */
export function residentMiB(pids: readonly number[]): number {
  const pages = pids.map((pid) => Number(read(`/proc/${pid}/statm`).split(' ')[1] ?? 0))
  return (pages.reduce((sum, count) => sum + count, 0) * 4096) / 1024 ** 2
}

/** Returns the private anonymous memory of processes, in MiB. */
export function ownMiB(pids: readonly number[]): number {
  const kiB = pids.map((pid) =>
    Number(/^RssAnon:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0),
  )
  return kiB.reduce((sum, count) => sum + count, 0) / 1024
}

/** Returns an empty text if the process has ended, or belongs to another user. */
function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch (error) {
    if (
      ['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')
    )
      return ''
    throw error
  }
}
