// What commands do in the object store: put an object, and see what is there. Owns the client's life; a bucket that is missing is made.

import type { S3Client } from '@aws-sdk/client-s3'
import type { Connection } from './api/connection.ts'

/** Puts an object into a bucket. Throws an error that names the bucket. */
export async function putObject(connection: Connection, Bucket: string, Key: string, Body: Uint8Array): Promise<void> {
  await withBucket(connection, Bucket, async (s3) => {
    const { PutObjectCommand } = await import('@aws-sdk/client-s3')
    await s3.send(new PutObjectCommand({ Bucket, Key, Body }))
  })
}

/** The keys that begin so, in order. */
export async function keysOf(connection: Connection, Bucket: string, Prefix: string): Promise<string[]> {
  return withBucket(connection, Bucket, async (s3) => {
    const { paginateListObjectsV2 } = await import('@aws-sdk/client-s3')
    const keys: string[] = []
    for await (const { Contents = [] } of paginateListObjectsV2({ client: s3 }, { Bucket, Prefix }))
      for (const { Key } of Contents) if (Key !== undefined) keys.push(Key)
    return keys
  })
}

async function withBucket<Result>(
  { endpoint, region, credentials }: Connection,
  Bucket: string,
  act: (s3: S3Client) => Promise<Result>,
): Promise<Result> {
  const { CreateBucketCommand, HeadBucketCommand, NotFound, S3Client: Client } = await import('@aws-sdk/client-s3')
  const s3 = new Client({ endpoint, region, credentials: { ...credentials }, forcePathStyle: true })
  try {
    try {
      await s3.send(new HeadBucketCommand({ Bucket }))
    } catch (error) {
      if (!(error instanceof NotFound)) throw error
      await s3.send(new CreateBucketCommand({ Bucket }))
    }
    return await act(s3)
  } catch (cause) {
    const { name, message } = cause as Error
    throw new Error(`the bucket ${Bucket} can not be used: ${name}: ${message}`, { cause })
  } finally {
    s3.destroy()
  }
}
