import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { assertFault, describeObjects, from, textOf } from '../../io/objects/objects-contract.ts'
import { credentialsFromEnvironment, openObjects } from '../../io/objects/open-objects.ts'
import { S3Objects } from '../../io/objects/s3-objects.ts'
import { startTestEndpoint, testKeys, testRegion } from './testing.ts'

describeObjects('S3Objects, over the embedded endpoint,', async () => {
  const endpoint = await startTestEndpoint()
  await endpoint.objects.createBucket('worlds')
  const objects = new S3Objects({
    endpoint: endpoint.url,
    region: testRegion,
    forcePathStyle: true,
    credentials: testKeys,
  })
  return {
    objects,
    bucket: 'worlds',
    leftovers: async () => {
      const temporary = await readdir(join(endpoint.folder, 'objects', '.heddle', 'temporary'))
      return temporary.length + (await endpoint.objects.listUploads('worlds')).length
    },
    close: async () => {
      await objects.close()
      await endpoint[Symbol.asyncDispose]()
      assert.deepEqual(endpoint.failures, [])
    },
  }
})

describe('openObjects', () => {
  it('opens the folder and the S3 endpoint that the configuration names, with keys from the environment', async () => {
    await using endpoint = await startTestEndpoint()
    await endpoint.objects.createBucket('worlds')
    const environment = {
      HEDDLE_S3_ACCESS_KEY_ID: testKeys.accessKeyId,
      HEDDLE_S3_SECRET_ACCESS_KEY: testKeys.secretAccessKey,
    }
    const config = { kind: 's3', endpoint: endpoint.url, region: testRegion, forcePathStyle: true } as const
    const remote = await openObjects(config, () => credentialsFromEnvironment(environment))
    const local = await openObjects({ kind: 'folder', folder: join(endpoint.folder, 'objects') })
    await remote.put('worlds', 'k', from('through S3'))
    assert.equal(await textOf((await local.get('worlds', 'k')).body), 'through S3')
    await remote.close()
    await local.close()
  })

  it('says which keys are missing', async () => {
    await assertFault('AccessDenied', async () => credentialsFromEnvironment({ HEDDLE_S3_ACCESS_KEY_ID: 'only one' }))
  })

  it('maps a wrong secret and an endpoint that is not there', async () => {
    await using endpoint = await startTestEndpoint()
    await endpoint.objects.createBucket('worlds')
    const options = { endpoint: endpoint.url, region: testRegion, forcePathStyle: true }
    const wrong = new S3Objects({ ...options, credentials: { ...testKeys, secretAccessKey: 'wrong' } })
    await assertFault('AccessDenied', () => wrong.put('worlds', 'k', from('x')))
    const error = await assertFault('AccessDenied', () => wrong.checkWritable('worlds'))
    assert.match(error.message, /'worlds'/)
    await wrong.close()
    const nowhere = new S3Objects({ ...options, endpoint: 'http://127.0.0.1:1', credentials: testKeys })
    await assertFault('Unavailable', () => nowhere.head('worlds', 'k'))
    await nowhere.close()
  })
})
