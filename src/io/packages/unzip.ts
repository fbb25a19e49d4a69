// Unzips a package into a folder that is read-only afterwards.
// Owns the checks of names, sizes, places and checksums. Writes nothing before the whole list of
// entries has passed, and never writes outside the folder, or an entry of an unexpected kind or
// size.

import { createWriteStream } from 'node:fs'
import { chmod, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { crc32 } from 'node:zlib'
import yauzl, { type Entry, type ZipFile } from 'yauzl'
import { PackageError } from './package-error.ts'

export interface UnzipLimits {
  /** Limit for all files together, unzipped. Default: 4 GiB. */
  bytesMax: number
  /** Limit for files and folders. Default: 100,000. */
  entriesMax: number
  /**
   * Limit for the ratio of unzipped to packed size, of an entry and of all, beyond the first MiB.
   * Default: 200.
   */
  ratioMax: number
}

interface UnzipOptions {
  /** The package's name in messages. */
  name: string
  signal?: AbortSignal
  limits?: Partial<UnzipLimits>
}

const TYPE_MASK = 0o170000
const TYPE_FILE = 0o100000
const TYPE_FOLDER = 0o040000
const TYPE_LINK = 0o120000

/**
 * Bytes that may unzip at any ratio: a small file of zeros packs to a thousandth, and does no harm.
 */
const FREE_BYTES = 1024 ** 2

/**
 * Unzips into `folder`, which must exist and be empty. Files end as 0444 or 0555, folders as 0555.
 * A file is executable if the zip says so, or if it begins like a program: many tools do not record
 * modes. Throws PackageError PackageInvalid that names the entry and the reason; the caller must
 * remove what was written by then.
 */
export async function unzip(
  zipFile: string,
  folder: string,
  { name, signal, limits = {} }: UnzipOptions,
): Promise<void> {
  const zip = await openZip(zipFile, name)
  try {
    const tree = new Tree()
    const entries = await checkedEntries(zip, name, tree, limits)
    await checkPlaces(zip, name, entries, signal)
    const folders = new Set<string>()
    for (const entry of entries) {
      signal?.throwIfAborted()
      const path = join(folder, entry.fileName)
      const parent = entry.fileName.endsWith('/') ? path : dirname(path)
      if (!folders.has(parent)) await mkdir(parent, { recursive: true })
      folders.add(parent)
      if (!entry.fileName.endsWith('/')) await writeEntry(zip, entry, path, name, signal)
    }
    for (const path of tree.foldersDeepestFirst()) await chmod(join(folder, path), 0o555)
    await chmod(folder, 0o555)
  } finally {
    zip.close()
  }
}

/** Returns all entries, checked against the zip's list. */
async function checkedEntries(
  zip: ZipFile,
  name: string,
  tree: Tree,
  { bytesMax = 4 * 1024 ** 3, entriesMax = 100_000, ratioMax = 200 }: Partial<UnzipLimits>,
): Promise<Entry[]> {
  const invalid = (reason: string) =>
    new PackageError('PackageInvalid', `package ${name}: ${reason}`)
  if (zip.entryCount > entriesMax)
    throw invalid(`it has ${zip.entryCount} entries; ${entriesMax} are allowed`)
  const entries: Entry[] = []
  let bytes = 0
  let packedBytes = 0
  for await (const entry of entriesOf(zip, name)) {
    const { fileName, uncompressedSize, compressedSize } = entry
    bytes += uncompressedSize
    packedBytes += compressedSize
    const entryInvalid = (reason: string) => invalid(`entry ${JSON.stringify(fileName)}: ${reason}`)
    const reason = entryFault(entry) ?? tree.add(fileName)
    if (reason !== undefined) throw entryInvalid(reason)
    if (bytes > bytesMax)
      throw invalid(`it unzips to more than the ${bytesMax} bytes that are allowed`)
    const ratio = ratioFault(uncompressedSize, compressedSize, ratioMax)
    if (ratio !== undefined) throw entryInvalid(ratio)
    entries.push(entry)
  }
  const reason = ratioFault(bytes, packedBytes, ratioMax)
  if (reason !== undefined) throw invalid(reason)
  return entries
}

function ratioFault(bytes: number, packedBytes: number, ratioMax: number): string | undefined {
  if (bytes <= FREE_BYTES + packedBytes * ratioMax) return undefined
  const most = `more than the ${ratioMax} times that are allowed`
  return `it unzips from ${packedBytes} to ${bytes} bytes, ${most}`
}

/** Rejects entries that share bytes: they could unzip to far more than the file contains. */
async function checkPlaces(
  zip: ZipFile,
  name: string,
  entries: readonly Entry[],
  signal?: AbortSignal,
): Promise<void> {
  let end = 0
  let before: Entry | undefined
  const inOrder = entries.toSorted(
    (one, other) => one.relativeOffsetOfLocalHeader - other.relativeOffsetOfLocalHeader,
  )
  for (const entry of inOrder) {
    signal?.throwIfAborted()
    const where = `package ${name}: entry ${JSON.stringify(entry.fileName)}`
    if (before !== undefined && entry.relativeOffsetOfLocalHeader < end)
      throw new PackageError(
        'PackageInvalid',
        `${where}: it overlaps the entry ${JSON.stringify(before.fileName)}`,
      )
    const { fileDataStart } = await zip
      .readLocalFileHeaderPromise(entry, { minimal: true })
      .catch((error: unknown) => {
        throw unreadable(error, `${where}: its data can't be found`)
      })
    end = fileDataStart + entry.compressedSize
    before = entry
  }
}

async function openZip(file: string, name: string): Promise<ZipFile> {
  try {
    return await yauzl.openPromise(file, {
      autoClose: false,
      lazyEntries: true,
      strictFileNames: true,
    })
  } catch (error) {
    throw unreadable(error, `package ${name}: it is not a zip file that can be read`)
  }
}

/** Rethrows the library's own checks, whose messages name the entry. */
async function* entriesOf(zip: ZipFile, name: string): AsyncGenerator<Entry> {
  const entries = zip.eachEntry()
  for (;;) {
    let next: IteratorResult<Entry>
    try {
      next = await entries.next()
    } catch (error) {
      throw unreadable(error, `package ${name}: its list of entries is not valid`)
    }
    if (next.done) return
    yield next.value
  }
}

/** Returns why an entry is forbidden regardless of its content. */
function entryFault(entry: Entry): string | undefined {
  const segments = entry.fileName.replace(/\/$/, '').split('/')
  if (entry.fileName.includes('\0')) return 'its name holds a NUL character'
  if (entry.fileName.includes('\\')) return 'its name holds a backslash'
  if (segments.some((segment) => segment === '..')) return 'its path leaves the package'
  if (segments.some((segment) => segment === '' || segment === '.'))
    return 'its path is not a plain relative path'
  if (
    segments.some((segment) => Buffer.byteLength(segment) > 255) ||
    Buffer.byteLength(entry.fileName) > 2048
  )
    return 'its path is too long'
  const type = (entry.externalFileAttributes >>> 16) & TYPE_MASK
  if (type === TYPE_LINK) return 'it is a symbolic link; packages may hold files and folders only'
  if (type !== 0 && type !== TYPE_FILE && type !== TYPE_FOLDER)
    return 'it is neither a file nor a folder'
  if (entry.isEncrypted()) return 'it is encrypted'
  if (!entry.canDecodeFileData())
    return `its compression method ${entry.compressionMethod} is not known`
  if (entry.fileName.endsWith('/') && entry.uncompressedSize > 0)
    return 'it is a folder with content'
  return undefined
}

/** Tracks what is at each path, so that no entry replaces another. */
class Tree {
  readonly #kinds = new Map<string, 'file' | 'folder' | 'folder on the way'>()

  /** Returns undefined, or why nothing can be put there. */
  add(name: string): string | undefined {
    const path = name.replace(/\/$/, '')
    for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
      const parent = path.slice(0, slash)
      const kind = this.#kinds.get(parent)
      if (kind === 'file')
        return `${JSON.stringify(parent)} is a file, so that nothing can be in it`
      if (kind === undefined) this.#kinds.set(parent, 'folder on the way')
    }
    const kind = this.#kinds.get(path)
    const isFolder = name.endsWith('/')
    if (kind !== undefined && !(isFolder && kind === 'folder on the way'))
      return 'it is there twice'
    this.#kinds.set(path, isFolder ? 'folder' : 'file')
    return undefined
  }

  foldersDeepestFirst(): string[] {
    const folders = [...this.#kinds].filter(([, kind]) => kind !== 'file').map(([path]) => path)
    return folders.toSorted((a, b) => b.split('/').length - a.split('/').length)
  }
}

async function writeEntry(
  zip: ZipFile,
  entry: Entry,
  path: string,
  name: string,
  signal?: AbortSignal,
): Promise<void> {
  const where = `package ${name}: entry ${JSON.stringify(entry.fileName)}`
  const content = await zip.openReadStreamPromise(entry).catch((error: unknown) => {
    throw unreadable(error, `${where}: its data can't be found`)
  })
  let checksum = 0
  let start: Buffer = Buffer.alloc(0)
  const check = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      checksum = crc32(chunk, checksum)
      if (start.length < 4) start = Buffer.concat([start, chunk.subarray(0, 4)])
      done(null, chunk)
    },
  })
  let fault: unknown
  content.once('error', (error) => {
    fault = error
  })
  try {
    await pipeline(content, check, createWriteStream(path, { flags: 'wx' }), { signal })
  } catch (error) {
    // Errors of the disk pass through; errors of the zip's own stream are the package's fault.
    throw fault === undefined || signal?.aborted
      ? error
      : unreadable(error, `${where}: its data is damaged`)
  }
  if (checksum !== entry.crc32)
    throw new PackageError('PackageInvalid', `${where}: its checksum is wrong`)
  const isExecutable =
    ((entry.externalFileAttributes >>> 16) & 0o111) !== 0 || beginsLikeProgram(start)
  await chmod(path, isExecutable ? 0o555 : 0o444)
}

function beginsLikeProgram(start: Buffer): boolean {
  return (
    start.subarray(0, 2).equals(Buffer.from('#!')) ||
    start.subarray(0, 4).equals(Buffer.from('\x7fELF'))
  )
}

function unreadable(error: unknown, text: string): PackageError {
  const reason = error instanceof Error ? error.message : String(error)
  return new PackageError('PackageInvalid', `${text}: ${reason}`, { cause: error })
}
