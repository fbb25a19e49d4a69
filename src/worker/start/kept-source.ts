// What an execution was started with, in a file of its run folder: the worker that comes after a lost one starts from that,
// whatever lies in the object store by then.
// Owns the file; never decides what is started.

import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface KeptSource {
  schemaText: string
  /** Of the snapshot, where it was one: no other snapshot has the same. */
  snapshotId?: string
}

const fileName = 'start.json'

/** Throws where the file can't be written. */
export function keepSource(runFolder: string, source: KeptSource): void {
  const file = join(runFolder, fileName)
  writeFileSync(`${file}.new`, JSON.stringify(source), { mode: 0o600, flush: true })
  renameSync(`${file}.new`, file)
}

/** Undefined where no worker came so far as to keep it. Throws where there is a file that can't be read. */
export function keptSource(runFolder: string): KeptSource | undefined {
  const file = join(runFolder, fileName)
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as KeptSource
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new Error(`${file} can't be read`, { cause })
  }
}
