// Which file a log stream is in, and which stream a file is of.
// Owns the names; never opens anything.

import { join } from 'node:path'

const streamName = /^(\/[A-Za-z0-9_.#-]+)+$/
const suffix = '.log'
const oldSuffix = '.log.1'

/** `/sim/management` is in `sim/management.log`. Throws where the name could lead out of the folder. */
export function streamFile(folder: string, name: string): string {
  return join(folder, `${checked(name).slice(1)}${suffix}`)
}

/** Where the stream's lines before the last rotation are. */
export function oldStreamFile(folder: string, name: string): string {
  return join(folder, `${checked(name).slice(1)}${oldSuffix}`)
}

/** The stream of a file, given by its path inside the folder; undefined where it is none's, or the older part of one. */
export function streamOfFile(path: string): string | undefined {
  return path.endsWith(suffix) ? `/${path.slice(0, -suffix.length)}` : undefined
}

function checked(name: string): string {
  if (!streamName.test(name) || name.split('/').some((part) => part === '.' || part === '..'))
    throw new Error(`'${name}' is no name of a log stream`)
  return name
}
