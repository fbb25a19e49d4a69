// App processes: launched in groups of their own, found again by their execution, and ended without a trace.
// Owns spawning and killing; never decides whether a process should run.

import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, constants, existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { delimiter, dirname, isAbsolute, join } from 'node:path'

export interface LaunchOptions {
  command: readonly string[]
  workingFolder: string
  /** The whole environment: nothing is added to it. */
  environment: Record<string, string>
  onOutput(stream: 'stdout' | 'stderr', chunk: Buffer): void
  /** Called once, when the process has ended and its output is read. */
  onExit(exit: { code: number | null; signal: NodeJS.Signals | null }): void
}

export interface RunningProcess {
  readonly pid: number
  signal(signal: NodeJS.Signals): void
  /** Kills the process and all of its group. */
  killTree(): void
}

const setpriv = '/usr/bin/setpriv'
/** A process that has ended, but whose output is held open by a child of its own, is waited for no longer than this. */
const outputGraceMs = 1000

/** Starts a process that dies with this one. Throws where the command can't be found or run. */
export function launch({ command, workingFolder, environment, onOutput, onExit }: LaunchOptions): RunningProcess {
  const program = resolveProgram(command[0], workingFolder, environment.PATH ?? '')
  const [file, args] = existsSync(setpriv)
    ? [setpriv, ['--pdeathsig', 'KILL', '--', program, ...command.slice(1)]]
    : [program, command.slice(1)]
  const child = spawn(file, args, {
    cwd: workingFolder,
    env: environment,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  child.stdout.on('data', (chunk: Buffer) => onOutput('stdout', chunk))
  child.stderr.on('data', (chunk: Buffer) => onOutput('stderr', chunk))
  whenOver(child, onExit)
  const pid = child.pid ?? -1
  return {
    pid,
    signal: (signal) => {
      if (pid > 0) killQuietly(pid, signal)
    },
    killTree: () => {
      if (pid > 0) killQuietly(-pid, 'SIGKILL')
    },
  }
}

function whenOver(child: ChildProcess, onExit: LaunchOptions['onExit']): void {
  let over = false
  const end = (code: number | null, signal: NodeJS.Signals | null) => {
    if (over) return
    over = true
    onExit({ code, signal })
  }
  child.once('error', () => end(127, null))
  child.once('close', end)
  child.once('exit', (code, signal) => setTimeout(() => end(code, signal), outputGraceMs))
}

/** A path is taken from the package; a bare name is looked for there first, and then in PATH. */
function resolveProgram(name: string, folder: string, path: string): string {
  if (name === undefined || name === '') throw new Error('the launch command is empty')
  const inPackage = isAbsolute(name) ? name : join(folder, name)
  if (existsSync(inPackage) && statSync(inPackage).isFile()) {
    if (!isExecutable(inPackage)) throw new Error(`the launch command '${name}' in ${folder} is not executable`)
    return inPackage
  }
  if (!name.includes('/')) {
    for (const place of path.split(delimiter)) if (place && isExecutable(join(place, name))) return join(place, name)
    throw new Error(`the launch command '${name}' is neither in the package (${folder}) nor in PATH`)
  }
  throw new Error(`the launch command '${name}' is not in the package (${folder})`)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}

const inheritedVariables = ['HOME', 'LANG', 'LANGUAGE', 'LC_ALL', 'LOGNAME', 'SHELL', 'TERM', 'TMPDIR', 'TZ', 'USER']

/** What every app may know of the host's environment; `node` is the Node that this program runs on. */
export function baseEnvironment(): Record<string, string> {
  const environment: Record<string, string> = {
    PATH: [dirname(process.execPath), process.env.PATH ?? '/usr/bin:/bin'].join(delimiter),
  }
  for (const name of inheritedVariables) {
    const value = process.env[name]
    if (value !== undefined) environment[name] = value
  }
  return environment
}

/** Processes that were started with this execution's id in their environment, children of children included. */
export function findProcesses(executionId: string): number[] {
  const marker = `HEDDLE_EXECUTION_ID=${executionId}`
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((entry) => readQuietly(`/proc/${entry}/environ`).split('\0').includes(marker))
    .map(Number)
}

/** Kills all processes of an execution but those in `except` (this process never). Resolves when none is left. */
export async function killProcesses(executionId: string, options: { except?: readonly number[] } = {}): Promise<void> {
  const spared = new Set([process.pid, ...(options.except ?? [])])
  for (;;) {
    const left = findProcesses(executionId).filter((pid) => !spared.has(pid))
    if (left.length === 0) return
    for (const pid of left) killQuietly(pid, 'SIGKILL')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** When a process started, in clock ticks since the machine's start; undefined where there is no such process. With the pid it names a process for ever. */
export function startTimeOf(pid: number): number | undefined {
  const stat = readQuietly(`/proc/${pid}/stat`)
  const afterName = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (stat === '' || afterName[0] === 'Z') return undefined
  return Number(afterName[19])
}

/** Is it still the process that started then? */
export function isAlive(pid: number, startTime: number): boolean {
  return startTimeOf(pid) === startTime
}

/** Somebody traces the process, or its Node was started for a debugger: it may stand still for as long as it likes. */
export function isBeingDebugged(pid: number): boolean {
  const tracer = /^TracerPid:\s+(\d+)/m.exec(readQuietly(`/proc/${pid}/status`))
  if (tracer !== null && tracer[1] !== '0') return true
  const nodeOptions = readQuietly(`/proc/${pid}/environ`)
    .split('\0')
    .find((variable) => variable.startsWith('NODE_OPTIONS='))
  return /(^|[\s\0=])--inspect/.test(`${readQuietly(`/proc/${pid}/cmdline`)}\0${nodeOptions ?? ''}`)
}

/** Empty where the process is gone, or another user's. */
function readQuietly(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/** A process that has ended meanwhile is what was wanted. */
function killQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ESRCH') throw cause
  }
}
