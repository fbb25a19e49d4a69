// A real HTTP server with the S3 endpoint over a temporary folder, and a proxy before it that loses
// answers, for tests. Owns its folder and its ports, and releases them.

import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import { FolderObjects } from '../../io/objects/folder-objects.ts'
import type { S3Guard } from '../access/s3-access.ts'
import { createS3Handler } from './s3-handler.ts'

export const testKeys = { accessKeyId: 'HEDDLETESTKEY', secretAccessKey: 'the/secret+of=tests' }
export const TEST_REGION = 'us-west-2'
export const TEST_ACCOUNT = '111122223333'

export interface TestEndpoint extends AsyncDisposable {
  url: string
  port: number
  folder: string
  objects: FolderObjects
  failures: unknown[]
  /** A client with default settings, except those given. */
  client(config?: S3ClientConfig): S3Client
}

/** Allows everything. */
const openGuard: S3Guard = {
  demand: () => undefined,
  demandDelete: () => undefined,
  mayList: () => true,
}

/** Starts an endpoint on a free port; `now` replaces its clock. */
export async function startTestEndpoint(options: { now?: () => Date } = {}): Promise<TestEndpoint> {
  const folder = await mkdtemp(join(tmpdir(), 'heddle-s3-'))
  const objects = await FolderObjects.open(join(folder, 'objects'))
  const failures: unknown[] = []
  const clients: S3Client[] = []
  const handler = createS3Handler({
    objects,
    region: TEST_REGION,
    account: TEST_ACCOUNT,
    secretFor: (key) => (key === testKeys.accessKeyId ? testKeys.secretAccessKey : undefined),
    guardFor: () => openGuard,
    onFailure: ({ error }) => failures.push(error),
    ...options,
  })
  const server = createServer(handler)
  server.on('checkContinue', handler)
  // Keeps a client's idle connection open even if the machine is busy.
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
        region: TEST_REGION,
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

interface LosingProxy extends AsyncDisposable {
  url: string
  /**
   * Requests like `POST uploadId` (method, and a parameter of the query) reach the endpoint, but
   * are never answered.
   */
  lose: string | undefined
  /** Whether all requests after the first lost one fail. */
  isDownThen: boolean
}

/** A proxy on a free port; it loses nothing yet. */
export async function startProxy(target: string): Promise<LosingProxy> {
  let hasLost = false
  let losing: string | undefined
  const server = createServer((incoming, answer) => {
    const { method = '', url = '', headers } = incoming
    const [lostMethod, parameter] = losing?.split(' ') ?? []
    const { searchParams } = new URL(url, target)
    const isLost =
      method === lostMethod &&
      (parameter === undefined ? searchParams.size < 2 : searchParams.has(parameter))
    if (!isLost && losing !== undefined && hasLost && proxy.isDownThen)
      return void incoming.socket.destroy()
    const onwards = request(new URL(url, target), { method, headers }, (found) => {
      if (!isLost) {
        answer.writeHead(found.statusCode!, found.headers)
        found.pipe(answer)
        return
      }
      hasLost = true
      found.resume().once('close', () => incoming.socket.destroy())
    })
    incoming.pipe(onwards).once('error', () => incoming.socket.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const proxy: LosingProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    isDownThen: true,
    get lose() {
      return losing
    },
    set lose(text) {
      losing = text
      hasLost = false
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return proxy
}
