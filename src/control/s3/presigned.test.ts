import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import aws from 'aws-sdk'
import { after, before } from '../../base/testing/hooks.ts'
import { headersOf, targetOf } from './s3-request.ts'
import { startTestEndpoint, TEST_REGION, type TestEndpoint, testKeys } from './testing.ts'

/** aws-sdk v2 makes version 2 unless it is told otherwise. */
const versions = [undefined, 'v4']
const key = { Bucket: 'worlds', Key: 'pre signed/+&=ü?%25' }

describe('presigned URLs', () => {
  let endpoint: TestEndpoint
  let now: Date
  before(async () => {
    endpoint = await startTestEndpoint({ now: () => now })
    await endpoint.objects.createBucket('worlds')
  })
  after(async () => {
    await endpoint[Symbol.asyncDispose]()
    assert.deepEqual(endpoint.failures, [])
  })

  function s3(
    signatureVersion: string | undefined,
    secretAccessKey = testKeys.secretAccessKey,
  ): aws.S3 {
    now = new Date()
    return new aws.S3({
      endpoint: endpoint.url,
      region: TEST_REGION,
      credentials: { accessKeyId: testKeys.accessKeyId, secretAccessKey },
      s3ForcePathStyle: true,
      ...(signatureVersion !== undefined && { signatureVersion }),
    })
  }

  async function refusal(response: Response): Promise<string> {
    assert.ok(response.status >= 400 && response.status < 500, String(response.status))
    return /<Code>(\w+)<\/Code>/.exec(await response.text())?.[1] ?? 'none'
  }

  for (const version of versions) {
    const which = version ?? 'the default version'

    it(`of ${which} put and get, with what the query says of the object`, async () => {
      const client = s3(version)
      const Metadata = { a: 'b' }
      const content = { ContentType: 'text/x', Metadata }
      const put = await client.getSignedUrlPromise('putObject', { ...key, ...content, Expires: 60 })
      // With version 4, aws-sdk v2 leaves these headers to the user of the URL.
      const headers = { 'content-type': 'text/x', ...(version === 'v4' && { 'x-amz-meta-a': 'b' }) }
      const answer = await fetch(put, { method: 'PUT', body: 'by URL', headers })
      assert.equal(answer.status, 200, await answer.text())
      const got = await fetch(
        await client.getSignedUrlPromise('getObject', { ...key, Expires: 60 }),
      )
      assert.equal(await got.text(), 'by URL')
      assert.equal(got.headers.get('content-type'), 'text/x')
      assert.equal(got.headers.get('x-amz-meta-a'), 'b')
      const download = { ...key, ResponseContentDisposition: 'attachment; filename="a b"' }
      const named = await fetch(await client.getSignedUrlPromise('getObject', download))
      assert.equal(named.headers.get('content-disposition'), 'attachment; filename="a b"')
    })

    it(`of ${which} say what they say and nothing else`, async () => {
      const client = s3(version)
      const put = await client.getSignedUrlPromise('putObject', { ...key, Expires: 60 })
      assert.equal((await fetch(put, { method: 'PUT', body: Buffer.from('x') })).status, 200)
      const get = await client.getSignedUrlPromise('getObject', { ...key, Expires: 60 })
      const wrong = await s3(version, 'wrong').getSignedUrlPromise('getObject', {
        ...key,
        Expires: 60,
      })
      assert.equal(
        await refusal(await fetch(get.replace('signed', 'singed'))),
        'SignatureDoesNotMatch',
      )
      assert.equal(
        await refusal(await fetch(get, { method: 'PUT', body: 'x' })),
        'SignatureDoesNotMatch',
      )
      assert.equal(
        await refusal(await fetch(`${get}&response-content-type=x`)),
        'SignatureDoesNotMatch',
      )
      assert.equal(
        await refusal(await fetch(`${put}&x-amz-meta-a=b`, { method: 'PUT' })),
        'SignatureDoesNotMatch',
      )
      assert.equal(await refusal(await fetch(wrong)), 'SignatureDoesNotMatch')
      const copy = { method: 'PUT', headers: { 'x-amz-copy-source': '/worlds/secret' } }
      assert.match(await refusal(await fetch(put, copy)), /^(AccessDenied|SignatureDoesNotMatch)$/)
      now = new Date(Date.now() + 61_000)
      assert.equal(await refusal(await fetch(get)), 'AccessDenied')
    })
  }

  it('carry no header that could not be sent back', () => {
    const headersIn = (query: string) =>
      headersOf({ headers: { host: 'x' } }, targetOf(`/worlds/key?${query}`, 'x'))
    const signed = 'X-Amz-Signature=0'
    const own =
      'X-Amz-Date=1&X-Amz-Security-Token=t&X-Amz-SignedHeaders=host' +
      '&X-Amz-Content-Sha256=UNSIGNED-PAYLOAD'
    const all = headersIn(`${signed}&x-amz-meta-a=b&${own}&X-Amz-Acl=x`)
    assert.deepEqual(all, { host: 'x', 'x-amz-meta-a': 'b', 'x-amz-acl': 'x' })
    assert.deepEqual(headersIn('x-amz-meta-a=b'), { host: 'x' })
    for (const query of [
      'x-amz-meta-a=line%0Abreak',
      'x-amz-meta-a%20b=c',
      'x-amz-meta-%C3%A4=c',
    ]) {
      assert.throws(() => headersIn(`${signed}&${query}`), { code: 'InvalidArgument' }, query)
    }
  })
})
