import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, describe, it } from 'node:test'
import { credentialsFromEnvironment, openObjects } from '../../io/objects/open-objects.ts'
import { S3Objects } from '../../io/objects/s3-objects.ts'
import {
  assertFault,
  describeObjects,
  from,
  textOf,
} from '../../io/objects/testing/objects-contract.ts'
import { waitFor } from '../testing/control-fixture.ts'
import { startProxy, startTestEndpoint, TEST_REGION, testKeys } from './testing.ts'

const folders: string[] = []
after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))))

describeObjects('S3Objects, over the embedded endpoint,', async () => {
  const endpoint = await startTestEndpoint()
  await endpoint.objects.createBucket('worlds')
  const { objects, uploadsFolder } = await openOver(endpoint)
  return {
    objects,
    bucket: 'worlds',
    leftovers: async () => {
      const temporary = await readdir(join(endpoint.folder, 'objects', '.heddle', 'temporary'))
      const notes = await readdir(uploadsFolder)
      return temporary.length + notes.length + (await endpoint.objects.listUploads('worlds')).length
    },
    close: async () => {
      await objects.close()
      await endpoint[Symbol.asyncDispose]()
      assert.deepEqual(endpoint.failures, [])
    },
  }
})

describe('S3Objects', () => {
  it('aborts the uploads of processes that were killed, and nobody else’s', async () => {
    await using endpoint = await startTestEndpoint()
    await endpoint.objects.createBucket('worlds')
    const { objects, uploadsFolder } = await openOver(endpoint)
    const sourceOf = import.meta.resolve('../../io/objects/s3-objects.ts')
    const program = `
      import { Readable } from 'node:stream'
      import { S3Objects } from ${JSON.stringify(sourceOf)}
      async function* endless() { for (;;) yield Buffer.alloc(1024 * 1024) }
      const objects = new S3Objects(${JSON.stringify(optionsOver(endpoint, uploadsFolder))})
      await objects.put('worlds', 'mine', Readable.from(endless()))`
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
      stdio: 'inherit',
    })
    await waitFor('parts', async () => {
      const [upload] = await endpoint.objects.listUploads('worlds')
      if (upload === undefined) return undefined
      const { parts } = await endpoint.objects.listParts('worlds', 'mine', upload.uploadId)
      return parts.length > 0 || undefined
    })
    await endpoint.objects.startUpload('worlds', 'mine-as-well')
    await endpoint.objects.startUpload('worlds', 'another')
    await objects.clearAbandoned()
    assert.equal((await endpoint.objects.listUploads('worlds')).length, 3, 'it lives')
    child.kill('SIGKILL')
    await once(child, 'exit')
    await objects.clearAbandoned()
    const left = await endpoint.objects.listUploads('worlds')
    assert.deepEqual(left.map(({ key }) => key).sort(), ['another', 'mine-as-well'])
    assert.deepEqual(await readdir(uploadsFolder), [])
    await objects.close()
  })

  it('removes an upload later if its endpoint was gone, by key if it knows no upload', async () => {
    await using endpoint = await startTestEndpoint()
    await using proxy = await startProxy(endpoint.url)
    await endpoint.objects.createBucket('worlds')
    const { objects, uploadsFolder } = await openOver(proxy)
    for (const lost of ['POST uploads', 'PUT uploadId']) {
      proxy.lose = lost
      const body = Readable.from(Array.from({ length: 12 }, () => Buffer.alloc(1024 * 1024)))
      await assertFault('Unavailable', () => objects.put('worlds', 'lost', body))
      assert.ok((await endpoint.objects.listUploads('worlds')).length > 0, lost)
      await assertFault('Unavailable', () => objects.clearAbandoned())
      proxy.lose = undefined
      await objects.clearAbandoned()
      assert.deepEqual(await endpoint.objects.listUploads('worlds'), [], lost)
      assert.deepEqual(await readdir(uploadsFolder), [], lost)
    }
    await objects.close()
  })

  it('sees that it can write without the right, or the chance, to delete', async () => {
    await using endpoint = await startTestEndpoint()
    await using proxy = await startProxy(endpoint.url)
    await endpoint.objects.createBucket('worlds')
    const { objects, uploadsFolder } = await openOver(proxy)
    for (const lost of ['DELETE', 'DELETE uploadId']) {
      proxy.lose = lost
      await objects.checkWritable('worlds', 'tried')
      assert.deepEqual((await endpoint.objects.list('worlds', { maxEntries: 10 })).objects, [])
      proxy.lose = undefined
      await objects.clearAbandoned()
      assert.deepEqual(await endpoint.objects.listUploads('worlds'), [])
      assert.deepEqual(await readdir(uploadsFolder), [])
    }
    await objects.close()
  })

  it('breaks a body with a fault of the store if the endpoint goes away meanwhile', async () => {
    await using endpoint = await startTestEndpoint()
    await using wire = await startProxy(endpoint.url)
    await endpoint.objects.createBucket('worlds')
    await endpoint.objects.put('worlds', 'long', Readable.from([Buffer.alloc(64 * 1024 * 1024)]))
    const { objects } = await openOver(wire)
    const { body } = await objects.get('worlds', 'long')
    const read = assertFault('Unavailable', () => body.resume().toArray())
    await once(body, 'readable')
    await wire[Symbol.asyncDispose]()
    assert.match((await read).message, /'long' in the bucket 'worlds'/)
    const other = await openOver(endpoint)
    for (const take of [
      (each: Readable) => each.destroy(),
      (each: Readable) => each.once('data', () => each.destroy()),
    ])
      await once(take((await other.objects.get('worlds', 'long')).body), 'close')
    await objects.close()
    await other.objects.close()
  })

  it('knows an object as stored though answers were lost, or deletes it later', async () => {
    await using endpoint = await startTestEndpoint()
    await using proxy = await startProxy(endpoint.url)
    await endpoint.objects.createBucket('worlds')
    const { objects, uploadsFolder } = await openOver(proxy)
    for (const [last, blocks] of [
      ['POST uploadId', 12],
      ['PUT', 1],
    ] as const) {
      const body = () =>
        Readable.from(Array.from({ length: blocks }, () => Buffer.alloc(1024 * 1024)))
      Object.assign(proxy, { lose: last, isDownThen: false })
      const { metadata, bytes } = await objects.put('worlds', 'kept', body(), {
        metadata: { mine: '1' },
      })
      assert.deepEqual(
        { metadata, bytes },
        { metadata: { mine: '1' }, bytes: blocks * 1024 * 1024 },
      )
      Object.assign(proxy, { lose: last, isDownThen: true })
      await assertFault('Unavailable', () => objects.put('worlds', 'failed', body()))
      assert.ok(await endpoint.objects.head('worlds', 'failed'), last)
      proxy.lose = undefined
      await objects.clearAbandoned()
      await assertFault('NoSuchKey', () => endpoint.objects.head('worlds', 'failed'))
      assert.deepEqual(await readdir(uploadsFolder), [], last)
      assert.deepEqual(await endpoint.objects.listUploads('worlds'), [], last)
    }
    await objects.close()
  })
})

describe('openObjects', () => {
  it('opens the configured folder or endpoint, with keys from the environment', async () => {
    await using endpoint = await startTestEndpoint()
    await endpoint.objects.createBucket('worlds')
    const environment = {
      HEDDLE_S3_ACCESS_KEY_ID: testKeys.accessKeyId,
      HEDDLE_S3_SECRET_ACCESS_KEY: testKeys.secretAccessKey,
    }
    const places = { endpoint: endpoint.url, region: TEST_REGION, uploadsFolder: endpoint.folder }
    const config = { kind: 's3', ...places, forcePathStyle: true } as const
    const remote = await openObjects(config, () => credentialsFromEnvironment(environment))
    const local = await openObjects({ kind: 'folder', folder: join(endpoint.folder, 'objects') })
    await remote.put('worlds', 'k', from('through S3'))
    assert.equal(await textOf((await local.get('worlds', 'k')).body), 'through S3')
    await remote.close()
    await local.close()
  })

  it('says which keys are missing', async () => {
    await assertFault('AccessDenied', async () =>
      credentialsFromEnvironment({ HEDDLE_S3_ACCESS_KEY_ID: 'only one' }),
    )
  })

  it('maps a wrong secret and an endpoint that is not there', async () => {
    await using endpoint = await startTestEndpoint()
    await endpoint.objects.createBucket('worlds')
    const options = optionsOver(endpoint, endpoint.folder)
    const wrong = new S3Objects({
      ...options,
      credentials: { ...testKeys, secretAccessKey: 'wrong' },
    })
    await assertFault('AccessDenied', () => wrong.put('worlds', 'k', from('x')))
    const error = await assertFault('AccessDenied', () => wrong.checkWritable('worlds', 'k'))
    assert.match(error.message, /'worlds'/)
    await wrong.close()
    const nowhere = new S3Objects({ ...options, endpoint: 'http://127.0.0.1:1' })
    await assertFault('Unavailable', () => nowhere.head('worlds', 'k'))
    await nowhere.close()
  })
})

/** Opens a store with its own folder for notes, which is removed at the end. */
async function openOver(endpoint: {
  url: string
}): Promise<{ objects: S3Objects; uploadsFolder: string }> {
  const uploadsFolder = await mkdtemp(join(tmpdir(), 'heddle-uploads-'))
  folders.push(uploadsFolder)
  return { objects: new S3Objects(optionsOver(endpoint, uploadsFolder)), uploadsFolder }
}

function optionsOver({ url }: { url: string }, uploadsFolder: string) {
  return {
    endpoint: url,
    region: TEST_REGION,
    forcePathStyle: true,
    credentials: testKeys,
    uploadsFolder,
  }
}
