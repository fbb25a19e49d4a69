// What an execution was started with, in a file of its run folder: the worker that comes after a
// lost one starts from that, whatever lies in the object store by then.
// Owns the file; never decides what is started.

import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { readJsonFile } from '../../io/files/json-file.ts'

const keptSourceShape = z.object({
  schemaText: z.string(),
  /** Of the snapshot, where it was one: no other snapshot has the same. */
  snapshotId: z.string().optional(),
})
type KeptSource = z.infer<typeof keptSourceShape>

const FILE_NAME = 'start.json'

/** Throws where the file can't be written. */
export function keepSource(runFolder: string, source: KeptSource): void {
  const file = join(runFolder, FILE_NAME)
  writeFileSync(`${file}.new`, JSON.stringify(source), { mode: 0o600, flush: true })
  renameSync(`${file}.new`, file)
}

/** Undefined where no worker came so far as to keep it. Throws where there is a damaged file. */
export function keptSource(runFolder: string): KeptSource | undefined {
  const { content, fault } = readJsonFile(join(runFolder, FILE_NAME), keptSourceShape)
  if (fault !== undefined) throw new Error(fault)
  return content
}
