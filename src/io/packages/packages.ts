// The packages of one simulation's apps: fetches each once, as a folder ready to run from.
// Owns the destination folder; never changes a folder that it did not make.

import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { chmod, lstat, mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { filesFault } from '../../base/files-fault.ts'
import { type PackageLocation, packageLocationText } from '../../base/package-location.ts'
import { type Objects, ObjectsError } from '../objects/objects.ts'
import { readObject } from '../objects/read-object.ts'
import { findHostPackage, type HostPlaces } from './host-packages.ts'
import { PackageError } from './package-error.ts'
import { type UnzipLimits, unzip } from './unzip.ts'

export { PackageError }

export interface PackagesOptions extends Partial<HostPlaces> {
  objects: Pick<Objects, 'get'>
  /** Made if it doesn't exist. Packages fetched into it before are used again. */
  destinationFolder: string
  /** Ends the fetch, which then throws the signal's reason. */
  signal?: AbortSignal
  limits?: Partial<UnzipLimits>
}

/**
 * Fetches under way in this process, keyed by the folder that they make. Two at once would collide.
 */
const fetches = new Map<string, Promise<string>>()

/**
 * Returns the folder with the package's content, read-only. The same location and destination give
 * the same folder. Concurrent callers share the first one's fetch, and its end if it is aborted. A
 * folder of the host is used in place, unchanged. Throws PackageError and leaves nothing behind;
 * the next call tries again.
 */
export async function fetchPackage(
  location: PackageLocation,
  options: PackagesOptions,
): Promise<string> {
  const text = packageLocationText(location)
  const { packageFolders = [], closedFolders = [] } = options
  const onHost =
    location.kind === 'path'
      ? await findHostPackage(text, location.path, { packageFolders, closedFolders })
      : undefined
  if (onHost?.kind === 'folder') return onHost.path
  const zipFile = onHost?.path
  const name = createHash('sha256')
    .update(zipFile ?? text)
    .digest('hex')
    .slice(0, 16)
  const folder = join(resolve(options.destinationFolder), name)
  const fetch =
    fetches.get(folder) ??
    fetchInto(folder, location, zipFile, options).finally(() => fetches.delete(folder))
  fetches.set(folder, fetch)
  return fetch
}

/**
 * Removes a folder with everything in it, even read-only files. Does nothing if it does not exist.
 */
export async function removePackages(folder: string): Promise<void> {
  await makeWritable(folder)
  await rm(folder, { recursive: true, force: true })
}

async function fetchInto(
  folder: string,
  location: PackageLocation,
  zipFile: string | undefined,
  options: PackagesOptions,
): Promise<string> {
  if (await exists(folder)) return folder
  const text = packageLocationText(location)
  const partial = `${folder}.partial`
  const download = `${folder}.zip`
  await removePackages(partial)
  try {
    await mkdir(partial, { recursive: true })
    if (location.kind === 's3') await fetchObject(location, download, options)
    await unzip(zipFile ?? download, partial, {
      name: text,
      signal: options.signal,
      limits: options.limits,
    })
    await rename(partial, folder)
    return folder
  } catch (error) {
    await removePackages(partial)
    options.signal?.throwIfAborted()
    throw explained(error, text)
  } finally {
    await rm(download, { force: true })
  }
}

async function fetchObject(
  location: { bucket: string; key: string },
  file: string,
  { objects, signal }: PackagesOptions,
): Promise<void> {
  try {
    await readObject(
      objects,
      location,
      (_, body) => pipeline(body, createWriteStream(file), { signal }),
      { signal },
    )
  } catch (error) {
    if (!(error instanceof ObjectsError)) throw error
    const { bucket, key } = location
    const reasons: Partial<Record<ObjectsError['fault'], string>> = {
      NoSuchBucket: `there is no bucket "${bucket}"`,
      NoSuchKey: `the bucket "${bucket}" has no object "${key}"`,
      AccessDenied: `access to the object "${key}" in the bucket "${bucket}" was denied`,
    }
    const reason =
      reasons[error.fault] ??
      `the object "${key}" in the bucket "${bucket}" can't be read: ${error.message}`
    const type = error.fault === 'Damaged' ? 'PackageInvalid' : 'PackageNotFound'
    throw new PackageError(type, `package s3://${bucket}/${key}: ${reason}`, { cause: error })
  }
}

/** Adds the package's name to faults of the disk: a start that fails must name the package. */
function explained(error: unknown, text: string): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new PackageError(
      'CapacityExceeded',
      `package ${text}: no room left on the disk to unzip it`,
      {
        cause: error,
      },
    )
  }
  const files = filesFault(error)
  if (files !== undefined)
    return new PackageError('CapacityExceeded', `package ${text}: ${files}`, { cause: error })
  return error
}

async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(ignoreMissing)) !== undefined
}

async function makeWritable(folder: string): Promise<void> {
  const stats = await lstat(folder).catch(ignoreMissing)
  if (!stats?.isDirectory()) return
  await chmod(folder, 0o755)
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await makeWritable(join(folder, entry.name))
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}
