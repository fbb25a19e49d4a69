// Who may read the page of metrics, and which other requests do not affect it.

import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingHttpHeaders, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import pino from 'pino'
import { after, before } from '../../base/testing/hooks.ts'
import { Access } from '../access/access.ts'
import { AccessFolder } from '../access/access-folder.ts'
import { addUser } from '../access/edit-access.ts'
import { createMetricsHandler, type MetricsEndpointOptions } from './metrics-endpoint.ts'
import { readMetricsToken } from './metrics-token.ts'

const operator = { accessKeyId: 'AKIAOPERATOR', secretAccessKey: 'secret: with a colon' }
const read = { Effect: 'Allow', Action: 'heddle:ReadMetrics', Resource: '*' }
let folder = ''
let access: Access
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'heddle-metrics-'))
  const files = new AccessFolder(folder, () => undefined)
  access = new Access({
    operator,
    folder: files,
    accountId: '111122223333',
    region: 'us-west-2',
    nowMs: Date.now,
  })
})
after(() => rm(folder, { recursive: true, force: true }))

interface Answered {
  status: number
  text: string
  headers: IncomingHttpHeaders
}

interface Asked {
  /** The caller's address; by default another machine. */
  from?: string
  keys?: { accessKeyId: string; secretAccessKey: string }
  method?: string
  host?: string
  /** The expected token and the sent one. */
  token?: string
  bearer?: string
  page?: MetricsEndpointOptions['page']
}

async function ask({
  from = '10.0.0.9',
  keys,
  method = 'GET',
  host,
  token,
  bearer,
  page = async () => 'page\n',
}: Asked) {
  const originOf = () => ({ sourceIp: from, isSecure: true })
  const handler = createMetricsHandler({
    page,
    originOf,
    access,
    hostNames: () => ['weaver.example.org'],
    token: () => token,
    log: pino({ level: 'silent' }),
  })
  const server = createServer(handler).listen(0, '127.0.0.1')
  try {
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    const basic =
      keys &&
      `Basic ${Buffer.from(`${keys.accessKeyId}:${keys.secretAccessKey}`).toString('base64')}`
    const authorization = bearer === undefined ? basic : `Bearer ${bearer}`
    // `fetch` does not let callers choose the host.
    const headers = {
      host: host ?? `127.0.0.1:${port}`,
      ...(authorization !== undefined && { authorization }),
    }
    return await new Promise<Answered>((resolve, reject) => {
      const asked = request(
        { host: '127.0.0.1', port, path: '/metrics', method, headers },
        (answer) => {
          let text = ''
          answer.setEncoding('utf8').on('data', (piece: string) => {
            text += piece
          })
          answer.on('end', () =>
            resolve({ status: answer.statusCode ?? 0, text, headers: answer.headers }),
          )
        },
      )
      asked.once('error', reject).end()
    })
  } finally {
    server.close()
    server.closeAllConnections()
  }
}

test('whoever is on this machine reads the page', async () => {
  for (const from of ['127.0.0.1', '127.8.9.10', '::1']) {
    const { status, text, headers } = await ask({ from })
    assert.deepEqual([status, text], [200, 'page\n'], from)
    assert.equal(headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8')
    assert.equal(headers['cache-control'], 'no-store')
  }
})

test('from another machine it takes a key and its secret', async () => {
  const { status, headers } = await ask({})
  assert.equal(status, 401)
  assert.match(headers['www-authenticate'] ?? '', /^Basic /)
  assert.equal((await ask({ keys: operator })).status, 200)
  assert.equal((await ask({ keys: { ...operator, secretAccessKey: 'secret' } })).status, 401)
  assert.equal((await ask({ keys: { ...operator, accessKeyId: 'AKIANOBODY' } })).status, 401)
  for (const from of ['', '128.0.0.1', '::2', '127.evil'])
    assert.equal((await ask({ from })).status, 401, from)
})

test('a user needs leave to read the metrics', async () => {
  const reader = addUser(folder, 'reader', [{ Version: '2012-10-17', Statement: [read] }])
  const only = { IpAddress: { 'aws:SourceIp': '192.168.0.0/16' } }
  const near = addUser(folder, 'near', [
    { Version: '2012-10-17', Statement: [{ ...read, Condition: only }] },
  ])
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
  assert.deepEqual([status, headers.allow], [405, 'GET, HEAD'])
  const head = await ask({ from: '127.0.0.1', method: 'HEAD' })
  assert.deepEqual([head.status, head.text, head.headers['content-length']], [200, '', '5'])
})

test('a page that cannot be made is a 500 that says nothing of the cause', async () => {
  const page = async () => {
    throw new Error('secret cause')
  }
  const { status, text } = await ask({ from: '127.0.0.1', page })
  assert.equal(status, 500)
  assert.doesNotMatch(text, /secret/)
})

test('on this machine it is read under a name of this machine alone, or with a key', async () => {
  const from = '127.0.0.1'
  for (const host of [
    'localhost:4310',
    'a.localhost',
    '127.0.0.1',
    '[::1]:4310',
    '192.0.2.7:4310',
    'Weaver.example.org',
  ])
    assert.equal((await ask({ from, host })).status, 200, host)
  for (const host of [
    'attacker.example:4310',
    'localhost.attacker.example',
    'notlocalhost',
    '127.0.0.1.attacker.example',
  ]) {
    const { status, text } = await ask({ from, host })
    assert.equal(status, 403, host)
    assert.match(text, /not as '/)
    assert.equal((await ask({ from, host, keys: operator })).status, 200, host)
  }
})

test('a configured token, or a key, is needed by every reader, local ones too', async () => {
  const token = 'a-token-of-24-characters'
  for (const from of ['127.0.0.1', '10.0.0.9']) {
    const none = await ask({ from, token })
    assert.equal(none.status, 401)
    assert.match(String(none.headers['www-authenticate']), /^Bearer .*Basic /)
    assert.equal((await ask({ from, token, bearer: token, host: 'any.example' })).status, 200)
    assert.equal((await ask({ from, token, bearer: `${token}x` })).status, 401)
    assert.equal((await ask({ from, token, keys: operator })).status, 200)
  }
  assert.equal((await ask({ bearer: token })).status, 401)
})

test('a token is read from its file, and is never a short one', async () => {
  const tokenFile = join(folder, 'token')
  await writeFile(tokenFile, 'a-token-of-24-characters\n')
  assert.equal(readMetricsToken({ tokenFile }), 'a-token-of-24-characters')
  assert.equal(readMetricsToken({}), undefined)
  for (const text of ['', 'short', 'two tokens of some length'])
    await writeFile(tokenFile, text).then(() =>
      assert.throws(() => readMetricsToken({ tokenFile }), /must hold one token/),
    )
  assert.throws(
    () => readMetricsToken({ tokenFile: join(folder, 'none') }),
    /metrics\.token_file can't be read: ENOENT/,
  )
})
