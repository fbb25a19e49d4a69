// What commands do in the object store: put an object, get one, and see what is there. Owns the client's life. A bucket that is
// missing is made for what writes into it; what only reads makes none.

import { createWriteStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { S3Client } from '@aws-sdk/client-s3'
import type { Connection } from './api/connection.ts'

/** Makes a bucket where it is missing. Throws an error that names it. */
export async function makeBucket(connection: Connection, Bucket: string): Promise<void> {
  await withBucket(connection, Bucket, async () => undefined)
}

/** Puts an object into a bucket. Throws an error that names the bucket. */
export async function putObject(connection: Connection, Bucket: string, Key: string, Body: Uint8Array): Promise<void> {
  await withBucket(connection, Bucket, async (s3) => {
    const { PutObjectCommand } = await import('@aws-sdk/client-s3')
    await s3.send(new PutObjectCommand({ Bucket, Key, Body }))
  })
}

export interface FoundObject {
  bucket: string
  key: string
  bytes: number
  modifiedAtMs: number
}

/** The objects of a bucket whose keys begin so, or, without a bucket, of all that there are. */
export async function findObjects(connection: Connection, bucket?: string, prefix = ''): Promise<FoundObject[]> {
  return withClient(connection, async (s3) => {
    const { ListBucketsCommand, paginateListObjectsV2 } = await import('@aws-sdk/client-s3')
    const buckets =
      bucket === undefined
        ? ((await s3.send(new ListBucketsCommand())).Buckets ?? []).map(({ Name }) => Name!)
        : [bucket]
    const found: FoundObject[] = []
    for (const each of buckets) {
      for await (const { Contents = [] } of paginateListObjectsV2({ client: s3 }, { Bucket: each, Prefix: prefix }))
        for (const { Key, Size = 0, LastModified } of Contents)
          found.push({ bucket: each, key: Key!, bytes: Size, modifiedAtMs: LastModified?.getTime() ?? 0 })
    }
    return found
  })
}

/** Streams an object into a file; `onProgress` is told how many of how many bytes are there. */
export async function downloadObject(
  connection: Connection,
  Bucket: string,
  Key: string,
  file: string,
  onProgress: (bytes: number, of: number) => void,
): Promise<void> {
  await withClient(connection, async (s3) => {
    const { GetObjectCommand } = await import('@aws-sdk/client-s3')
    const { Body, ContentLength = 0 } = await s3.send(new GetObjectCommand({ Bucket, Key }))
    let bytes = 0
    const counted = async function* (pieces: AsyncIterable<Uint8Array>) {
      for await (const piece of pieces) {
        bytes += piece.length
        onProgress(bytes, ContentLength)
        yield piece
      }
    }
    await pipeline(Body as Readable, counted, createWriteStream(file))
  })
}

async function withBucket<Result>(
  connection: Connection,
  Bucket: string,
  act: (s3: S3Client) => Promise<Result>,
): Promise<Result> {
  const { BucketAlreadyOwnedByYou, CreateBucketCommand, HeadBucketCommand, NotFound } = await import(
    '@aws-sdk/client-s3'
  )
  return withClient(connection, async (s3) => {
    try {
      try {
        await s3.send(new HeadBucketCommand({ Bucket }))
      } catch (error) {
        if (!(error instanceof NotFound)) throw error
        await s3.send(new CreateBucketCommand({ Bucket })).catch((refusal: unknown) => {
          // Another command has made it at the same time.
          if (!(refusal instanceof BucketAlreadyOwnedByYou)) throw refusal
        })
      }
      return await act(s3)
    } catch (cause) {
      const { name, message } = cause as Error
      throw new Error(`the bucket ${Bucket} can not be used: ${name}: ${message}`, { cause })
    }
  })
}

async function withClient<Result>(
  { endpoint, region, credentials }: Connection,
  act: (s3: S3Client) => Promise<Result>,
): Promise<Result> {
  const { S3Client: Client } = await import('@aws-sdk/client-s3')
  const s3 = new Client({ endpoint, region, credentials: { ...credentials }, forcePathStyle: true })
  try {
    return await act(s3)
  } finally {
    s3.destroy()
  }
}
