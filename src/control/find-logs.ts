// Finds the log folder of a simulation, also of one that was deleted.
// Owns the search by name; never reads a log.

import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { LOGS_FOLDER } from '../core/wire/places.ts'
import { type DataFolder, runFolder } from './data-folder.ts'
import { readRecords } from './overview.ts'

/** Throws an Error that says why where there is none. */
export async function findLogFolder(data: DataFolder, simulation: string): Promise<string> {
  const record = (await readRecords(data)).find((each) => each.name === simulation)
  const wanted = record === undefined ? undefined : `${simulation}-${record.executionId.slice(0, 8)}`
  const [newest] = foldersOf(data, simulation)
    .filter((folder) => wanted === undefined || folder.endsWith(`/${wanted}`))
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)
  if (newest !== undefined) return newest
  if (record === undefined) {
    throw new Error(`there is no simulation named ${simulation} in ${data.folder}, and no logs of one`)
  }
  const own = join(runFolder(data, record.executionId).folder, LOGS_FOLDER)
  if (existsSync(own)) return own
  const output = `what its worker itself said is in ${runFolder(data, record.executionId).workerLog}`
  throw new Error(`${simulation} has no logs yet; ${output}`)
}

/** All executions of that name have one, in the folder of their log group. */
function foldersOf(data: DataFolder, simulation: string): string[] {
  if (!existsSync(data.logs)) return []
  return readdirSync(data.logs, { withFileTypes: true })
    .filter((group) => group.isDirectory())
    .flatMap((group) => readdirSync(join(data.logs, group.name)).map((name) => join(data.logs, group.name, name)))
    .filter((folder) => isOf(folder, simulation))
}

function isOf(folder: string, simulation: string): boolean {
  const name = folder.slice(folder.lastIndexOf('/') + 1)
  return name.startsWith(`${simulation}-`) && /^[0-9a-f]{8}$/.test(name.slice(simulation.length + 1))
}
