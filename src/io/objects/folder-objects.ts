// The embedded object store: a folder that several processes may have open at once.
// Owns the layout `<folder>/<bucket>/…` and `<folder>/.heddle/…`; keeps no index, so nothing can go stale, and never speaks HTTP.

import { access, constants, link, mkdir, open, readdir, rename, rm, rmdir, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { codeOf, onFiles } from './file-faults.ts'
import { holdsObjects, type ListOptions, listFolder, type ObjectList } from './folder-listing.ts'
import { FolderUploads, joinParts, type PartInfo, type UploadInfo } from './folder-uploads.ts'
import { abortable, endBody, type ObjectBody } from './object-body.ts'
import { type KeptHeaders, type OpenObject, openObjectFile, type StoredObject, writeObjectFile } from './object-file.ts'
import { checkKey, isBucketName, pathOfKey } from './object-names.ts'
import { type ByteRange, type Objects, ObjectsError, type PutOptions } from './objects.ts'
import { clearTemporaryFiles, temporaryPath } from './temporary-files.ts'

export interface FolderPutOptions extends PutOptions {
  headers?: KeptHeaders
  /** Throws ObjectsError AlreadyExists where the key has an object, in place of replacing it. */
  ifAbsent?: boolean
}

export interface BucketInfo {
  bucket: string
  createdAtMs: number
}

/** Leaves room for the longest key below the 4096 bytes of a path. */
const folderBytesMax = 900
/** How often a put is tried again while deletions clear away the folders it makes. */
const placeAttemptsMax = 50

export class FolderObjects implements Objects {
  private readonly folder: string
  private readonly temporaryFolder: string
  private readonly uploads: FolderUploads

  private constructor(folder: string) {
    this.folder = folder
    this.temporaryFolder = join(folder, '.heddle', 'temporary')
    this.uploads = new FolderUploads(join(folder, '.heddle', 'uploads'), this.temporaryFolder)
  }

  /** Makes the folder where it doesn't exist, and clears away what crashed processes left half written. */
  static async open(folder: string): Promise<FolderObjects> {
    if (Buffer.byteLength(folder) > folderBytesMax) {
      throw new ObjectsError('InvalidName', `The path of the objects' folder is longer than ${folderBytesMax} bytes.`)
    }
    const objects = new FolderObjects(folder)
    await onFiles(async () => {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await mkdir(objects.temporaryFolder, { recursive: true, mode: 0o700 })
    })
    await objects.clearAbandoned()
    return objects
  }

  async clearAbandoned(): Promise<void> {
    await onFiles(() => clearTemporaryFiles(this.temporaryFolder))
  }

  async close(): Promise<void> {
    // Every object is durable once its put has returned, and nothing is held open.
  }

  async bucketExists(bucket: string): Promise<boolean> {
    return (await this.findBucket(bucket)) !== undefined
  }

  /** Undefined where there is no such bucket. */
  async findBucket(bucket: string): Promise<BucketInfo | undefined> {
    if (!isBucketName(bucket)) return undefined
    return onFiles(async () => {
      try {
        const found = await stat(join(this.folder, bucket))
        return found.isDirectory() ? { bucket, createdAtMs: Math.trunc(found.birthtimeMs || found.ctimeMs) } : undefined
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return undefined
        throw error
      }
    })
  }

  /** In the order of their names. */
  async listBuckets(): Promise<BucketInfo[]> {
    const names = (await onFiles(() => readdir(this.folder))).sort()
    const buckets = await Promise.all(names.map((name) => this.findBucket(name)))
    return buckets.filter((bucket) => bucket !== undefined)
  }

  /** Throws ObjectsError InvalidName or BucketExists. */
  async createBucket(bucket: string): Promise<void> {
    if (!isBucketName(bucket)) throw new ObjectsError('InvalidName', `'${bucket}' can't be the name of a bucket.`)
    await onFiles(async () => {
      try {
        await mkdir(join(this.folder, bucket))
      } catch (error) {
        if (codeOf(error) === 'EEXIST') throw new ObjectsError('BucketExists', `The bucket '${bucket}' exists.`)
        throw error
      }
      await syncFolder(this.folder)
    })
  }

  /** Uploads that were never completed go with it. Throws ObjectsError NoSuchBucket or BucketNotEmpty. */
  async deleteBucket(bucket: string): Promise<void> {
    const folder = await this.bucketFolder(bucket)
    if (await holdsObjects(folder)) throw bucketNotEmpty(bucket)
    await onFiles(async () => {
      try {
        await removeEmptyFolders(folder)
      } catch (error) {
        if (codeOf(error) === 'ENOENT') throw noSuchBucket(bucket)
        throw codeOf(error) === 'ENOTEMPTY' ? bucketNotEmpty(bucket) : error
      }
    })
    await this.uploads.removeAll(bucket)
  }

  async head(bucket: string, key: string): Promise<StoredObject> {
    const opened = await this.open(bucket, key)
    await opened.close()
    return opened.info
  }

  async get(bucket: string, key: string, range?: ByteRange): Promise<{ info: StoredObject; body: Readable }> {
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
    const folder = await this.bucketFolder(bucket)
    checkKey(key)
    const opened = await openObjectFile(join(folder, ...pathOfKey(key)))
    if (opened === undefined) throw new ObjectsError('NoSuchKey', `The bucket '${bucket}' has no object '${key}'.`)
    return opened
  }

  /** Throws ObjectsError NoSuchBucket, InvalidName, NoSpace, AlreadyExists. */
  async put(bucket: string, key: string, body: ObjectBody, options: FolderPutOptions = {}): Promise<StoredObject> {
    try {
      return await this.write(bucket, key, abortable(body, options.signal), options)
    } finally {
      endBody(body)
    }
  }

  async delete(bucket: string, key: string): Promise<void> {
    const folder = await this.bucketFolder(bucket)
    checkKey(key)
    const path = pathOfKey(key)
    await onFiles(async () => {
      try {
        await unlink(join(folder, ...path))
      } catch (error) {
        if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return
        throw error
      }
      await removeEmptyLevels(folder, path.slice(0, -1))
    })
  }

  async list(bucket: string, options: ListOptions): Promise<ObjectList> {
    return listFolder(await this.bucketFolder(bucket), options)
  }

  async checkWritable(bucket: string): Promise<void> {
    const folder = await this.bucketFolder(bucket)
    const probe = temporaryPath(this.temporaryFolder)
    try {
      await onFiles(async () => {
        await access(folder, constants.W_OK)
        await (await open(probe, 'wx')).close()
        await rm(probe)
      })
    } catch (error) {
      const fault = error instanceof ObjectsError ? error.fault : 'Unavailable'
      throw new ObjectsError(fault, `Nothing can be written to the bucket '${bucket}'.`, { cause: error })
    }
  }

  /** Returns the id of a new multipart upload. */
  async startUpload(bucket: string, key: string, options: FolderPutOptions = {}): Promise<string> {
    await this.bucketFolder(bucket)
    checkKey(key)
    const { contentType, metadata = {}, headers = {} } = options
    return this.uploads.start(bucket, {
      key,
      startedAtMs: Date.now(),
      metadata,
      headers,
      ...(contentType === undefined ? {} : { contentType }),
    })
  }

  /** Puts one part, or puts it again. Throws ObjectsError NoSuchUpload. */
  async putPart(bucket: string, key: string, uploadId: string, partNumber: number, body: Readable): Promise<PartInfo> {
    try {
      await this.bucketFolder(bucket)
      return await this.uploads.putPart(bucket, key, uploadId, partNumber, body)
    } finally {
      body.destroy()
    }
  }

  async listParts(bucket: string, key: string, uploadId: string): Promise<{ upload: UploadInfo; parts: PartInfo[] }> {
    await this.bucketFolder(bucket)
    const upload = await this.uploads.find(bucket, key, uploadId)
    return { upload, parts: await this.uploads.parts(bucket, key, uploadId) }
  }

  async listUploads(bucket: string): Promise<UploadInfo[]> {
    await this.bucketFolder(bucket)
    return this.uploads.list(bucket)
  }

  /** Makes the parts one object, streaming. Throws ObjectsError NoSuchUpload, InvalidPart, AlreadyExists. */
  async completeUpload(
    bucket: string,
    key: string,
    uploadId: string,
    parts: readonly { partNumber: number; etag: string }[],
    options: { ifAbsent?: boolean } = {},
  ): Promise<StoredObject> {
    await this.bucketFolder(bucket)
    const upload = await this.uploads.find(bucket, key, uploadId)
    const plan = await this.uploads.plan(bucket, uploadId, parts)
    const { contentType, metadata, headers } = upload
    const put = { metadata, headers, ...(contentType === undefined ? {} : { contentType }), ...options }
    const stored = await this.write(bucket, key, joinParts(plan.files), put, plan.etag)
    await this.uploads.remove(bucket, uploadId)
    return stored
  }

  /** Throws ObjectsError NoSuchUpload. */
  async abortUpload(bucket: string, key: string, uploadId: string): Promise<void> {
    await this.bucketFolder(bucket)
    await this.uploads.find(bucket, key, uploadId)
    await this.uploads.remove(bucket, uploadId)
  }

  private async bucketFolder(bucket: string): Promise<string> {
    if (!(await this.bucketExists(bucket))) throw noSuchBucket(bucket)
    return join(this.folder, bucket)
  }

  private async write(
    bucket: string,
    key: string,
    body: AsyncIterable<Uint8Array>,
    options: FolderPutOptions,
    etag?: string,
  ): Promise<StoredObject> {
    const folder = await this.bucketFolder(bucket)
    checkKey(key)
    const { contentType, metadata = {}, headers = {}, ifAbsent = false, signal } = options
    const temporary = temporaryPath(this.temporaryFolder)
    try {
      const recordOf = ({ bytes, md5 }: { bytes: number; md5: Buffer }): StoredObject => ({
        key,
        bytes,
        etag: etag ?? `"${md5.toString('hex')}"`,
        modifiedAtMs: Date.now(),
        metadata,
        headers,
        ...(contentType === undefined ? {} : { contentType }),
      })
      const stored = await writeObjectFile(temporary, body, recordOf, signal)
      await onFiles(() => placeFile(temporary, bucket, folder, pathOfKey(key), ifAbsent))
      return stored
    } finally {
      await onFiles(() => rm(temporary, { force: true }))
    }
  }
}

/** Puts a finished file in its place in one step, whatever is deleted around it at the same time. */
async function placeFile(temporary: string, bucket: string, folder: string, path: string[], ifAbsent: boolean) {
  const target = join(folder, ...path)
  for (let attempt = 1; ; attempt++) {
    try {
      await makeLevels(folder, path.slice(0, -1))
      if (ifAbsent) await link(temporary, target)
      else await rename(temporary, target)
      return await syncFolder(join(target, '..'))
    } catch (error) {
      if (codeOf(error) === 'EEXIST') throw new ObjectsError('AlreadyExists', 'The key has an object already.')
      if (codeOf(error) !== 'ENOENT' || attempt === placeAttemptsMax) throw error
      await stat(folder).catch((cause: unknown) => {
        throw codeOf(cause) === 'ENOENT' ? noSuchBucket(bucket) : cause
      })
    }
  }
}

async function makeLevels(folder: string, levels: string[]): Promise<void> {
  let path = folder
  for (const level of levels) {
    const parent = path
    path = join(path, level)
    if (await makeFolder(path)) await syncFolder(parent)
  }
}

/** False where it is there already. */
async function makeFolder(path: string): Promise<boolean> {
  try {
    await mkdir(path)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

async function removeEmptyLevels(folder: string, levels: string[]): Promise<void> {
  for (let depth = levels.length; depth > 0; depth--) {
    try {
      await rmdir(join(folder, ...levels.slice(0, depth)))
    } catch (error) {
      if (codeOf(error) === 'ENOTEMPTY' || codeOf(error) === 'ENOENT') return
      throw error
    }
  }
}

/** Removes a folder that holds nothing but empty folders; fails with ENOTEMPTY where it holds more. */
async function removeEmptyFolders(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue
    try {
      await removeEmptyFolders(join(folder, entry.name))
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error
    }
  }
  await rmdir(folder)
}

/** Makes new names in a folder durable. The folder may be gone again by now. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
  }
}

function noSuchBucket(bucket: string): ObjectsError {
  return new ObjectsError('NoSuchBucket', `There is no bucket '${bucket}'.`)
}

function bucketNotEmpty(bucket: string): ObjectsError {
  return new ObjectsError('BucketNotEmpty', `The bucket '${bucket}' still holds objects.`)
}
