// Finds packages on the host, and checks where they lie after all links are resolved.
// Owns that check; never reads a package, and tells nothing about other files of the host.

import { realpath, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { isInside } from '../../base/inside-folder.ts'
import { PackageError } from './package-error.ts'

export interface HostPlaces {
  /** Folders that may contain packages; with none, the host provides no package. `/` allows all. */
  packageFolders: readonly string[]
  /** Heddle's own folders: they contain no packages, and neither do the folders around them. */
  closedFolders: readonly string[]
}

interface HostPackage {
  /** The path with all links resolved. */
  path: string
  kind: 'folder' | 'file'
}

/**
 * Throws PackageError: PackageInvalid if the package may not lie there, PackageNotFound if it does
 * not exist.
 */
export async function findHostPackage(
  text: string,
  path: string,
  places: HostPlaces,
): Promise<HostPackage> {
  const wanted = resolve('/', path)
  const packageFolders = await resolved(places.packageFolders)
  const found = await realpath(wanted).catch((cause: Error) => {
    const isAllowed = [...places.packageFolders, ...packageFolders].some((folder) =>
      isInside(wanted, folder),
    )
    throw isAllowed ? unreadable(text, wanted, cause) : elsewhere(text)
  })
  if (!packageFolders.some((folder) => isInside(found, folder))) throw elsewhere(text)
  const closedFolders = await resolved(places.closedFolders)
  if (closedFolders.some((folder) => isInside(found, folder) || isInside(folder, found)))
    throw new PackageError('PackageInvalid', `package ${text}: Heddle keeps its own files there`)
  const stats = await stat(found).catch((cause: Error) => {
    throw unreadable(text, wanted, cause)
  })
  if (stats.isDirectory()) return { path: found, kind: 'folder' }
  if (stats.isFile()) return { path: found, kind: 'file' }
  throw new PackageError(
    'PackageInvalid',
    `package ${text}: ${wanted} is neither a folder nor a file`,
  )
}

/** Returns the existing ones, with links resolved. */
async function resolved(folders: readonly string[]): Promise<string[]> {
  const found = await Promise.all(folders.map((folder) => realpath(folder).catch(() => [])))
  return found.flat()
}

function unreadable(text: string, path: string, cause: Error): PackageError {
  return new PackageError('PackageNotFound', `package ${text}: can't be read at ${path}`, { cause })
}

/** Makes the same error whether or not a file is there, so that callers cannot probe the host. */
function elsewhere(text: string): PackageError {
  const reason =
    'it is in none of the folders of this host that packages may be taken from (package_folders)'
  return new PackageError('PackageInvalid', `package ${text}: ${reason}`)
}
