// Who may read the page, and that it is answered whatever else the port is asked.

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import pino from 'pino'
import { Access } from '../access/access.ts'
import { AccessFolder } from '../access/access-folder.ts'
import { addUser } from '../access/edit-access.ts'
import { createMetricsHandler, type MetricsEndpointOptions } from './metrics-endpoint.ts'

const operator = { accessKeyId: 'AKIAOPERATOR', secretAccessKey: 'secret: with a colon' }
const read = { Effect: 'Allow', Action: 'heddle:ReadMetrics', Resource: '*' }
let folder = ''
let access: Access
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'heddle-metrics-'))
  const files = new AccessFolder(folder, () => undefined)
  access = new Access({ operator, folder: files, accountId: '111122223333', region: 'us-west-2', nowMs: Date.now })
})
after(() => rm(folder, { recursive: true, force: true }))

interface Asked {
  /** Where the caller is; by default another machine. */
  from?: string
  keys?: { accessKeyId: string; secretAccessKey: string }
  method?: string
  page?: MetricsEndpointOptions['page']
}

async function ask({ from = '10.0.0.9', keys, method = 'GET', page = async () => 'page\n' }: Asked) {
  const originOf = () => ({ sourceIp: from, isSecure: true })
  const handler = createMetricsHandler({ page, originOf, access, log: pino({ level: 'silent' }) })
  const server = createServer(handler).listen(0, '127.0.0.1')
  try {
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    const basic = keys && `Basic ${Buffer.from(`${keys.accessKeyId}:${keys.secretAccessKey}`).toString('base64')}`
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`, {
      method,
      ...(basic !== undefined && { headers: { authorization: basic } }),
    })
    return { status: answer.status, text: await answer.text(), headers: answer.headers }
  } finally {
    server.close()
    server.closeAllConnections()
  }
}

test('whoever is on this machine reads the page', async () => {
  for (const from of ['127.0.0.1', '127.8.9.10', '::1']) {
    const { status, text, headers } = await ask({ from })
    assert.deepEqual([status, text], [200, 'page\n'], from)
    assert.equal(headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
    assert.equal(headers.get('cache-control'), 'no-store')
  }
})

test('from another machine it takes a key and its secret', async () => {
  const { status, headers } = await ask({})
  assert.equal(status, 401)
  assert.match(headers.get('www-authenticate') ?? '', /^Basic /)
  assert.equal((await ask({ keys: operator })).status, 200)
  assert.equal((await ask({ keys: { ...operator, secretAccessKey: 'secret' } })).status, 401)
  assert.equal((await ask({ keys: { ...operator, accessKeyId: 'AKIANOBODY' } })).status, 401)
  for (const from of ['', '128.0.0.1', '::2', '127.evil']) assert.equal((await ask({ from })).status, 401, from)
})

test('a user needs leave to read the metrics', async () => {
  const reader = addUser(folder, 'reader', [{ Version: '2012-10-17', Statement: [read] }])
  const only = { IpAddress: { 'aws:SourceIp': '192.168.0.0/16' } }
  const near = addUser(folder, 'near', [{ Version: '2012-10-17', Statement: [{ ...read, Condition: only }] }])
  const nobody = addUser(folder, 'nobody', [])
  assert.equal((await ask({ keys: reader })).status, 200)
  assert.equal((await ask({ keys: near })).status, 403)
  assert.equal((await ask({ keys: near, from: '192.168.3.4' })).status, 200)
  const denied = await ask({ keys: nobody })
  assert.equal(denied.status, 403)
  assert.match(denied.text, /user\/nobody .*heddle:ReadMetrics/)
})

test('only reading is possible', async () => {
  const { status, headers } = await ask({ from: '127.0.0.1', method: 'POST' })
  assert.deepEqual([status, headers.get('allow')], [405, 'GET, HEAD'])
  const head = await ask({ from: '127.0.0.1', method: 'HEAD' })
  assert.deepEqual([head.status, head.text, head.headers.get('content-length')], [200, '', '5'])
})

test('a page that cannot be made is a 500 that says nothing of the cause', async () => {
  const page = async () => {
    throw new Error('secret cause')
  }
  const { status, text } = await ask({ from: '127.0.0.1', page })
  assert.equal(status, 500)
  assert.doesNotMatch(text, /secret/)
})
