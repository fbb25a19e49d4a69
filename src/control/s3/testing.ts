// A real HTTP server with the S3 endpoint over a temporary folder, for tests.
// Owns its folder and its port, and gives both back.

import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import { FolderObjects } from '../../io/objects/folder-objects.ts'
import type { S3Guard } from '../access/s3-access.ts'
import { createS3Handler } from './s3-handler.ts'

export const testKeys = { accessKeyId: 'HEDDLETESTKEY', secretAccessKey: 'the/secret+of=tests' }
export const testRegion = 'us-west-2'

export interface TestEndpoint extends AsyncDisposable {
  url: string
  port: number
  folder: string
  objects: FolderObjects
  failures: unknown[]
  /** A client with default settings, but for what is given. */
  client(config?: S3ClientConfig): S3Client
}

/** One who may do everything. */
export const openGuard: S3Guard = { demand: () => undefined, demandDelete: () => undefined, mayList: () => true }

/** Starts an endpoint on a free port; `now` moves its clock. */
export async function startTestEndpoint(options: { now?: () => Date } = {}): Promise<TestEndpoint> {
  const folder = await mkdtemp(join(tmpdir(), 'heddle-s3-'))
  const objects = await FolderObjects.open(join(folder, 'objects'))
  const failures: unknown[] = []
  const clients: S3Client[] = []
  const handler = createS3Handler({
    objects,
    region: testRegion,
    secretFor: (key) => (key === testKeys.accessKeyId ? testKeys.secretAccessKey : undefined),
    guardFor: () => openGuard,
    onFailure: ({ error }) => failures.push(error),
    ...options,
  })
  const server = createServer(handler)
  server.on('checkContinue', handler)
  // A client must not find its idle connection closed because the machine is busy.
  server.keepAliveTimeout = 120_000
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`
  return {
    url,
    port,
    folder,
    objects,
    failures,
    client(config = {}) {
      const client = new S3Client({
        endpoint: url,
        region: testRegion,
        credentials: testKeys,
        forcePathStyle: true,
        maxAttempts: 1,
        ...config,
      })
      clients.push(client)
      return client
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.destroy()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await objects.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
