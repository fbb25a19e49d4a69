// What commands do in the object store: put an object, get one, list objects. Owns the client's
// life. A write creates a missing bucket; a read does not.

import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { S3Client } from '@aws-sdk/client-s3'
import type { Connection } from './api/connection.ts'
import { removeAtEnd } from './ending.ts'

/** Creates the bucket if it is missing. Throws an error that names it. */
export async function makeBucket(connection: Connection, Bucket: string): Promise<void> {
  await withBucket(connection, Bucket, async () => undefined)
}

/** Puts an object into a bucket. Throws an error that names the bucket. */
export async function putObject(
  connection: Connection,
  Bucket: string,
  Key: string,
  Body: Uint8Array,
): Promise<void> {
  await withBucket(connection, Bucket, async (s3) => {
    const { PutObjectCommand } = await import('@aws-sdk/client-s3')
    await s3.send(new PutObjectCommand({ Bucket, Key, Body }))
  })
}

/** Streams a file into an object. Throws an error that names the bucket. */
export async function putFile(
  connection: Connection,
  bucket: string,
  key: string,
  file: string,
): Promise<void> {
  await makeBucket(connection, bucket)
  const { S3Objects } = await import('../io/objects/s3-objects.ts')
  const { endpoint, region, credentials } = connection
  const uploadsFolder = await mkdtemp(join(tmpdir(), 'heddle-upload-'))
  removeAtEnd(uploadsFolder)
  const objects = new S3Objects({
    endpoint,
    region,
    credentials,
    forcePathStyle: true,
    uploadsFolder,
  })
  try {
    await objects.put(bucket, key, createReadStream(file), { contentType: 'application/zip' })
  } finally {
    await objects.close()
    await rm(uploadsFolder, { recursive: true, force: true })
  }
}

export interface FoundObject {
  bucket: string
  key: string
  bytes: number
  modifiedAtMs: number
}

/** The objects of a bucket whose keys have this prefix; without a bucket, all objects. */
export async function findObjects(
  connection: Connection,
  bucket?: string,
  prefix = '',
): Promise<FoundObject[]> {
  return withClient(connection, async (s3) => {
    const { ListBucketsCommand, paginateListObjectsV2 } = await import('@aws-sdk/client-s3')
    const buckets =
      bucket === undefined
        ? ((await s3.send(new ListBucketsCommand())).Buckets ?? []).map(({ Name }) => Name!)
        : [bucket]
    const found: FoundObject[] = []
    for (const each of buckets) {
      // A store that repeats the same page would never end.
      const paging = { client: s3, stopOnSameToken: true }
      for await (const { Contents = [] } of paginateListObjectsV2(paging, {
        Bucket: each,
        Prefix: prefix,
      }))
        for (const { Key, Size = 0, LastModified } of Contents)
          found.push({
            bucket: each,
            key: Key!,
            bytes: Size,
            modifiedAtMs: LastModified?.getTime() ?? 0,
          })
    }
    return found
  })
}

/**
 * Downloads an object to a file; `onProgress` gets the bytes so far and in all. Throws
 * ObjectsError.
 */
export async function downloadObject(
  { endpoint, region, credentials }: Connection,
  bucket: string,
  key: string,
  file: string,
  onProgress: (bytes: number, of: number) => void,
): Promise<void> {
  const { S3Objects } = await import('../io/objects/s3-objects.ts')
  const { readObject } = await import('../io/objects/read-object.ts')
  // Required, but unused: nothing is uploaded.
  const uploadsFolder = dirname(file)
  const objects = new S3Objects({
    endpoint,
    region,
    credentials,
    forcePathStyle: true,
    uploadsFolder,
  })
  try {
    await readObject(objects, { bucket, key }, async (info, body) => {
      let bytes = 0
      body.on('data', (piece: Uint8Array) => {
        bytes += piece.length
        onProgress(bytes, info.bytes)
      })
      await pipeline(body, createWriteStream(file))
    })
  } finally {
    await objects.close()
  }
}

async function withBucket<Result>(
  connection: Connection,
  Bucket: string,
  act: (s3: S3Client) => Promise<Result>,
): Promise<Result> {
  const { BucketAlreadyOwnedByYou, CreateBucketCommand, HeadBucketCommand, NotFound } =
    await import('@aws-sdk/client-s3')
  return withClient(connection, async (s3) => {
    try {
      try {
        await s3.send(new HeadBucketCommand({ Bucket }))
      } catch (error) {
        if (!(error instanceof NotFound)) throw error
        await s3.send(new CreateBucketCommand({ Bucket })).catch((refusal: unknown) => {
          // Another command created it at the same time.
          if (!(refusal instanceof BucketAlreadyOwnedByYou)) throw refusal
        })
      }
      return await act(s3)
    } catch (cause) {
      const { refusalText } = await import('../io/objects/s3-answers.ts')
      const { name, message } = cause as Error
      const text = refusalText(cause)
      throw new Error(
        `the bucket ${Bucket} can not be used: ${text === name ? `${name}: ${message}` : text}`,
        {
          cause,
        },
      )
    }
  })
}

async function withClient<Result>(
  { endpoint, region, credentials }: Connection,
  act: (s3: S3Client) => Promise<Result>,
): Promise<Result> {
  const { S3Client: Client } = await import('@aws-sdk/client-s3')
  const { demandS3Answers } = await import('../io/objects/s3-answers.ts')
  const s3 = new Client({ endpoint, region, credentials: { ...credentials }, forcePathStyle: true })
  demandS3Answers(s3)
  try {
    return await act(s3)
  } finally {
    s3.destroy()
  }
}
