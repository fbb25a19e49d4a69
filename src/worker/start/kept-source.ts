// The source that an execution was started with, in a file of its run folder. The worker after a
// lost one starts from it, whatever the object store holds by then.
// Owns the file; never decides what is started.

import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { readJsonFile } from '../../io/files/json-file.ts'

const keptSourceShape = z.object({
  schemaText: z.string(),
  /** The unique id of the snapshot, if it was started from one. */
  snapshotId: z.string().optional(),
})
type KeptSource = z.infer<typeof keptSourceShape>

const FILE_NAME = 'start.json'

/** Throws if the file cannot be written. */
export function keepSource(runFolder: string, source: KeptSource): void {
  const file = join(runFolder, FILE_NAME)
  writeFileSync(`${file}.new`, JSON.stringify(source), { mode: 0o600, flush: true })
  renameSync(`${file}.new`, file)
}

/** Undefined if no worker has kept one. Throws if the file is damaged. */
export function keptSource(runFolder: string): KeptSource | undefined {
  const { content, fault } = readJsonFile(join(runFolder, FILE_NAME), keptSourceShape)
  if (fault !== undefined) throw new Error(fault)
  return content
}
