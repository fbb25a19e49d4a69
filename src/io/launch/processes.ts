// The launcher of processes of this host: starts them, and ends all that they started.
// Owns process groups and signals; never decides when an app starts or ends, and passes nothing of its own environment on.

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

/** A process of this host, as those see it who run on it. */
export interface RunningProcess extends Launched {
  readonly pid: number
  /** For `isAlive`. */
  readonly startTime: number
  /** To the app's whole process group. Does nothing once it has ended. */
  signal(signal: NodeJS.Signals): void
}

export const processLauncher: Launcher = {
  launch,
  endAll: (executionId) => killProcesses(executionId),
}

/** After an app's end its output is waited for, but not for ever: a process that it left behind may hold the pipe. */
const OUTPUT_AFTER_EXIT_MS = 1000
const OUTPUT_WINDOW_MS = 50
const SETPRIV = '/usr/bin/setpriv'
const PERL = '/usr/bin/perl'
/** Becomes the leader of a process group, and then the program that its arguments name. Perl itself is not to complain of the locale. */
const LEAD_GROUP = 'delete $ENV{PERL_BADLANG}; setpgrp; exec { $ARGV[0] } @ARGV; exit 127'

/**
 * Starts a program in a process group of its own, in this process's session where the host has `perl`: Linux shares out processors among sessions first (`sched_autogroup`), and what is less
 * important in one session is as important as anything in another. Where the host has `setpriv`, the program dies with the thread that calls this: call it from the main thread.
 * Throws LaunchError, naming the command and the folder, where it can't be started.
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
    // The group's number stays taken while it has members, so this can't hit another group.
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
      // In its first moments it leads no group yet.
      if (!hasEnded && !signalGroup(pid, signal)) sendSignal(pid, signal)
    },
    end() {
      if (hasEnded) return
      const descendants = descendantsOf(pid)
      if (!signalGroup(pid, 'SIGKILL')) sendSignal(pid, 'SIGKILL')
      for (const one of descendants)
        if (isAlive(one.pid, one.startTime)) sendSignal(one.pid, 'SIGKILL')
    },
  }
}

/**
 * What every app gets of this process's environment: where programs are (the Node that runs this, first), who the user is, language,
 * time zone and temporary folder. Nothing else, so no key and no secret either.
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
    if (
      value !== undefined &&
      /^(LC_[A-Z]+|LANGUAGE|TZ|TMPDIR|USER|LOGNAME|SHELL|LD_LIBRARY_PATH)$/.test(name)
    )
      passed[name] = value
  }
  return passed
}

interface FindOptions {
  /** Processes that don't count; this process never does. */
  except?: readonly number[]
}

/** The processes of an execution, wherever in the process tree they are: those that were started with its id in their environment. */
export function findProcesses(executionId: string, { except = [] }: FindOptions = {}): number[] {
  return listProcesses().filter(
    (pid) =>
      pid !== process.pid &&
      !except.includes(pid) &&
      readEnvironment(pid).get('HEDDLE_EXECUTION_ID') === executionId &&
      isAlive(pid),
  )
}

/** Ends all processes of an execution, and resolves when they are gone. Throws where some can't be ended within `timeoutMs`. */
export async function killProcesses(
  executionId: string,
  { timeoutMs = 10_000, ...find }: FindOptions & { timeoutMs?: number } = {},
): Promise<void> {
  const giveUpAtMs = performance.now() + timeoutMs
  // Those that were ended show no environment any more, long before they have let go of their files.
  const ended = new Map<number, number>()
  // Again until none is left, as one that is being ended may have started another.
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
    `can't launch ${JSON.stringify(command[0])} in ${workingFolder}: the system refused to start it`,
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
  // Also for a failure to send a signal, which the process's end answers.
  child.on('error', (cause) => {
    failure.cause = cause
  })
  if (child.pid !== undefined) return child
  const files = missingFiles()
  if (files !== undefined) failure.message += `. ${files}`
  throw failure
}

/** Why a process got no pipes, where too many files are open. Node says so too, but only later, when nobody can be told any more. */
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

/** Both ends of the pipes for output, and of the one that tells of a failure; and one for what Node keeps back. */
const FILES_OF_LAUNCH = 8

/** Hands output on; pauses an app that writes too fast, so that reading it doesn't cost this process all its time. */
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
    // A pipe that breaks has no more output; the process's end is told by `exit`.
    child[name]!.on('error', () => child[name]!.destroy())
  }
}

/** False where there is no such group. */
function signalGroup(groupId: number, signal: NodeJS.Signals): boolean {
  return sendSignal(-groupId, signal)
}

/** A process that has ended meanwhile needs no signal: false. */
function sendSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    return false
  }
}
