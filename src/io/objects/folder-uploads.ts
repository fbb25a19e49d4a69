// Multipart uploads of the folder store: parts wait in a folder of their own until they become one
// object.
// Owns the folders `.heddle/uploads/<bucket>/<upload>`; never puts an object in place.

import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { z } from 'zod'
import { parseJson } from '../../base/parse.ts'
import { codeOf, onFiles } from './file-faults.ts'
import {
  CHECKSUM_TYPES,
  type Checksums,
  type ChecksumType,
  type ContentSum,
  type KeptHeaders,
  openObjectFile,
  readObjectRecord,
  type StoredObject,
  textsShape,
  type WrittenContent,
  writeObjectFile,
} from './object-file.ts'
import { compareUtf8 } from './object-names.ts'
import { ObjectsError } from './objects.ts'
import { temporaryPath } from './temporary-files.ts'

export const PART_NUMBER_MAX = 10_000

export interface UploadInfo {
  uploadId: string
  key: string
  startedAtMs: number
  contentType?: string
  metadata: Record<string, string>
  headers: KeptHeaders
  /** The checksum that the client announced at the start for the parts and the object. */
  checksum?: { algorithm: string; type: ChecksumType }
}

const uploadShape: z.ZodType<UploadInfo> = z.object({
  uploadId: z.string(),
  key: z.string(),
  startedAtMs: z.number(),
  contentType: z.exactOptional(z.string()),
  metadata: textsShape,
  headers: textsShape,
  checksum: z.exactOptional(z.object({ algorithm: z.string(), type: z.enum(CHECKSUM_TYPES) })),
})

export interface PartInfo {
  partNumber: number
  bytes: number
  /** In quotes. */
  etag: string
  modifiedAtMs: number
  checksums: Checksums
}

/** What the client says about a part when it completes the upload. */
export interface NamedPart {
  partNumber: number
  etag: string
}

export interface PartPlace {
  key: string
  uploadId: string
  partNumber: number
}

/** The parts of one upload in the order of the object, checked against the client's list. */
interface PartPlan {
  files: string[]
  parts: PartInfo[]
}

export class FolderUploads {
  readonly #folder: string
  readonly #temporaryFolder: string

  constructor(folder: string, temporaryFolder: string) {
    this.#folder = folder
    this.#temporaryFolder = temporaryFolder
  }

  async start(bucket: string, upload: Omit<UploadInfo, 'uploadId'>): Promise<string> {
    const uploadId = randomBytes(16).toString('hex')
    await onFiles(async () => {
      const fresh = temporaryPath(this.#temporaryFolder)
      await mkdir(fresh)
      await writeFile(join(fresh, 'upload.json'), JSON.stringify({ ...upload, uploadId }), {
        mode: 0o600,
      })
      await mkdir(join(this.#folder, bucket), { recursive: true })
      await rename(fresh, join(this.#folder, bucket, uploadId))
    })
    return uploadId
  }

  /** Throws ObjectsError NoSuchUpload if the bucket has no such upload for the key. */
  async find(bucket: string, key: string, uploadId: string): Promise<UploadInfo> {
    const upload = /^[0-9a-f]{32}$/.test(uploadId) ? await this.#read(bucket, uploadId) : undefined
    if (upload === undefined || upload.key !== key) throw noSuchUpload()
    return upload
  }

  async putPart(
    bucket: string,
    part: PartPlace,
    body: Readable,
    sum?: ContentSum,
  ): Promise<PartInfo> {
    const { key, uploadId, partNumber } = part
    await this.find(bucket, key, uploadId)
    const temporary = temporaryPath(this.#temporaryFolder)
    try {
      const recordOf = ({ bytes, md5 }: WrittenContent) => ({
        key,
        bytes,
        etag: `"${md5.toString('hex')}"`,
        modifiedAtMs: Date.now(),
        metadata: {},
        headers: {},
      })
      const written = await writeObjectFile(temporary, body, recordOf, { sum })
      await this.#placePart(temporary, this.#partPath(bucket, uploadId, partNumber))
      return partOf(partNumber, written)
    } finally {
      await onFiles(() => rm(temporary, { force: true }))
    }
  }

  /** Sorted by part number. */
  async parts(bucket: string, key: string, uploadId: string): Promise<PartInfo[]> {
    await this.find(bucket, key, uploadId)
    const parts: PartInfo[] = []
    for (const name of (await namesIn(join(this.#folder, bucket, uploadId))).sort()) {
      if (!name.startsWith('part-')) continue
      const record = await readObjectRecord(join(this.#folder, bucket, uploadId, name))
      if (record !== undefined) parts.push(partOf(Number(name.slice('part-'.length)), record))
    }
    return parts
  }

  /** Throws ObjectsError InvalidPart if a part is missing or has another ETag. */
  async plan(bucket: string, uploadId: string, named: readonly NamedPart[]): Promise<PartPlan> {
    const files: string[] = []
    const parts: PartInfo[] = []
    for (const { partNumber, etag } of named) {
      const file = this.#partPath(bucket, uploadId, partNumber)
      const record = await readObjectRecord(file)
      if (record === undefined || unquoted(record.etag) !== unquoted(etag)) {
        throw new ObjectsError(
          'InvalidPart',
          `Part ${partNumber} has not been uploaded, or has another ETag.`,
        )
      }
      files.push(file)
      parts.push(partOf(partNumber, record))
    }
    return { files, parts }
  }

  /** Uploads of the same key are sorted oldest first. */
  async list(bucket: string): Promise<UploadInfo[]> {
    const uploads: UploadInfo[] = []
    for (const name of await namesIn(join(this.#folder, bucket))) {
      const upload = await this.#read(bucket, name)
      if (upload !== undefined) uploads.push(upload)
    }
    return uploads.sort((a, b) => compareUtf8(a.key, b.key) || a.startedAtMs - b.startedAtMs)
  }

  async remove(bucket: string, uploadId: string): Promise<void> {
    await this.#removeFolder(join(this.#folder, bucket, uploadId))
  }

  async removeAll(bucket: string): Promise<void> {
    await this.#removeFolder(join(this.#folder, bucket))
  }

  /**
   * Renames the folder first, in one step: a process killed meanwhile leaves no parts without an
   * upload.
   */
  async #removeFolder(path: string): Promise<void> {
    const away = temporaryPath(this.#temporaryFolder)
    await onFiles(async () => {
      try {
        await rename(path, away)
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return
        throw error
      }
      await rm(away, { recursive: true, force: true })
    })
  }

  #partPath(bucket: string, uploadId: string, partNumber: number): string {
    return join(this.#folder, bucket, uploadId, `part-${String(partNumber).padStart(5, '0')}`)
  }

  /** The upload may have been aborted while the part arrived. */
  async #placePart(temporary: string, path: string): Promise<void> {
    await onFiles(async () => {
      try {
        await rename(temporary, path)
      } catch (error) {
        throw codeOf(error) === 'ENOENT' ? noSuchUpload() : error
      }
    })
  }

  async #read(bucket: string, uploadId: string): Promise<UploadInfo | undefined> {
    return onFiles(async () => {
      try {
        const file = join(this.#folder, bucket, uploadId, 'upload.json')
        const { content, fault } = parseJson(uploadShape, await readFile(file, 'utf8'))
        if (fault === undefined) return content
        const message =
          `The file upload.json of the multipart upload ${uploadId} in bucket ${bucket} is ` +
          `damaged: ${fault}; the operator may remove the upload's folder.`
        throw new ObjectsError('Unavailable', message)
      } catch (error) {
        if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined
        throw error
      }
    })
  }
}

/**
 * Yields the content of all parts in order. Throws ObjectsError NoSuchUpload if one vanishes
 * meanwhile.
 */
export async function* joinParts(files: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const file of files) {
    const part = await openObjectFile(file)
    if (part === undefined) throw noSuchUpload()
    yield* part.read()
  }
}

/** Returns the ETag of an object made from these parts. */
export function etagOfParts(parts: readonly NamedPart[]): string {
  const digests = createHash('md5')
  for (const { etag } of parts) digests.update(Buffer.from(unquoted(etag), 'hex'))
  return `"${digests.digest('hex')}-${parts.length}"`
}

function partOf(
  partNumber: number,
  { bytes, etag, modifiedAtMs, checksums = {} }: StoredObject,
): PartInfo {
  return { partNumber, bytes, etag, modifiedAtMs, checksums }
}

function unquoted(etag: string): string {
  return etag.replace(/^"|"$/g, '')
}

function noSuchUpload(): ObjectsError {
  return new ObjectsError(
    'NoSuchUpload',
    'There is no such multipart upload: it may have been completed or aborted.',
  )
}

async function namesIn(folder: string): Promise<string[]> {
  return onFiles(async () => {
    try {
      return await readdir(folder)
    } catch (error) {
      if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return []
      throw error
    }
  })
}
