// Temporary files of the folder store: names that identify the writer, and the removal of files
// whose writer has ended.
// Owns the names; never touches a file that a living process may still write.

import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { readdir, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { codeOf } from './file-faults.ts'

/** Age at which a file is removed if its writer runs on another machine or in another container. */
const FOREIGN_AGE_MS_MAX = 24 * 3600_000

/** Returns the path of a new temporary file: `<machine>-<pid>-<start of the process>-<random>`. */
export function temporaryPath(folder: string): string {
  const self = describeSelf()
  return join(
    folder,
    `${self.machine}-${process.pid}-${self.start}-${randomBytes(12).toString('hex')}`,
  )
}

/** Removes the files whose writer has ended. */
export async function clearTemporaryFiles(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name)
    if (await isAbandoned(path)) await rm(path, { force: true, recursive: true })
  }
}

/** True if the writer of a temporary file has ended. */
export async function isAbandoned(path: string): Promise<boolean> {
  const match = /^([0-9a-f]+)-(\d+)-(\d+)-[0-9a-f]+$/.exec(basename(path))
  if (match !== null && match[1] === describeSelf().machine)
    return startOfProcess(match[2]!) !== match[3]
  try {
    return Date.now() - (await stat(path)).mtimeMs > FOREIGN_AGE_MS_MAX
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false
    throw error
  }
}

interface Self {
  machine: string
  start: string
}
let self: Self | undefined

/** Boot id and PID namespace: a process id means the same only within the same two. */
function describeSelf(): Self {
  self ??= {
    machine: createHash('sha256')
      .update(readFileSync('/proc/sys/kernel/random/boot_id'))
      .update(readlinkSync('/proc/self/ns/pid'))
      .digest('hex')
      .slice(0, 12),
    start: startOfProcess('self') ?? '0',
  }
  return self
}

/**
 * Start in clock ticks since boot (field 22 of `/proc/<pid>/stat`); undefined if there is no such
 * process.
 */
function startOfProcess(pid: string): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19]
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ESRCH') return undefined
    throw error
  }
}
