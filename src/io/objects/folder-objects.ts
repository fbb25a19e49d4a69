// The embedded object store: a folder that several processes may have open at once.
// Owns the layout `<folder>/<bucket>/…` and `<folder>/.heddle/…`. Keeps no index, so nothing can go
// stale; never speaks HTTP.

import { access, constants, mkdir, open, readdir, rm, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { codeOf, onFiles } from './file-faults.ts'
import { holdsObjects, type ListOptions, listFolder, type ObjectList } from './folder-listing.ts'
import {
  etagOfParts,
  FolderUploads,
  joinParts,
  type NamedPart,
  type PartInfo,
  type PartPlace,
  type UploadInfo,
} from './folder-uploads.ts'
import { abortable, endBody, type ObjectBody } from './object-body.ts'
import {
  type ContentSum,
  type KeptHeaders,
  type OpenObject,
  openObjectFile,
  readObjectRecord,
  type StoredObject,
  writeObjectFile,
} from './object-file.ts'
import { checkKey, isBucketName, pathOfKey } from './object-names.ts'
import { type ByteRange, type Objects, ObjectsError, type PutOptions } from './objects.ts'
import {
  noSuchBucket,
  placeFile,
  removeEmptyFolders,
  removeEmptyLevels,
  syncFolder,
  type WriteCondition,
} from './place-file.ts'
import { clearTemporaryFiles, temporaryPath } from './temporary-files.ts'
import { Turns } from './turns.ts'

export interface FolderPutOptions extends PutOptions {
  headers?: KeptHeaders
  condition?: WriteCondition | undefined
  sum?: ContentSum | undefined
}

interface CompleteOptions {
  condition?: WriteCondition | undefined
  /** Called before the parts are copied; throws to reject them. */
  sumOf?(upload: UploadInfo, parts: readonly PartInfo[]): ContentSum | undefined
}

interface BucketInfo {
  bucket: string
  createdAtMs: number
}

/** Leaves room for the longest key below the 4096 bytes of a path. */
const FOLDER_BYTES_MAX = 900
export class FolderObjects implements Objects {
  readonly #folder: string
  readonly #temporaryFolder: string
  readonly #uploads: FolderUploads
  readonly #turns = new Turns()

  private constructor(folder: string) {
    this.#folder = folder
    this.#temporaryFolder = join(folder, '.heddle', 'temporary')
    this.#uploads = new FolderUploads(join(folder, '.heddle', 'uploads'), this.#temporaryFolder)
  }

  /**
   * Makes the folder if it doesn't exist, and removes files that crashed processes left half
   * written.
   */
  static async open(folder: string): Promise<FolderObjects> {
    if (Buffer.byteLength(folder) > FOLDER_BYTES_MAX) {
      throw new ObjectsError(
        'InvalidName',
        `The path of the objects' folder is longer than ${FOLDER_BYTES_MAX} bytes.`,
      )
    }
    const objects = new FolderObjects(folder)
    await onFiles(async () => {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await mkdir(objects.#temporaryFolder, { recursive: true, mode: 0o700 })
    })
    await objects.clearAbandoned()
    return objects
  }

  async clearAbandoned(): Promise<void> {
    await onFiles(() => clearTemporaryFiles(this.#temporaryFolder))
  }

  async close(): Promise<void> {
    // Nothing to do: an object is durable once its put has returned, and no file is held open.
  }

  async bucketExists(bucket: string): Promise<boolean> {
    return (await this.findBucket(bucket)) !== undefined
  }

  /** Returns undefined if there is no such bucket. */
  async findBucket(bucket: string): Promise<BucketInfo | undefined> {
    if (!isBucketName(bucket)) return undefined
    return onFiles(async () => {
      try {
        const found = await stat(join(this.#folder, bucket))
        return found.isDirectory()
          ? { bucket, createdAtMs: Math.trunc(found.birthtimeMs || found.ctimeMs) }
          : undefined
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return undefined
        throw error
      }
    })
  }

  /** Sorted by name. */
  async listBuckets(): Promise<BucketInfo[]> {
    const names = (await onFiles(() => readdir(this.#folder))).sort()
    const buckets = await Promise.all(names.map((name) => this.findBucket(name)))
    return buckets.filter((bucket) => bucket !== undefined)
  }

  /** Throws ObjectsError InvalidName or BucketExists. */
  async createBucket(bucket: string): Promise<void> {
    if (!isBucketName(bucket))
      throw new ObjectsError('InvalidName', `'${bucket}' can't be the name of a bucket.`)
    await onFiles(async () => {
      try {
        await mkdir(join(this.#folder, bucket))
      } catch (error) {
        if (codeOf(error) === 'EEXIST')
          throw new ObjectsError('BucketExists', `The bucket '${bucket}' exists.`)
        throw error
      }
      await syncFolder(this.#folder)
    })
  }

  /** Deletes incomplete uploads too. Throws ObjectsError NoSuchBucket or BucketNotEmpty. */
  async deleteBucket(bucket: string): Promise<void> {
    const folder = await this.#bucketFolder(bucket)
    if (await holdsObjects(folder)) throw bucketNotEmpty(bucket)
    await onFiles(async () => {
      try {
        await removeEmptyFolders(folder)
      } catch (error) {
        if (codeOf(error) === 'ENOENT') throw noSuchBucket(bucket)
        throw codeOf(error) === 'ENOTEMPTY' ? bucketNotEmpty(bucket) : error
      }
    })
    await this.#uploads.removeAll(bucket)
  }

  async head(bucket: string, key: string): Promise<StoredObject> {
    const opened = await this.open(bucket, key)
    await opened.close()
    return opened.info
  }

  async get(
    bucket: string,
    key: string,
    range?: ByteRange,
  ): Promise<{ info: StoredObject; body: Readable }> {
    const opened = await this.open(bucket, key)
    try {
      return { info: opened.info, body: opened.read(range) }
    } catch (error) {
      await opened.close()
      throw error
    }
  }

  /** Throws ObjectsError NoSuchBucket or NoSuchKey. */
  async open(bucket: string, key: string): Promise<OpenObject> {
    const folder = await this.#bucketFolder(bucket)
    checkKey(key)
    const opened = await openObjectFile(join(folder, ...pathOfKey(key)))
    if (opened === undefined)
      throw new ObjectsError('NoSuchKey', `The bucket '${bucket}' has no object '${key}'.`)
    return opened
  }

  /** Throws ObjectsError NoSuchBucket, InvalidName, NoSpace, and whatever the condition throws. */
  async put(
    bucket: string,
    key: string,
    body: ObjectBody,
    options: FolderPutOptions = {},
  ): Promise<StoredObject> {
    try {
      return await this.#write(bucket, key, abortable(body, options.signal), options)
    } finally {
      endBody(body)
    }
  }

  async delete(bucket: string, key: string, condition?: WriteCondition): Promise<void> {
    const folder = await this.#bucketFolder(bucket)
    checkKey(key)
    const path = pathOfKey(key)
    const file = join(folder, ...path)
    await this.#turns.take(file, async () => {
      condition?.(await readObjectRecord(file))
      await onFiles(async () => {
        try {
          await unlink(file)
        } catch (error) {
          if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return
          throw error
        }
        await removeEmptyLevels(folder, path.slice(0, -1))
      })
    })
  }

  async keys(bucket: string, prefix: string): Promise<string[]> {
    const { objects } = await this.list(bucket, { prefix, maxEntries: Number.POSITIVE_INFINITY })
    return objects.map(({ key }) => key)
  }

  async list(bucket: string, options: ListOptions): Promise<ObjectList> {
    return listFolder(await this.#bucketFolder(bucket), options)
  }

  async checkWritable(bucket: string): Promise<void> {
    const folder = await this.#bucketFolder(bucket)
    const probe = temporaryPath(this.#temporaryFolder)
    try {
      await onFiles(async () => {
        await access(folder, constants.W_OK)
        await (await open(probe, 'wx')).close()
        await rm(probe)
      })
    } catch (error) {
      const fault = error instanceof ObjectsError ? error.fault : 'Unavailable'
      throw new ObjectsError(fault, `Nothing can be written to the bucket '${bucket}'.`, {
        cause: error,
      })
    }
  }

  /** Returns the id of a new multipart upload. */
  async startUpload(
    bucket: string,
    key: string,
    options: FolderPutOptions & Pick<UploadInfo, 'checksum'> = {},
  ): Promise<string> {
    await this.#bucketFolder(bucket)
    checkKey(key)
    const { contentType, metadata = {}, headers = {}, checksum } = options
    return this.#uploads.start(bucket, {
      key,
      startedAtMs: Date.now(),
      metadata,
      headers,
      ...(contentType === undefined ? {} : { contentType }),
      ...(checksum === undefined ? {} : { checksum }),
    })
  }

  /** Throws ObjectsError NoSuchUpload. */
  async findUpload(bucket: string, key: string, uploadId: string): Promise<UploadInfo> {
    await this.#bucketFolder(bucket)
    return this.#uploads.find(bucket, key, uploadId)
  }

  /** Puts one part, or replaces it. Throws ObjectsError NoSuchUpload. */
  async putPart(
    bucket: string,
    part: PartPlace,
    body: Readable,
    sum?: ContentSum,
  ): Promise<PartInfo> {
    try {
      await this.#bucketFolder(bucket)
      return await this.#uploads.putPart(bucket, part, body, sum)
    } finally {
      body.destroy()
    }
  }

  async listParts(
    bucket: string,
    key: string,
    uploadId: string,
  ): Promise<{ upload: UploadInfo; parts: PartInfo[] }> {
    const upload = await this.findUpload(bucket, key, uploadId)
    return { upload, parts: await this.#uploads.parts(bucket, key, uploadId) }
  }

  async listUploads(bucket: string): Promise<UploadInfo[]> {
    await this.#bucketFolder(bucket)
    return this.#uploads.list(bucket)
  }

  /**
   * Joins the parts into one object, streaming. A client that lost the answer and asks again gets
   * the same answer as long as the object exists. Throws ObjectsError NoSuchUpload, InvalidPart,
   * and whatever the options throw.
   */
  async completeUpload(
    bucket: string,
    key: string,
    uploadId: string,
    named: readonly NamedPart[],
    options: CompleteOptions = {},
  ): Promise<StoredObject> {
    await this.#bucketFolder(bucket)
    checkKey(key)
    return this.#turns.take(uploadId, async () => {
      const stored =
        (await this.#completed(bucket, key, uploadId, named)) ??
        (await this.#joinUpload(bucket, key, uploadId, named, options))
      await this.#uploads.remove(bucket, uploadId)
      return stored
    })
  }

  async #completed(bucket: string, key: string, uploadId: string, named: readonly NamedPart[]) {
    const current = await readObjectRecord(join(this.#folder, bucket, ...pathOfKey(key)))
    if (current?.upload?.id !== uploadId || current.etag !== etagOfParts(named)) return undefined
    const { parts } = current.upload
    return parts.every(({ partNumber }, index) => partNumber === named[index]?.partNumber)
      ? current
      : undefined
  }

  async #joinUpload(
    bucket: string,
    key: string,
    uploadId: string,
    named: readonly NamedPart[],
    { condition, sumOf }: CompleteOptions,
  ): Promise<StoredObject> {
    const upload = await this.#uploads.find(bucket, key, uploadId)
    const { files, parts } = await this.#uploads.plan(bucket, uploadId, named)
    const { contentType, metadata, headers } = upload
    const sum = sumOf?.(upload, parts)
    const options = {
      metadata,
      headers,
      condition,
      sum,
      ...(contentType === undefined ? {} : { contentType }),
    }
    const kept = parts.map(({ partNumber, bytes, checksums }) => ({ partNumber, bytes, checksums }))
    const more = { etag: etagOfParts(named), upload: { id: uploadId, parts: kept } }
    return this.#write(bucket, key, joinParts(files), options, more)
  }

  /** Throws ObjectsError NoSuchUpload. */
  async abortUpload(bucket: string, key: string, uploadId: string): Promise<void> {
    await this.findUpload(bucket, key, uploadId)
    await this.#uploads.remove(bucket, uploadId)
  }

  async #bucketFolder(bucket: string): Promise<string> {
    if (!(await this.bucketExists(bucket))) throw noSuchBucket(bucket)
    return join(this.#folder, bucket)
  }

  async #write(
    bucket: string,
    key: string,
    body: AsyncIterable<Uint8Array>,
    options: FolderPutOptions,
    more: Pick<StoredObject, 'upload'> & { etag?: string } = {},
  ): Promise<StoredObject> {
    const folder = await this.#bucketFolder(bucket)
    checkKey(key)
    const { contentType, metadata = {}, headers = {}, condition, sum, signal } = options
    const target = join(folder, ...pathOfKey(key))
    // Checks the condition before the body is read, so a rejected body need not be sent.
    condition?.(await readObjectRecord(target))
    const temporary = temporaryPath(this.#temporaryFolder)
    try {
      const recordOf = ({ bytes, md5 }: { bytes: number; md5: Buffer }): StoredObject => ({
        key,
        bytes,
        etag: `"${md5.toString('hex')}"`,
        modifiedAtMs: Date.now(),
        metadata,
        headers,
        ...(contentType === undefined ? {} : { contentType }),
        ...more,
      })
      const stored = await writeObjectFile(temporary, body, recordOf, { sum, signal })
      await this.#turns.take(target, () =>
        onFiles(() => placeFile(temporary, bucket, folder, pathOfKey(key), condition)),
      )
      return stored
    } finally {
      await onFiles(() => rm(temporary, { force: true }))
    }
  }
}

function bucketNotEmpty(bucket: string): ObjectsError {
  return new ObjectsError('BucketNotEmpty', `The bucket '${bucket}' still holds objects.`)
}
