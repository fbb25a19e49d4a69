// Temporary files of the folder store: names that tell who writes them, and the clearing away of those whose writer is gone.
// Owns the names; never touches a file that a living process may still write.

import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { readdir, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { codeOf } from './file-faults.ts'

/** A file of a process that can't be seen from here (another machine or container) is left alone for this long. */
const FOREIGN_AGE_MS_MAX = 24 * 3600_000

/** The path of a new temporary file: `<machine>-<pid>-<start of the process>-<random>`. */
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

/** Whether the writer of a temporary file has ended. */
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

/** The machine's start and the name space of process ids: only within the same two does a process id mean the same. */
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

/** In clock ticks since the machine's start (field 22 of `/proc/<pid>/stat`); undefined where there is no such process. */
function startOfProcess(pid: string): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19]
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ESRCH') return undefined
    throw error
  }
}
