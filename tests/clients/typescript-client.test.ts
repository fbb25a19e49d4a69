import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import {
  credentialsFromEnvironment,
  type DeclaredErrorOf,
  HeddleApiError,
  HeddleClient,
  HeddleConnectionError,
} from '@heddle/client'
import type { Authenticate } from '../../src/control/http/handlers.ts'
import { EXAMPLE_TIME } from '../../src/control/http/testing/example-service.ts'
import { type OpenServer, openServer } from '../../src/control/http/testing/open-server.ts'
import { OPERATION_NAMES } from '../../src/core/api/operations.ts'
import { verifySignature } from '../../src/core/api/signature.ts'

const KEYS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'a secret of this test' }
const REGION = 'us-west-2'
const ARN = 'arn:aws:simspaceweaver:us-west-2:111122223333:simulation/world'
const START = {
  Name: 'world',
  RoleArn: 'arn:aws:iam::111122223333:role/weaver',
  SchemaS3Location: { BucketName: 'bucket', ObjectKey: 'schema.yaml' },
}

const authenticate: Authenticate = async (request) => {
  const secretFor = (id: string) => (id === KEYS.accessKeyId ? KEYS.secretAccessKey : undefined)
  const verified = verifySignature(request, {
    secretFor,
    now: new Date(),
    region: REGION,
    services: ['simspaceweaver'],
  })
  if (!verified.ok) return verified
  return {
    ok: true,
    caller: { accessKeyId: verified.accessKeyId, arn: 'arn:aws:iam::111122223333:user/test' },
  }
}

async function serve(context: TestContext): Promise<{ server: OpenServer; client: HeddleClient }> {
  const server = await openServer(context, { authenticate })
  return {
    server,
    client: new HeddleClient({ endpoint: server.endpoint, region: REGION, credentials: KEYS }),
  }
}

test('every operation has its method, and its signed request is served', async (context) => {
  const { server, client } = await serve(context)
  const started = await client.startSimulation({ ...START, Tags: { 'a b/+&=é': 'c' } })
  assert.equal(started.Arn, ARN)
  assert.deepEqual(started.CreationTime, EXAMPLE_TIME)
  await client.startClock({ Simulation: 'world' })
  const clock = await client.waitUntilClockStarted('world')
  assert.equal(clock.LiveSimulationState?.Clocks?.[0]?.TargetStatus, 'STARTED')
  await client.stopClock({ Simulation: 'world' })
  await client.waitUntilClockStopped('world')
  const app = { Simulation: 'world', Domain: 'view', App: 'one' }
  await client.startApp({
    Simulation: 'world',
    Domain: 'view',
    Name: 'one',
    LaunchOverrides: { LaunchCommands: ['a b'] },
  })
  const shown = await client.describeApp(app)
  assert.deepEqual(shown.EndpointInfo?.IngressPortMappings, [{ Declared: 7000, Actual: 7001 }])
  assert.deepEqual(
    (await client.listApps({ Simulation: 'world', Domain: 'view' })).Apps.map(({ Name }) => Name),
    ['one'],
  )
  await client.stopApp(app)
  assert.equal((await client.waitUntilAppStopped(app)).Status, 'STOPPED')
  await client.deleteApp(app)
  await client.createSnapshot({ Simulation: 'world', Destination: { BucketName: 'bucket' } })
  await client.tagResource({ ResourceArn: ARN, Tags: { "d!*'()": 'e' } })
  await client.untagResource({ ResourceArn: ARN, TagKeys: ["d!*'()", 'never there'] })
  assert.deepEqual((await client.listTagsForResource({ ResourceArn: ARN })).Tags, {
    'a b/+&=é': 'c',
  })
  assert.deepEqual((await client.listSimulations()).Simulations[0]?.CreationTime, EXAMPLE_TIME)
  await client.stopSimulation({ Simulation: 'world' })
  await client.waitUntilStopped('world')
  await client.deleteSimulation({ Simulation: 'world' })
  await client.waitUntilDeleted('world')
  const called = new Set(server.service.calls.map(({ operation }) => operation))
  assert.deepEqual([...called].sort(), [...OPERATION_NAMES].sort())
})

test('inputs, outputs and errors have types', () => {
  const faulty = async (client: HeddleClient): Promise<unknown> => [
    // @ts-expect-error the simulation must be named
    await client.describeSimulation({}),
    // @ts-expect-error there is no such member
    await client.listSimulations({ MaxResult: 1 }),
    // @ts-expect-error a status is one of the table's
    (await client.describeSimulation({ Simulation: 'world' })).Status === 'RUNNING',
    // @ts-expect-error only lists have pages
    client.pages('DescribeSimulation', { Simulation: 'world' }),
  ]
  // @ts-expect-error this operation does not declare that error
  const code: DeclaredErrorOf<'ListSimulations'> = 'ConflictException'
  assert.deepEqual([typeof faulty, code], ['function', 'ConflictException'])
})

test('the client makes a token, or sends the given one', async (context) => {
  const { server, client } = await serve(context)
  await client.startSimulation(START)
  const ClientToken = '0123456789abcdef0123456789abcdef'
  await client.startApp({ Simulation: 'world', Domain: 'view', Name: 'one', ClientToken })
  const [first, second] = server.service.calls.map(
    ({ input }) => (input as { ClientToken?: string }).ClientToken,
  )
  assert.match(first ?? '', /^[0-9a-f-]{36}$/)
  assert.equal(second, ClientToken)
})

test('lists are read page by page, also if a loop ends early', async (context) => {
  const { server, client } = await serve(context)
  const names = ['a', 'b', 'c', 'd', 'e']
  for (const Name of names) await client.startSimulation({ ...START, Name })
  const seen: string[] = []
  for await (const { Name } of client.listAllSimulations({ MaxResults: 2 })) seen.push(Name)
  assert.deepEqual(seen, names)
  const before = server.service.calls.length
  for await (const _ of client.listAllSimulations({ MaxResults: 2 })) break
  assert.equal(server.service.calls.length, before + 1)
})

test('an error has code, status, message, operation and request id', async (context) => {
  const { client } = await serve(context)
  await assert.rejects(client.describeSimulation({ Simulation: 'none' }), (error) => {
    assert.ok(error instanceof HeddleApiError)
    assert.equal(
      error.code satisfies string,
      'ResourceNotFoundException' satisfies DeclaredErrorOf<'DescribeSimulation'>,
    )
    assert.equal(error.status, 404)
    assert.equal(error.message, "There is no simulation 'none'")
    assert.equal(error.operation, 'DescribeSimulation')
    assert.match(error.requestId, /^[0-9a-f-]{36}$/)
    return true
  })
  await assert.rejects(client.listSimulations({ MaxResults: 0 }), {
    code: 'ValidationException',
    status: 400,
  })
  const { endpoint } = await openServer(context, { authenticate })
  const stranger = new HeddleClient({
    endpoint,
    region: REGION,
    credentials: { ...KEYS, secretAccessKey: 'another one' },
  })
  await assert.rejects(stranger.listSimulations(), {
    code: 'InvalidSignatureException',
    status: 403,
  })
})

test('waits report progress, and end at a failure, a limit or an abort', async (context) => {
  const { client } = await serve(context)
  await client.startSimulation(START)
  const statuses: string[] = []
  const found = await client.waitUntilStarted('world', {
    onProgress: ({ status }) => statuses.push(status),
  })
  assert.equal(found.Status, 'STARTED')
  assert.deepEqual(statuses, ['STARTED'])
  await assert.rejects(client.waitUntilStopped('world', { timeoutMs: 20, pollMs: 5 }), {
    name: 'HeddleWaitError',
    reason: 'timeout',
    status: 'STARTED',
  })
  const ended = new AbortController()
  const onProgress = () => ended.abort(new Error('seen enough'))
  await assert.rejects(client.waitUntilStopped('world', { signal: ended.signal, onProgress }), {
    name: 'AbortError',
  })
  await client.stopSimulation({ Simulation: 'world' })
  await assert.rejects(client.waitUntilStarted('world'), { reason: 'failed', status: 'STOPPED' })
})

test('only requests that are safe to repeat are retried, with the same token', async (context) => {
  const bodies: string[] = []
  let answers: [status: number, headers?: Record<string, string>][] = []
  const endpoint = await serveRaw(context, async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    bodies.push(body)
    const [status, headers] = answers.shift() ?? [200]
    response.writeHead(status, headers).end(status === 200 ? '{}' : '<busy>')
  })
  const client = new HeddleClient({ endpoint, region: REGION, credentials: KEYS })
  answers = [[503, { 'retry-after': '0' }], [500]]
  await client.startSimulation(START)
  assert.equal(bodies.length, 3)
  assert.equal(new Set(bodies).size, 1)
  answers = [[503, { 'retry-after': '0' }]]
  await client.stopSimulation({ Simulation: 'world' })
  assert.equal(bodies.length, 5)
  answers = [[500]]
  await assert.rejects(client.stopSimulation({ Simulation: 'world' }), {
    code: 'HTTP 500',
    status: 500,
  })
  assert.equal(bodies.length, 6)
})

test('an unreachable or invalid endpoint is named', async (context) => {
  const endpoint = await serveRaw(context, (_, response) => void response.end('hello'))
  const client = new HeddleClient({ endpoint, credentials: KEYS, attemptsMax: 1 })
  await assert.rejects(
    client.listSimulations(),
    /answers ListSimulations with something else than JSON/,
  )
  const slow = await serveRaw(context, () => undefined)
  const hasty = new HeddleClient({
    endpoint: slow,
    credentials: KEYS,
    attemptsMax: 1,
    requestTimeoutMs: 20,
  })
  await assert.rejects(hasty.listSimulations(), /has not answered within 0.02 s/)
  const ended = createServer()
  const closed = await listen(context, ended)
  await close(ended)
  const nobody = new HeddleClient({ endpoint: closed, credentials: KEYS, attemptsMax: 1 })
  await assert.rejects(nobody.listSimulations(), (error) => {
    assert.ok(error instanceof HeddleConnectionError)
    assert.equal(error.message, `nothing serves at ${closed}`)
    return true
  })
  assert.throws(() => new HeddleClient({ endpoint: 'localhost' }), TypeError)
})

test('an untrusted certificate is rejected, with advice', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'heddle-client-'))
  context.after(() => rm(folder, { recursive: true }))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const request = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '2',
  ]
  const names = [
    '-subj',
    '/CN=localhost',
    '-addext',
    'subjectAltName=IP:127.0.0.1',
    '-keyout',
    key,
    '-out',
    cert,
  ]
  const { error } = spawnSync('openssl', [...request, ...names])
  if (error !== undefined) return context.skip(`no certificate could be made: ${error.message}`)
  const server = createTlsServer(
    { key: await readFile(key), cert: await readFile(cert) },
    (_, response) => {
      response.end('{}')
    },
  )
  const endpoint = (await listen(context, server)).replace('http:', 'https:')
  const client = new HeddleClient({ endpoint, credentials: KEYS, attemptsMax: 1 })
  await assert.rejects(
    client.listSimulations(),
    /signed by nobody known here: name its file in NODE_EXTRA_CA_CERTS/,
  )
})

test('keys come from the environment, then from a profile of the credentials file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'heddle-client-'))
  try {
    const file = join(folder, 'credentials')
    await writeFile(
      file,
      '# keys\n[default]\naws_access_key_id = A\naws_secret_access_key=s/=\n\n[ other ]\r\n' +
        'AWS_ACCESS_KEY_ID=B\r\naws_secret_access_key = t\r\naws_session_token = u\r\n',
    )
    const at = { AWS_SHARED_CREDENTIALS_FILE: file }
    const given = { AWS_ACCESS_KEY_ID: 'C', AWS_SECRET_ACCESS_KEY: 'v', AWS_SESSION_TOKEN: 'w' }
    const inFile = { accessKeyId: 'A', secretAccessKey: 's/=' }
    assert.deepEqual(await credentialsFromEnvironment(at), inFile)
    assert.deepEqual(await credentialsFromEnvironment({ ...at, AWS_PROFILE: 'other' }), {
      accessKeyId: 'B',
      secretAccessKey: 't',
      sessionToken: 'u',
    })
    assert.deepEqual(await credentialsFromEnvironment({ ...at, ...given }), {
      accessKeyId: 'C',
      secretAccessKey: 'v',
      sessionToken: 'w',
    })
    await assert.rejects(
      credentialsFromEnvironment({ ...at, AWS_PROFILE: 'none' }),
      /for the profile none/,
    )
    await assert.rejects(
      credentialsFromEnvironment({ HOME: folder }),
      /\.aws\/credentials: it does not exist/,
    )
  } finally {
    await rm(folder, { recursive: true })
  }
})

async function serveRaw(context: TestContext, listener: RequestListener): Promise<string> {
  return await listen(context, createServer(listener))
}

async function listen(context: TestContext, server: Server | TlsServer): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  context.after(() => close(server))
  return `http://127.0.0.1:${port}`
}

async function close(server: Server | TlsServer): Promise<void> {
  if (!server.listening) return
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
}
