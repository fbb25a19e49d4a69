// The launcher for processes of this host: starts them, and ends everything that they started.
// Owns process groups and signals. Never decides when an app starts or ends, and never passes this
// process's environment on.

import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, openSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname } from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { assert } from '../../base/assert.ts'
import { filesFault } from '../../base/files-fault.ts'
import { identityVariables, type Launch, type Launched, type Launcher } from './launcher.ts'
import {
  descendantsOf,
  isAlive,
  isBeingDebugged,
  listProcesses,
  readEnvironment,
  startTimeOf,
} from './proc.ts'
import { LaunchError, resolveCommand } from './resolve-command.ts'

export { isAlive, startTimeOf } from './proc.ts'
export { LaunchError } from './resolve-command.ts'

/** A launched app, as seen on its own host. */
export interface RunningProcess extends Launched {
  readonly pid: number
  /** For `isAlive`. */
  readonly startTime: number
  /** Signals the app's whole process group. Does nothing if it has ended. */
  signal(signal: NodeJS.Signals): void
}

export const processLauncher: Launcher = {
  launch,
  endAll: (executionId) => killProcesses(executionId),
}

/**
 * The limit on reading output after an app's end: a process that it left may hold the pipe open.
 */
const OUTPUT_AFTER_EXIT_MS = 1000
const OUTPUT_WINDOW_MS = 50
const SETPRIV = '/usr/bin/setpriv'
const PERL = '/usr/bin/perl'
/**
 * Makes itself a process group leader, then runs the program in its arguments. The locale variable
 * keeps Perl from warning.
 */
const LEAD_GROUP =
  'delete $ENV{PERL_BADLANG}; setpgrp; exec { $ARGV[0] } @ARGV; ' +
  'print STDERR "can\'t run $ARGV[0], or what it needs to be run: $!\\n"; exit 127'

/**
 * Starts a program in its own process group, within this process's session if the host has `perl`.
 * Linux divides processors among sessions first (`sched_autogroup`), so priorities only count
 * within a session. If the host has `setpriv`, the program dies with the calling thread: call it
 * from the main thread. Throws LaunchError, naming the command and the folder, if the program
 * cannot be started.
 */
export function launch(options: Launch): RunningProcess {
  const { command, workingFolder, closedFolders, environment, onExit } = options
  assert(command.length > 0, 'a launch command names a program')
  const program = resolveCommand(command[0], workingFolder, environment.PATH ?? '', closedFolders)
  const leading = existsSync(PERL) ? [PERL, '-e', LEAD_GROUP, '--'] : []
  const words = [...dyingWithParent(), ...leading, program, ...command.slice(1)]
  const child = start(words, options, leading.length === 0)
  const pid = child.pid!
  const startTime = startTimeOf(pid) ?? 0
  readOutput(child, options)

  let hasEnded = false
  child.once('exit', (code, signal) => {
    // The group's number stays taken while it has members, so the signal cannot hit another group.
    signalGroup(pid, 'SIGKILL')
    hasEnded = true
    const timer = setTimeout(() => {
      child.stdout?.destroy()
      child.stderr?.destroy()
    }, OUTPUT_AFTER_EXIT_MS)
    child.once('close', () => {
      clearTimeout(timer)
      onExit({ code, signal })
    })
  })
  return {
    pid,
    startTime,
    place: `pid=${pid}`,
    get isAlive() {
      return !hasEnded
    },
    isBeingDebugged: () => !hasEnded && isBeingDebugged(pid),
    signal(signal) {
      // A process that has just started does not lead a group yet.
      if (!hasEnded && !signalGroup(pid, signal)) sendSignal(pid, signal)
    },
    end() {
      if (!hasEnded) endTree(pid)
    },
  }
}

/** Kills a process, the group that it leads, if it leads one, and its descendants in any group. */
export function endTree(pid: number): void {
  const descendants = descendantsOf(pid)
  if (!signalGroup(pid, 'SIGKILL')) sendSignal(pid, 'SIGKILL')
  for (const one of descendants) if (isAlive(one.pid, one.startTime)) sendSignal(one.pid, 'SIGKILL')
}

/**
 * The part of this process's environment that every app gets: the path (the Node that runs this
 * first), user, language, time zone and temporary folder. Keys and secrets are not in it.
 */
export function baseEnvironment(
  environment: NodeJS.ProcessEnv = process.env,
): Record<string, string> {
  const passed: Record<string, string> = {
    PATH: `${dirname(process.execPath)}:${environment.PATH || '/usr/local/bin:/usr/bin:/bin'}`,
    HOME: environment.HOME || homedir(),
    LANG: environment.LANG || 'C.UTF-8',
  }
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && /^(LC_[A-Z]+|LANGUAGE|TZ|TMPDIR|USER|LOGNAME|SHELL)$/.test(name))
      passed[name] = value
  }
  return passed
}

interface FindOptions {
  /** Processes to leave out. This process is always left out. */
  except?: readonly number[]
}

/**
 * The processes that were started with the execution's id in their environment, anywhere in the
 * process tree.
 */
export function findProcesses(executionId: string, { except = [] }: FindOptions = {}): number[] {
  return listProcesses().filter(
    (pid) =>
      pid !== process.pid &&
      !except.includes(pid) &&
      readEnvironment(pid).get('HEDDLE_EXECUTION_ID') === executionId &&
      isAlive(pid),
  )
}

/**
 * Ends all processes of an execution, and resolves when they are gone. Throws if some do not end
 * within `timeoutMs`.
 */
export async function killProcesses(
  executionId: string,
  { timeoutMs = 10_000, ...find }: FindOptions & { timeoutMs?: number } = {},
): Promise<void> {
  const giveUpAtMs = performance.now() + timeoutMs
  // Killed processes lose their environment before they release their files, so keep them here.
  const ended = new Map<number, number>()
  // Repeat until none is left: a process may start another before it ends.
  for (let waitMs = 1; ; waitMs = Math.min(waitMs * 2, 100)) {
    const found = findProcesses(executionId, find)
    for (const pid of found) {
      ended.set(pid, startTimeOf(pid) ?? 0)
      sendSignal(pid, 'SIGKILL')
    }
    for (const [pid, startTime] of ended) if (!isAlive(pid, startTime)) ended.delete(pid)
    if (found.length === 0 && ended.size === 0) return
    if (performance.now() > giveUpAtMs)
      throw new Error(
        `processes of execution ${executionId} can't be ended: ${[...ended.keys()].join(', ')}`,
      )
    await sleep(waitMs)
  }
}

function dyingWithParent(): string[] {
  return existsSync(SETPRIV) ? [SETPRIV, '--pdeathsig', 'KILL', '--'] : []
}

function start(
  [file, ...words]: string[],
  { identity, command, workingFolder, environment: given }: Launch,
  inSessionOfItsOwn: boolean,
): ChildProcess {
  const failure = new LaunchError(
    `can't launch ${JSON.stringify(command[0])} in ${workingFolder}: ` +
      'the system refused to start it',
  )
  const environment = { ...given, ...identityVariables(identity) }
  let child: ChildProcess
  try {
    child = spawn(file, words, {
      cwd: workingFolder,
      env: inSessionOfItsOwn ? environment : { ...environment, PERL_BADLANG: '0' },
      detached: inSessionOfItsOwn,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  } catch (cause) {
    failure.cause = cause
    throw failure
  }
  // Node also emits this if a signal cannot be sent; `exit` covers that.
  child.on('error', (cause) => {
    failure.cause = cause
  })
  if (child.pid !== undefined) return child
  const files = missingFiles()
  if (files !== undefined) failure.message += `. ${files}`
  throw failure
}

/**
 * The reason if a process got no pipes because too many files are open. Node reports this only
 * after the caller has been answered.
 */
function missingFiles(): string | undefined {
  const opened: number[] = []
  try {
    for (let count = 0; count < FILES_OF_LAUNCH; count += 1) opened.push(openSync('/dev/null', 'r'))
    return undefined
  } catch (error) {
    return filesFault(error)
  } finally {
    for (const file of opened) closeSync(file)
  }
}

/** Both ends of the two output pipes and of the error pipe, and a spare that Node holds back. */
const FILES_OF_LAUNCH = 8

/**
 * Passes output on. Pauses an app that writes too fast, so that reading cannot use up this
 * process's time.
 */
function readOutput(
  child: ChildProcess,
  { onOutput, outputBytesPerSecondMax = 32 * 1024 * 1024 }: Launch,
): void {
  const windowBytesMax = (outputBytesPerSecondMax * OUTPUT_WINDOW_MS) / 1000
  let windowBytes = 0
  let isInWindow = false
  const streams: Readable[] = [child.stdout!, child.stderr!]
  const nextWindow = () => {
    isInWindow = false
    windowBytes = 0
    for (const stream of streams) stream.resume()
  }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]!.on('data', (chunk: Buffer) => {
      windowBytes += chunk.length
      if (!isInWindow) setTimeout(nextWindow, OUTPUT_WINDOW_MS)
      isInWindow = true
      if (windowBytes > windowBytesMax) for (const stream of streams) stream.pause()
      onOutput(name, chunk)
    })
    // A broken pipe has no more output; `exit` reports the end of the process.
    child[name]!.on('error', () => child[name]!.destroy())
  }
}

/** False if there is no such group. */
function signalGroup(groupId: number, signal: NodeJS.Signals): boolean {
  return sendSignal(-groupId, signal)
}

/** False if the process has ended: it needs no signal. */
function sendSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    return false
  }
}
