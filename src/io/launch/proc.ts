// Reads what Linux tells of processes in /proc.
// Owns the reading; never sends a signal. A process that ends while it is read counts as absent.

import { readdirSync, readFileSync } from 'node:fs'

interface ProcessStat {
  pid: number
  /** One letter. `Z`: ended, not yet reaped; `X`: just reaped. */
  state: string
  parentPid: number
  groupId: number
  threads: number
  /**
   * Clock ticks from boot to the start of the process. The pid and this identify a process for
   * good.
   */
  startTime: number
}

/** Undefined if there is no such process. */
function readStat(pid: number): ProcessStat | undefined {
  const text = readProc(pid, 'stat')
  if (text === undefined) return undefined
  // The second field is the program's name in brackets, which may hold spaces and brackets itself.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return {
    pid,
    state: fields[0],
    parentPid: Number(fields[1]),
    groupId: Number(fields[2]),
    threads: Number(fields[17]),
    startTime: Number(fields[19]),
  }
}

/** When the process started, for `isAlive`. Undefined if there is no such process. */
export function startTimeOf(pid: number): number | undefined {
  return readStat(pid)?.startTime
}

/** Whether the process runs. With `startTime`, a later process with the same pid does not count. */
export function isAlive(pid: number, startTime?: number): boolean {
  const stat = readStat(pid)
  if (stat === undefined || stat.state === 'X') return false
  // Only the first thread has ended. The process keeps its files and locks until the others end.
  if (stat.state === 'Z' && stat.threads <= 1) return false
  return startTime === undefined || stat.startTime === startTime
}

/**
 * The process's own memory in bytes, without what it shares through a tmpfs. Undefined if there is
 * no such process.
 */
export function ownMemoryBytes(pid: number): number | undefined {
  const text = readProc(pid, 'status')
  if (text === undefined) return undefined
  const kibibytes = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0)
  return (kibibytes('RssAnon') + kibibytes('RssFile')) * 1024
}

/** Whether a debugger is attached, or Node's inspector was enabled at the start. */
export function isBeingDebugged(pid: number): boolean {
  const tracer = /^TracerPid:\t(\d+)$/m.exec(readProc(pid, 'status') ?? '')?.[1]
  if (tracer !== undefined && tracer !== '0') return true
  const inspects = (word: string) => /^--inspect(-brk|-wait)?(=|$)/.test(word)
  if (readProc(pid, 'cmdline')?.split('\0').some(inspects)) return true
  const nodeOptions = readEnvironment(pid).get('NODE_OPTIONS')
  return nodeOptions?.split(/\s+/).some(inspects) ?? false
}

/**
 * The most files, pipes and connections that this process may have open. Node raises its soft limit
 * to the hard limit.
 */
export function openFilesMax(): number {
  return softLimit(/^Max open files\s+(\d+)/m)
}

/** The largest file, in bytes, that this process may write. */
export function fileBytesMax(): number {
  return softLimit(/^Max file size\s+(\d+)/m)
}

function softLimit(pattern: RegExp): number {
  const text = pattern.exec(readProc('self', 'limits') ?? '')?.[1]
  return text === undefined ? Number.POSITIVE_INFINITY : Number(text)
}

/** All processes that this one can see. */
export function listProcesses(): number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger)
}

/** The variables that the process was started with. Empty if they cannot be read. */
export function readEnvironment(pid: number): Map<string, string> {
  const variables = readProc(pid, 'environ')?.split('\0') ?? []
  return new Map(
    variables.map((variable) => [
      variable.split('=', 1)[0],
      variable.slice(variable.indexOf('=') + 1),
    ]),
  )
}

/** All descendants, the nearest first. */
export function descendantsOf(pid: number): ProcessStat[] {
  const all = listProcesses().flatMap((one) => readStat(one) ?? [])
  const found: ProcessStat[] = []
  for (let parents = new Set([pid]); parents.size > 0; ) {
    const children = all.filter(({ parentPid }) => parents.has(parentPid))
    found.push(...children)
    parents = new Set(children.map((child) => child.pid))
  }
  return found
}

function readProc(pid: number | 'self', file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES' || code === 'EPERM')
      return undefined
    throw error
  }
}
