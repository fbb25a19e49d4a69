// Opens a sealed zip on disk; checks every byte against the seal before it returns any part.
// Owns the checks of the zip itself, and the limits of unpacked sizes; never knows what the parts
// contain.

import { createHash, type Hash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { promisify } from 'node:util'
import { crc32, inflateRaw } from 'node:zlib'
import { type Entry, fromRandomAccessReader, RandomAccessReader, type ZipFile } from 'yauzl'
import {
  bytesBehindSeal,
  endsAsZip,
  readSeal,
  SEAL_BYTES,
  type Seal,
  UNSEALED_BYTES,
} from './seal.ts'
import { SealedZipError } from './sealed-zip-error.ts'

interface SealedZipPart {
  path: string
  /** Unpacked size. */
  bytes: number
  packedBytes: number
}

export interface SealedZip {
  readonly parts: ReadonlyMap<string, SealedZipPart>
  /**
   * Returns the whole part, unpacked, after checking its size and CRC-32. Throws SealedZipError.
   */
  read(path: string): Promise<Uint8Array<ArrayBuffer>>
  /** Call it once; nothing can be read afterwards. */
  close(): Promise<void>
}

interface SealedZipLimits {
  partsMax: number
  /** Limit for all parts together, unpacked. */
  totalBytesMax: number
}

/** Throws SealedZipError, or the file system's error if the file can't be read. */
export async function openSealedZip(file: string, limits: SealedZipLimits): Promise<SealedZip> {
  const handle = await open(file, 'r')
  try {
    return await openChecked(handle, limits)
  } catch (error) {
    await handle.close()
    throw error
  }
}

async function openChecked(handle: FileHandle, limits: SealedZipLimits): Promise<SealedZip> {
  const { size } = await handle.stat()
  const { sha256, hashesParts } = await findSeal(handle, size)
  const directory = await readDirectory(handle, size, limits)
  const parts = hashesParts ? storedParts(directory, size - UNSEALED_BYTES) : []
  const zip = sealedZip(handle, directory)
  if (parts === undefined || (await sealedSha256(handle, size - UNSEALED_BYTES, parts)) !== sha256)
    throw await damage(zip)
  return zip
}

async function findSeal(handle: FileHandle, size: number): Promise<Seal> {
  const start = await readBytes(handle, 0, Math.min(4, size))
  const begins = start.length === 4 && start.readUInt32LE(0) === LOCAL_HEADER
  const end = await readBytes(handle, Math.max(0, size - SEAL_BYTES), Math.min(SEAL_BYTES, size))
  const seal = readSeal(end)
  if (seal !== undefined && begins) return seal
  if (seal !== undefined)
    throw new SealedZipError('Damaged', 'the beginning of the file is damaged')
  if (!begins) throw new SealedZipError('NotAZip', 'not a zip')
  const tail = await readBytes(
    handle,
    Math.max(0, size - ZIP_END_BYTES_MAX),
    Math.min(ZIP_END_BYTES_MAX, size),
  )
  if (endsAsZip(tail)) throw new SealedZipError('NotAZip', 'a zip without a seal at its end')
  const behind = bytesBehindSeal(tail)
  if (behind !== undefined)
    throw new SealedZipError('Damaged', `there is more behind its end (bytes: ${behind})`)
  throw new SealedZipError('Truncated', 'the end of the file is missing')
}

const LOCAL_HEADER = 0x04034b50
/** A zip's end record and the longest comment that can follow it. */
const ZIP_END_BYTES_MAX = 22 + 65_535

/** Bytes of the file, up to but not including `end`. */
interface Range {
  start: number
  end: number
}

/**
 * Returns the ranges of stored parts in the order of the file; undefined if their positions are
 * impossible.
 */
function storedParts({ entries }: Directory, end: number): Range[] | undefined {
  const parts = [...entries.values()]
    .filter(({ compressionMethod }) => compressionMethod === STORED)
    .map(({ relativeOffsetOfLocalHeader, fileNameLength, compressedSize }) => {
      const start = relativeOffsetOfLocalHeader + LOCAL_HEADER_BYTES + fileNameLength
      return { start, end: start + compressedSize }
    })
    .sort((one, other) => one.start - other.start)
  const isInOrder = parts.every(
    (part, at) => part.start >= (parts[at - 1]?.end ?? 0) && part.end <= end,
  )
  return isInOrder ? parts : undefined
}

/** Size without the name. */
const LOCAL_HEADER_BYTES = 30

/** Hashes the bytes up to `end`, with the SHA-256 of these parts in their places. */
async function sealedSha256(
  handle: FileHandle,
  end: number,
  parts: readonly Range[],
): Promise<string> {
  const whole = createHash('sha256')
  let at = 0
  for (const part of parts) {
    await hashBytes(handle, { start: at, end: part.start }, whole)
    whole.update((await hashBytes(handle, part, createHash('sha256'))).digest())
    at = part.end
  }
  return (await hashBytes(handle, { start: at, end }, whole)).digest('hex')
}

async function hashBytes(handle: FileHandle, { start, end }: Range, hash: Hash): Promise<Hash> {
  const piece = Buffer.allocUnsafe(Math.min(READ_BYTES_MAX, end - start))
  for (let at = start; at < end; ) {
    const { bytesRead } = await handle.read(piece, 0, Math.min(piece.length, end - at), at)
    if (bytesRead === 0)
      throw new SealedZipError('Truncated', 'the file became shorter while it was read')
    hash.update(piece.subarray(0, bytesRead))
    at += bytesRead
  }
  return hash
}

const READ_BYTES_MAX = 1024 ** 2

interface Directory {
  zip: ZipFile
  entries: Map<string, Entry>
}

async function readDirectory(
  handle: FileHandle,
  size: number,
  limits: SealedZipLimits,
): Promise<Directory> {
  try {
    const zip = await new Promise<ZipFile>((resolve, reject) => {
      const options = { lazyEntries: true, autoClose: false, strictFileNames: true }
      fromRandomAccessReader(new HandleReader(handle, size), size, options, (error, opened) =>
        error === null ? resolve(opened) : reject(error),
      )
    })
    if (zip.entryCount > limits.partsMax) {
      throw new SealedZipError(
        'TooLarge',
        `${zip.entryCount} files, over the limit of ${limits.partsMax}`,
      )
    }
    const entries = await listEntries(zip)
    checkSizes(entries, limits)
    return { zip, entries }
  } catch (error) {
    if (error instanceof SealedZipError) throw error
    throw new SealedZipError('Damaged', `the list of files is damaged (${errorText(error)})`, {
      cause: error,
    })
  }
}

function listEntries(zip: ZipFile): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>()
  return new Promise((resolve, reject) => {
    zip.on('error', reject)
    zip.on('end', () => resolve(entries))
    zip.on('entry', (entry: Entry) => {
      if (entries.has(entry.fileName)) {
        reject(
          new SealedZipError('Damaged', 'the file is in the zip twice', { part: entry.fileName }),
        )
        return
      }
      entries.set(entry.fileName, entry)
      zip.readEntry()
    })
    zip.readEntry()
  })
}

/** Deflate's largest ratio: a part that declares more is faulty. */
const INFLATED_BYTES_MAX = 1032

function checkSizes(entries: ReadonlyMap<string, Entry>, limits: SealedZipLimits): void {
  let total = 0
  for (const [
    path,
    { compressionMethod, compressedSize, uncompressedSize, generalPurposeBitFlag },
  ] of entries) {
    const encrypted = (generalPurposeBitFlag & 1) !== 0
    if (encrypted || (compressionMethod !== STORED && compressionMethod !== DEFLATED)) {
      throw new SealedZipError('Damaged', 'packed in a way that no snapshot is', { part: path })
    }
    const bytesMax =
      compressionMethod === STORED ? compressedSize : compressedSize * INFLATED_BYTES_MAX
    if (uncompressedSize > bytesMax) {
      throw new SealedZipError(
        'Damaged',
        `${compressedSize} bytes cannot become ${uncompressedSize}`,
        { part: path },
      )
    }
    total += uncompressedSize
    if (total > limits.totalBytesMax) {
      throw new SealedZipError('TooLarge', `unpacks to more than ${limits.totalBytesMax} bytes`)
    }
  }
}

const STORED = 0
const DEFLATED = 8

function sealedZip(handle: FileHandle, { zip, entries }: Directory): SealedZip {
  const parts = new Map<string, SealedZipPart>()
  for (const [path, entry] of entries) {
    parts.set(path, { path, bytes: entry.uncompressedSize, packedBytes: entry.compressedSize })
  }
  return {
    parts,
    async read(path) {
      const entry = entries.get(path)
      if (entry === undefined)
        throw new SealedZipError('MissingPart', 'is not in the zip', { part: path })
      return readEntry(handle, zip, entry)
    },
    close: () => handle.close(),
  }
}

async function readEntry(
  handle: FileHandle,
  zip: ZipFile,
  entry: Entry,
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const start = await new Promise<number>((resolve, reject) => {
      zip.readLocalFileHeader(entry, { minimal: true }, (error, header) =>
        error === null || error === undefined ? resolve(header.fileDataStart) : reject(error),
      )
    })
    const packed = await readBytes(handle, start, entry.compressedSize)
    const bytes =
      entry.compressionMethod === STORED ? packed : await inflate(packed, entry.uncompressedSize)
    if (bytes.length !== entry.uncompressedSize)
      throw new Error(`${bytes.length} bytes, not ${entry.uncompressedSize}`)
    if (crc32(bytes) !== entry.crc32) throw new Error('its CRC-32 is wrong')
    return bytes
  } catch (error) {
    throw new SealedZipError('Damaged', errorText(error), { cause: error, part: entry.fileName })
  }
}

const inflateBytes = promisify(inflateRaw)

/** One spare byte of room saves the library a second buffer. */
async function inflate(packed: Buffer<ArrayBuffer>, bytes: number): Promise<Buffer<ArrayBuffer>> {
  const chunkSize = Math.max(64, bytes + 1)
  return inflateBytes(packed, { chunkSize, maxOutputLength: Math.max(1, bytes) }) as Promise<
    Buffer<ArrayBuffer>
  >
}

async function readBytes(
  handle: FileHandle,
  position: number,
  length: number,
): Promise<Buffer<ArrayBuffer>> {
  const bytes = Buffer.allocUnsafeSlow(length)
  for (let filled = 0; filled < length; ) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, position + filled)
    if (bytesRead === 0)
      throw new SealedZipError('Truncated', 'the file became shorter while it was read')
    filled += bytesRead
  }
  return bytes
}

/** Finds the damaged part of a damaged zip, for the message only. */
async function damage(zip: SealedZip): Promise<SealedZipError> {
  for (const path of zip.parts.keys()) {
    try {
      await zip.read(path)
    } catch (error) {
      if (error instanceof SealedZipError) return error
      throw error
    }
  }
  return new SealedZipError(
    'Damaged',
    'its bytes are not those that were written, outside of its files',
  )
}

/**
 * Reader for the zip library: a position outside the file becomes an error of the library, not an
 * exception in a callback.
 */
class HandleReader extends RandomAccessReader {
  readonly #handle: FileHandle
  readonly #size: number

  constructor(handle: FileHandle, size: number) {
    super()
    this.#handle = handle
    this.#size = size
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null, bytesRead?: number) => void,
  ): void {
    if (!(position >= 0 && position + length <= this.#size)) {
      process.nextTick(callback, new Error('a place outside the file'))
      return
    }
    this.#handle.read(buffer, offset, length, position).then(
      ({ bytesRead }) => process.nextTick(callback, null, bytesRead),
      (error: Error) => process.nextTick(callback, error),
    )
  }
}

function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
