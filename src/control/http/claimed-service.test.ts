import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serviceOf } from './claimed-service.ts'

const scope = (service: string) => `AKID/20261123/us-west-2/${service}/aws4_request`
const header = (service: string) =>
  `AWS4-HMAC-SHA256 Credential=${scope(service)}, SignedHeaders=host, Signature=0`

function serviceFor(url: string, authorization?: string, method = 'GET'): string {
  return serviceOf({ method, url, headers: authorization === undefined ? {} : { authorization } })
}

test('a signature names the service, whatever the address', () => {
  for (const url of ['/', '/startsimulation', '/health', '/bucket/key']) {
    assert.equal(serviceFor(url, header('s3')), 's3')
    assert.equal(serviceFor(url, header('simspaceweaver')), 'simspaceweaver')
    assert.equal(serviceFor(`${url}?X-Amz-Credential=${encodeURIComponent(scope('s3'))}`), 's3')
    assert.equal(serviceFor(`${url}?AWSAccessKeyId=a&Signature=b&Expires=1`), 's3')
    assert.equal(serviceFor(url, 'AWS AKID:c2lnbmF0dXJl'), 's3')
  }
})

test('without one the address does', () => {
  const own = [
    '/startsimulation',
    '/startclock?a=b',
    '/tags/arn%3Aaws',
    '/health',
    '/metrics',
    '/metrics?x',
  ]
  const buckets = [
    '/',
    '/?list-type=2',
    '/bucket',
    '/bucket/key',
    '/StartSimulation',
    '/tags',
    '/startclock/x',
    '/healthy',
  ]
  for (const authorization of [undefined, 'Basic x', 'AWS4-HMAC-SHA256 nonsense', '']) {
    for (const url of own) assert.equal(serviceFor(url, authorization), 'simspaceweaver', url)
    for (const url of buckets) assert.equal(serviceFor(url, authorization), 's3', url)
  }
  assert.equal(serviceFor('/', undefined, 'POST'), 'sts')
})
