// The files that the commands of `heddle access` work on. Owns where they are, and how their faults
// are shown; never changes one.

import { readFileSync } from 'node:fs'
import { parsePolicyFile } from '../control/access/access-file.ts'
import { AccessFolder } from '../control/access/access-folder.ts'
import { type ConfigOptions, resolveDataFolder } from '../control/config.ts'
import { dataFolder, makeDataFolder } from '../control/data-folder.ts'

export function accessFolderOf(options: ConfigOptions): string {
  const data = dataFolder(resolveDataFolder(options, process.env))
  makeDataFolder(data)
  return data.access
}

/** Prints faults to stderr and continues with the files that are not broken. */
export function readFolder(folder: string): AccessFolder {
  return new AccessFolder(folder, ({ file, line, reason }) => {
    process.stderr.write(`${folder}/${file}:${line}: ${reason}\n`)
  })
}

export function policyIn(file: string): ReturnType<typeof parsePolicyFile> {
  return parsePolicyFile(file, readFileSync(file, 'utf8'))
}
