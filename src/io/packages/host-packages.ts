// Packages that lie on the host: where they may, whatever links lead there.
// Owns that check; never reads a package, and says nothing of what is elsewhere on the host.

import { realpath, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { isInside } from '../../base/inside-folder.ts'
import { PackageError } from './package-error.ts'

export interface HostPlaces {
  /** Packages may lie in these; without any, none is taken from the host. `/` is everywhere. */
  packageFolders: readonly string[]
  /** Heddle's own: nothing in them is a package, nor any folder around them. */
  closedFolders: readonly string[]
}

export interface HostPackage {
  /** Without links. */
  path: string
  kind: 'folder' | 'file'
}

/** Throws PackageError: PackageInvalid where it may not lie there, PackageNotFound where it is not there. */
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

/** Those that there are, without links. */
async function resolved(folders: readonly string[]): Promise<string[]> {
  const found = await Promise.all(folders.map((folder) => realpath(folder).catch(() => [])))
  return found.flat()
}

function unreadable(text: string, path: string, cause: Error): PackageError {
  return new PackageError('PackageNotFound', `package ${text}: can't be read at ${path}`, { cause })
}

/** The same whether there is something or not. */
function elsewhere(text: string): PackageError {
  const reason =
    'it is in none of the folders of this host that packages may be taken from (package_folders)'
  return new PackageError('PackageInvalid', `package ${text}: ${reason}`)
}
