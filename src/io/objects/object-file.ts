// One object, or one part of an upload, as one file: the content, then a record about it.
// Owns the format. A file is put in place in one step, so content and record never disagree.
//
//   [content][record: JSON in UTF-8][length of the record: u32 LE][mark: 8 bytes]

import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { z } from 'zod'
import { mapShape, parseJson } from '../../base/parse.ts'
import { codeOf, onFiles, storeError } from './file-faults.ts'
import { type ByteRange, type ObjectInfo, ObjectsError } from './objects.ts'

/** HTTP headers that S3 keeps with an object, in lower case, such as `cache-control`. */
export type KeptHeaders = Record<string, string>
/** Base64 values, keyed by the algorithm's name as in `x-amz-checksum-<algorithm>`. */
export type Checksums = Record<string, string>

/** A part of the multipart upload that an object was made from. */
export interface StoredPart {
  partNumber: number
  bytes: number
  checksums: Checksums
}

export type StoredObject = ObjectInfo & {
  headers: KeptHeaders
  checksums?: Checksums
  /** Whether the checksums cover the whole content, or the checksums of its parts. */
  checksumType?: ChecksumType
  /** Set if the object was uploaded in parts: the upload's id, and the parts in order. */
  upload?: { id: string; parts: StoredPart[] }
}

export type ChecksumType = 'FULL_OBJECT' | 'COMPOSITE'

/** Follows the bytes of a content on their way into a file. */
export interface ContentSum {
  update?(bytes: Uint8Array): void
  /**
   * Call it after the last byte. Throws the error for the caller of the write if the content is
   * wrong.
   */
  end(): Pick<StoredObject, 'checksums' | 'checksumType'>
}

export const CHECKSUM_TYPES = ['FULL_OBJECT', 'COMPOSITE'] as const satisfies ChecksumType[]
export const textsShape = mapShape(z.string())
const bytesShape = z.int().min(0)
/** What the record of each object has; members of other versions are kept as they are. */
const recordShape: z.ZodType<StoredObject> = z.looseObject({
  key: z.string(),
  bytes: bytesShape,
  etag: z.string(),
  modifiedAtMs: z.number(),
  contentType: z.exactOptional(z.string()),
  metadata: textsShape,
  headers: textsShape,
  checksums: z.exactOptional(textsShape),
  checksumType: z.exactOptional(z.enum(CHECKSUM_TYPES)),
  upload: z.exactOptional(
    z.looseObject({
      id: z.string(),
      parts: z.array(
        z.looseObject({ partNumber: z.int(), bytes: bytesShape, checksums: textsShape }),
      ),
    }),
  ),
})

const mark = Buffer.from('HEDDLEo1')
const endBytes = 4 + mark.length
const READ_CHUNK_BYTES = 256 * 1024
/** A longer write would keep the processor: some kernels do not preempt a system call. */
const WRITE_CHUNK_BYTES = 256 * 1024
const FIRST_LOOK_BYTES = 4096

/** An open object shows one moment, whatever is put or deleted meanwhile. Read it or close it. */
export interface OpenObject {
  info: StoredObject
  /**
   * Streams the content, or a range of it, and closes the file at its end. Throws ObjectsError
   * InvalidRange.
   */
  read(range?: ByteRange): Readable
  close(): Promise<void>
}

/** Everything the record needs once the content is written. */
export interface WrittenContent {
  bytes: number
  md5: Buffer
}

/**
 * Writes a new file and makes it durable. Throws errors of the body as they are, and errors of the
 * disk as ObjectsErrors. The caller must remove a half-written file.
 */
export async function writeObjectFile(
  path: string,
  body: AsyncIterable<Uint8Array>,
  recordOf: (content: WrittenContent) => StoredObject,
  options: { sum?: ContentSum | undefined; signal?: AbortSignal | undefined } = {},
): Promise<StoredObject> {
  const { sum, signal } = options
  const handle = await onFiles(() => open(path, 'wx', 0o600))
  try {
    const md5 = createHash('md5')
    let bytes = 0
    for await (const chunk of body) {
      signal?.throwIfAborted()
      md5.update(chunk)
      sum?.update?.(chunk)
      bytes += chunk.length
      await onFiles(() => writeWhole(handle, chunk))
    }
    signal?.throwIfAborted()
    const stored = { ...recordOf({ bytes, md5: md5.digest() }), ...sum?.end() }
    const record = Buffer.from(JSON.stringify(stored))
    const end = Buffer.alloc(endBytes)
    end.writeUInt32LE(record.length)
    mark.copy(end, 4)
    await onFiles(async () => {
      await writeWhole(handle, Buffer.concat([record, end]))
      await handle.sync()
    })
    return stored
  } finally {
    await handle.close()
  }
}

async function writeWhole(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await handle.write(bytes, done, Math.min(bytes.length - done, WRITE_CHUNK_BYTES)))
      .bytesWritten
  }
}

/** Returns undefined if there is no such file. */
export async function openObjectFile(path: string): Promise<OpenObject | undefined> {
  const handle = await openExisting(path)
  if (handle === undefined) return undefined
  try {
    const info = await readRecord(handle)
    return {
      info,
      read: (range) => contentOf(handle, info.bytes, range),
      close: () => handle.close(),
    }
  } catch (error) {
    await handle.close()
    throw storeError(error)
  }
}

/** Returns undefined if there is no such file. */
export async function readObjectRecord(path: string): Promise<StoredObject | undefined> {
  const opened = await openObjectFile(path)
  await opened?.close()
  return opened?.info
}

async function openExisting(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r')
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined
    throw storeError(error)
  }
}

async function readRecord(handle: FileHandle): Promise<StoredObject> {
  const { size } = await handle.stat()
  let tail = await readAt(
    handle,
    Math.max(0, size - FIRST_LOOK_BYTES),
    Math.min(size, FIRST_LOOK_BYTES),
  )
  const end = tail.subarray(tail.length - endBytes)
  if (tail.length < endBytes || !end.subarray(4).equals(mark)) throw damaged()
  const recordBytes = end.readUInt32LE()
  const bytes = size - endBytes - recordBytes
  if (bytes < 0) throw damaged()
  if (recordBytes + endBytes > tail.length)
    tail = await readAt(handle, bytes, recordBytes + endBytes)
  const text = tail
    .subarray(tail.length - endBytes - recordBytes, tail.length - endBytes)
    .toString('utf8')
  const { content } = parseJson(recordShape, text)
  if (content?.bytes !== bytes) throw damaged()
  return content
}

function damaged(): ObjectsError {
  return new ObjectsError('Unavailable', 'The file of the object is damaged.')
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length)
  let done = 0
  while (done < length) {
    const { bytesRead } = await handle.read(bytes, done, length - done, position + done)
    if (bytesRead === 0) throw damaged()
    done += bytesRead
  }
  return bytes
}

function contentOf(handle: FileHandle, bytes: number, range?: ByteRange): Readable {
  const { start, end } = clipRange(bytes, range)
  return end < start
    ? emptyContent(handle)
    : handle.createReadStream({ start, end, highWaterMark: READ_CHUNK_BYTES })
}

function emptyContent(handle: FileHandle): Readable {
  return new Readable({
    read() {
      this.push(null)
    },
    destroy(error, callback) {
      handle.close().then(() => callback(error), callback)
    },
  })
}

/**
 * Returns the first and last byte of a range in an object of `bytes`; last is -1 for an empty
 * object read whole. Throws ObjectsError InvalidRange.
 */
export function clipRange(bytes: number, range?: ByteRange): { start: number; end: number } {
  if (range === undefined) return { start: 0, end: bytes - 1 }
  const end = Math.min(range.last ?? bytes - 1, bytes - 1)
  if (range.first >= bytes || range.first > end) {
    throw new ObjectsError(
      'InvalidRange',
      `No byte of the object's ${bytes} lies in the range that was asked for.`,
    )
  }
  return { start: range.first, end }
}
