// What a proxy says about a request's sender, and when the server believes it; at the end, signed
// calls through a proxy of each kind.

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, request as httpRequest, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import SimSpaceWeaver from 'aws-sdk/clients/simspaceweaver.js'
import pino from 'pino'
import { parseIpRange } from '../../core/access/ip-range.ts'
import type { AuditEvent } from '../../core/audit/audit-event.ts'
import { addUser } from '../access/edit-access.ts'
import { resolveConfig } from '../config.ts'
import { serveControl } from '../server.ts'
import { originOf, takeForwarded } from './forwarded.ts'

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1'

const LOOPBACK = rangesOf('127.0.0.0/8', '10.0.0.0/8', '::1')

function rangesOf(...texts: string[]) {
  return texts.map((text) => parseIpRange(text) ?? assert.fail(text))
}

async function listen(t: TestContext, listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return (server.address() as AddressInfo).port
}

/** What the server takes from a request of 127.0.0.1. */
async function takenFrom(
  t: TestContext,
  headers: Record<string, string | string[]>,
  trusted = LOOPBACK,
) {
  const port = await listen(t, (request, response) => {
    takeForwarded(request, trusted)
    const { host, distinct } = {
      host: request.headers.host,
      distinct: request.headersDistinct.host,
    }
    response.end(JSON.stringify({ ...originOf(request), host, distinct }))
  })
  return new Promise<{ sourceIp: string; isSecure: boolean; host: string; distinct: string[] }>(
    (resolve, reject) => {
      const asked = httpRequest(
        { host: '127.0.0.1', port, headers: { host: 'inside:1', ...headers } },
        (answer) => {
          answer.setEncoding('utf8').on('data', (text: string) => resolve(JSON.parse(text)))
        },
      )
      asked.once('error', reject).end()
    },
  )
}

test('who is no trusted proxy is the sender, whatever it says', async (t) => {
  const headers = {
    'x-forwarded-for': '192.0.2.1',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'weaver.example.org',
  }
  const direct = {
    sourceIp: '127.0.0.1',
    isSecure: false,
    host: 'inside:1',
    distinct: ['inside:1'],
  }
  assert.deepEqual(await takenFrom(t, headers, []), direct)
  assert.deepEqual(await takenFrom(t, headers, rangesOf('10.0.0.0/8')), direct)
  assert.deepEqual(await takenFrom(t, {}), direct)
})

test('a trusted proxy names the sender, the protocol and the host', async (t) => {
  const headers = {
    'x-forwarded-for': '192.0.2.1',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'weaver.example.org:8443',
  }
  assert.deepEqual(await takenFrom(t, headers), {
    sourceIp: '192.0.2.1',
    isSecure: true,
    host: 'weaver.example.org:8443',
    distinct: ['weaver.example.org:8443'],
  })
})

test('of several senders the last one that is no trusted proxy counts', async (t) => {
  const cases: [header: string | string[], sourceIp: string][] = [
    // The sender may have invented the entries before it.
    ['203.0.113.9, 192.0.2.1, 10.0.0.3', '192.0.2.1'],
    [['203.0.113.9', '192.0.2.1, 10.0.0.3'], '192.0.2.1'],
    ['10.0.0.2, 10.0.0.3', '10.0.0.2'],
    ['192.0.2.1:50123', '192.0.2.1'],
    ['[2001:db8::7]:50123', '2001:db8::7'],
    ['2001:db8::7', '2001:db8::7'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['192.0.2.1, unknown', ''],
    ['192.0.2.0/24', ''],
    ['', ''],
  ]
  for (const [header, sourceIp] of cases)
    assert.equal(
      (await takenFrom(t, { 'x-forwarded-for': header })).sourceIp,
      sourceIp,
      String(header),
    )
})

test('of several protocols and hosts the last one counts, and nonsense does not', async (t) => {
  const isSecure = async (proto: string) =>
    (await takenFrom(t, { 'x-forwarded-proto': proto })).isSecure
  assert.deepEqual(
    [await isSecure('https, http'), await isSecure('http, HTTPS'), await isSecure('wss')],
    [false, true, false],
  )
  const host = async (text: string) => (await takenFrom(t, { 'x-forwarded-host': text })).host
  assert.equal(await host('made.up, weaver.example.org'), 'weaver.example.org')
  assert.equal(await host('[2001:db8::7]:8443'), '[2001:db8::7]:8443')
  for (const nonsense of ['a b', 'http://weaver.example.org', 'a/b', ''])
    assert.equal(await host(nonsense), 'inside:1')
})

interface Proxy {
  /**
   * `keeps` passes the host on; `tells` sends its own, and the original one in X-Forwarded-Host;
   * `changes` sends only its own.
   */
  host: 'keeps' | 'tells' | 'changes'
}

/** A typical reverse proxy for clients on other machines that use TLS. */
async function proxyTo(t: TestContext, target: string, { host }: Proxy): Promise<string> {
  const port = await listen(t, (request, response) => {
    const url = new URL(request.url ?? '/', target)
    const told = { 'x-forwarded-for': '192.0.2.33', 'x-forwarded-proto': 'https' }
    const hosts = {
      keeps: {},
      tells: { host: url.host, 'x-forwarded-host': request.headers.host },
      changes: { host: url.host },
    }
    const headers = { ...request.headers, ...told, ...hosts[host] }
    const passed = httpRequest(url, { method: request.method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    request.pipe(passed)
  })
  return `http://127.0.0.1:${port}`
}

test('signed calls go through proxies, and policies and audit see who sent them', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'heddle-proxy-'))
  const options = { data: join(folder, 'data'), fabricDir: join(folder, 'fabric'), port: '0' }
  const network = { trustedProxies: rangesOf('127.0.0.1') }
  const config = { ...resolveConfig(options, {}), network }
  const served = await serveControl(config, { log: pino({ level: 'silent' }), environment: {} })
  t.after(async () => {
    await served.close()
    await rm(folder, { recursive: true })
  })
  const Condition = {
    IpAddress: { 'aws:SourceIp': '192.0.2.0/24' },
    Bool: { 'aws:SecureTransport': 'true' },
  }
  const Statement = [
    { Effect: 'Allow', Action: 'simspaceweaver:ListSimulations', Resource: '*', Condition },
  ]
  const credentials = addUser(served.control.data.access, 'remote', [
    { Version: '2012-10-17', Statement },
  ])
  const list = (endpoint: string) =>
    new SimSpaceWeaver({ endpoint, region: 'us-west-2', credentials, maxRetries: 0 })
      .listSimulations()
      .promise()
  for (const host of ['keeps', 'tells'] as const)
    assert.deepEqual((await list(await proxyTo(t, served.url, { host }))).Simulations, [], host)
  // The same caller from this machine, over plain HTTP.
  await assert.rejects(list(served.url), { code: 'AccessDeniedException' })

  const changing = await proxyTo(t, served.url, { host: 'changes' })
  await assert.rejects(list(changing), (error: Error) => {
    assert.equal((error as Error & { code: string }).code, 'InvalidSignatureException')
    assert.match(
      error.message,
      new RegExp(`over the host '${new URL(served.url).host}' and the path '/listsimulations'`),
    )
    return true
  })
  const sources = (of: string) =>
    readdirSync(of, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .flatMap(({ name }) => readFileSync(join(of, name), 'utf8').trim().split('\n'))
      .map((line) => (JSON.parse(line) as AuditEvent).sourceIPAddress)
  assert.deepEqual(sources(served.control.data.audit), ['192.0.2.33', '192.0.2.33', '127.0.0.1'])
  assert.deepEqual(sources(served.control.data.unknownAudit), ['192.0.2.33'])
})

test('a refused signature says whose word about the host was not taken', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'heddle-proxy-'))
  const options = { data: join(folder, 'data'), fabricDir: join(folder, 'fabric'), port: '0' }
  const served = await serveControl(resolveConfig(options, {}), {
    log: pino({ level: 'silent' }),
    environment: {},
  })
  t.after(async () => {
    await served.close()
    await rm(folder, { recursive: true })
  })
  const endpoint = await proxyTo(t, served.url, { host: 'tells' })
  const client = new SimSpaceWeaver({
    endpoint,
    region: 'us-west-2',
    credentials: served.control.credentials,
    maxRetries: 0,
  })
  const told = new RegExp(
    `X-Forwarded-Host '${new URL(endpoint).host}' comes from no trusted proxy`,
  )
  await assert.rejects(client.listSimulations().promise(), told)
})
