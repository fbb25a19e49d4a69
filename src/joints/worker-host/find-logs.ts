// Finds the log folder of a simulation on a machine, even of a deleted one.
// Owns the search by name; never reads a log.

import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { LOGS_FOLDER } from '../../core/wire/places.ts'

interface LogPlaces {
  /** The parent of the log groups' folders. */
  logs: string
  /** The parent of the run folders. */
  run: string
}

/** Returns the newest one of that name, or that of one execution. */
export function findLogFolder(
  { logs, run }: LogPlaces,
  name: string,
  executionId?: string,
): string | undefined {
  const wanted = executionId === undefined ? undefined : `${name}-${executionId.slice(0, 8)}`
  const [newest] = foldersOf(logs, name)
    .filter((folder) => wanted === undefined || folder.endsWith(`/${wanted}`))
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)
  if (newest !== undefined || executionId === undefined) return newest
  const own = join(run, executionId, LOGS_FOLDER)
  return existsSync(own) ? own : undefined
}

/** Every execution of that name has one, in the folder of its log group. */
function foldersOf(logs: string, name: string): string[] {
  if (!existsSync(logs)) return []
  return readdirSync(logs, { withFileTypes: true })
    .filter((group) => group.isDirectory())
    .flatMap(({ name: group }) =>
      readdirSync(join(logs, group)).map((each) => join(logs, group, each)),
    )
    .filter((folder) => isOf(folder, name))
}

function isOf(folder: string, simulation: string): boolean {
  const name = folder.slice(folder.lastIndexOf('/') + 1)
  return (
    name.startsWith(`${simulation}-`) && /^[0-9a-f]{8}$/.test(name.slice(simulation.length + 1))
  )
}
