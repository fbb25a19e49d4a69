// What a run of tests left on the machine: processes of simulations, and their shared memory.
// Owns how they are recognised; only looks, never ends or removes anything.

import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

const SHARED_MEMORY_FOLDER = '/dev/shm'
const FABRIC_FOLDER = `/dev/shm/heddle-${process.geteuid?.()}`
/** Every process of a simulation has this in its environment. */
const MARK = 'HEDDLE_EXECUTION_ID='
/** A process that was told to end may need this long to be gone. */
const GRACE_MS = 30_000

interface Leftover {
  /**
   * Tells it from everything else on the machine, also from a later process with the same number.
   */
  id: string
  text: string
}

/** Everything of Heddle on the machine now, whoever it belongs to. */
export function takeInventory(): Leftover[] {
  return [...markedProcesses(), ...sharedMemory()]
}

/** What is new since `before` and is still there after a grace time. */
export async function leftoversSince(
  before: readonly Leftover[],
  graceMs = GRACE_MS,
): Promise<Leftover[]> {
  const known = new Set(before.map(({ id }) => id))
  const suspects = takeInventory().filter(({ id }) => !known.has(id))
  const limitMs = Date.now() + graceMs
  for (;;) {
    const present = new Set(takeInventory().map(({ id }) => id))
    const left = suspects.filter(({ id }) => present.has(id))
    if (left.length === 0 || Date.now() >= limitMs) return left
    await sleep(200)
  }
}

export function describeLeftovers(leftovers: readonly Leftover[]): string {
  const lines = leftovers.map(({ text }) => `  ${text}`)
  return ['left behind (or of a simulation that somebody else started meanwhile):', ...lines].join(
    '\n',
  )
}

function markedProcesses(): Leftover[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      const mark = readProcessFile(pid, 'environ')
        .split('\0')
        .find((variable) => variable.startsWith(MARK))
      if (mark === undefined) return []
      const command = readProcessFile(pid, 'cmdline').replaceAll('\0', ' ').trim()
      return [
        { id: `process ${pid} ${startTime(pid)}`, text: `process ${pid} (${mark}): ${command}` },
      ]
    })
}

/**
 * Field 22 of /proc/PID/stat, in clock ticks since boot; the command before it may hold spaces and
 * brackets.
 */
function startTime(pid: string): string {
  const stat = readProcessFile(pid, 'stat')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}

/** Empty for a process that has ended meanwhile, is a zombie, or belongs to another user. */
function readProcessFile(pid: string, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'latin1')
  } catch {
    return ''
  }
}

function sharedMemory(): Leftover[] {
  const own = list(SHARED_MEMORY_FOLDER).filter((name) => name.startsWith('heddle-'))
  const paths = [
    ...own.map((name) => `${SHARED_MEMORY_FOLDER}/${name}`),
    ...list(FABRIC_FOLDER).map((name) => `${FABRIC_FOLDER}/${name}`),
  ]
  return paths.map((path) => ({ id: path, text: `shared memory ${path}` }))
}

/**
 * Empty for a folder that isn't there, or is private to another user: nothing in that one is ours.
 */
function list(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if (['ENOENT', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return []
    throw error
  }
}
