import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { promisify } from 'node:util'
import SimSpaceWeaver from 'aws-sdk/clients/simspaceweaver.js'
import { defaultServingSettings } from '../config-file.ts'
import { Load } from './load.ts'
import { BODY_BYTES_MAX } from './read-body.ts'
import { createExampleService } from './testing/example-service.ts'
import { acceptAnyKey, openServer } from './testing/open-server.ts'

const SIGNED =
  'Authorization: AWS4-HMAC-SHA256 ' +
  'Credential=AKID/20261123/us-west-2/simspaceweaver/aws4_request, SignedHeaders=host, Signature=0'
const LIST = head('GET /listsimulations')

test('too many requests get 503 with Retry-After, and the others are answered', async (context) => {
  const { server, load, hold } = await openHeld(context, { requestsMax: 2 })
  const release = hold()
  const held = [open(context, server.port, LIST), open(context, server.port, LIST)]
  await until(() => load.apiRequests.taken === 2)
  const shed = await answerOf(open(context, server.port, LIST))
  assert.match(shed, /^HTTP\/1\.1 503 /)
  assert.match(shed, /^retry-after: 1\r$/m)
  assert.match(shed, /^x-amzn-errortype: ServiceUnavailableException\r$/im)
  assert.match(shed, /"message":"There are too many requests at once/)
  release()
  for (const socket of held) assert.match(await answerOf(socket), /^HTTP\/1\.1 200 /)
  await until(() => load.apiRequests.taken === 0)
  assert.match(await answerOf(open(context, server.port, LIST)), /^HTTP\/1\.1 200 /)
})

test('an AWS client that was sent away comes back by itself', async (context) => {
  const { server, load, hold } = await openHeld(context, { requestsMax: 1 })
  const release = hold()
  open(context, server.port, LIST)
  await until(() => load.apiRequests.taken === 1)
  const credentials = { accessKeyId: 'AKID', secretAccessKey: 'secret' }
  const client = new SimSpaceWeaver({
    endpoint: server.endpoint,
    region: 'us-west-2',
    credentials,
    maxRetries: 10,
  })
  const request = client.listSimulations()
  let retries = 0
  request.on('retry', ({ error }) => {
    retries++
    assert.equal(error?.code, 'ServiceUnavailableException')
    release()
  })
  assert.deepEqual((await request.promise()).Simulations, [])
  assert.ok(retries >= 1)
})

test('bodies share their memory: one that finds too little is refused', async (context) => {
  const { server, load } = await openHeld(context, { bodyBytesMax: 2.5 * BODY_BYTES_MAX })
  const large = 'x'.repeat(BODY_BYTES_MAX - 1)
  const post = head('POST /stopsimulation', `Content-Length: ${BODY_BYTES_MAX}`) + large
  const first = open(context, server.port, post)
  await until(() => load.bodyBytes.taken >= BODY_BYTES_MAX)
  const second = open(context, server.port, post)
  second.write('x')
  assert.match(await answerOf(second), /^HTTP\/1\.1 503 [\s\S]*ServiceUnavailableException/)
  first.write('x')
  assert.match(await answerOf(first), /^HTTP\/1\.1 400 [\s\S]*SerializationException/)
  await until(() => load.bodyBytes.taken === 0)
})

test('a body in chunks of one byte takes the memory of its bytes', async (context) => {
  const { server, load } = await openHeld(context, {})
  const bytes = 50_000
  const chunked =
    head('POST /stopsimulation', 'Transfer-Encoding: chunked') + '1\r\nx\r\n'.repeat(bytes)
  const socket = open(context, server.port, chunked)
  await until(() => load.bodyBytes.taken >= bytes)
  assert.ok(load.bodyBytes.taken <= 2 * bytes, `${load.bodyBytes.taken} bytes`)
  socket.destroy()
  await until(() => load.bodyBytes.taken === 0)
})

test('headers and bodies that do not come whole in time are answered 408', async (context) => {
  const { server } = await openHeld(context, { receiveMs: 200 })
  const late = [
    '',
    'GET /listsimulations HTTP/1.1\r\nHost: h\r\n',
    head('POST /stopsimulation', 'Content-Length: 100'),
    `${head('POST /stopsimulation', 'Content-Length: 100')}{`,
    `${head('POST /stopsimulation', 'Transfer-Encoding: chunked')}1\r\n{\r\n`,
  ]
  for (const text of late) {
    const answer = await answerOf(open(context, server.port, text))
    assert.match(answer, /^HTTP\/1\.1 408 /, text)
    assert.match(answer, /^x-amzn-errortype: RequestTimeoutException\r$/im)
    assert.match(answer, /^connection: close\r$/im)
  }
})

test('what the server itself takes long for is not cut off', async (context) => {
  const { server, load, hold } = await openHeld(context, { receiveMs: 50 })
  const release = hold()
  const socket = open(context, server.port, LIST)
  await until(() => load.apiRequests.taken === 1)
  // Longer than a peer may be silent.
  await new Promise((resolve) => setTimeout(resolve, 500))
  release()
  assert.match(await answerOf(socket), /^HTTP\/1\.1 200 /)
})

test('an upload or download on which nothing moves is closed', async (context) => {
  const flood = Buffer.alloc(64 * 1024)
  let cutOff = 0
  const { server } = await openHeld(context, { receiveMs: 50 }, (request, response) => {
    response.once('close', () => cutOff++)
    if (request.method === 'PUT') return
    const more = () => {
      while (!response.destroyed && response.write(flood));
    }
    response.on('drain', more)
    more()
  })
  const s3 = SIGNED.replace('/simspaceweaver/', '/s3/')
  const upload = open(
    context,
    server.port,
    `PUT /bucket/key HTTP/1.1\r\nHost: h\r\n${s3}\r\nContent-Length: 9\r\n\r\nx`,
  )
  await once(upload.resume(), 'close')
  await until(() => cutOff === 1)
  const download = open(
    context,
    server.port,
    `GET /bucket/key HTTP/1.1\r\nHost: h\r\n${s3}\r\n\r\n`,
  )
  download.pause()
  await once(download, 'readable')
  await until(() => cutOff === 2)
})

test('a new connection replaces the longest idle one, never one at work', async (context) => {
  const { server, load, hold } = await openHeld(context, { connectionsMax: 3 })
  const release = hold()
  const busy = open(context, server.port, LIST)
  await until(() => load.apiRequests.taken === 1)
  const idle: Socket[] = []
  for (let count = 0; count < 2; count++) {
    const socket = open(context, server.port, '')
    await once(socket, 'connect')
    idle.push(socket.resume())
  }
  const others = Array.from({ length: 20 }, () => open(context, server.port, LIST))
  await Promise.all(idle.map((socket) => once(socket, 'close')))
  release()
  assert.match(await answerOf(busy), /^HTTP\/1\.1 200 /)
  const answers = await Promise.all(others.map(answerOf))
  // Two connections had a place; the one that found all three places in use was closed without an
  // answer.
  assert.ok(answers.some((answer) => answer.startsWith('HTTP/1.1 200 ')))
  assert.ok(answers.every((answer) => answer === '' || answer.startsWith('HTTP/1.1 200 ')))
  for (let count = 0; count < 10; count++)
    assert.match(await answerOf(open(context, server.port, LIST)), / 200 /)
})

test('with TLS, silent connections and unfinished handshakes are closed', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'heddle-load-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const kind = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-subj',
    '/CN=localhost',
  ]
  await promisify(execFile)('openssl', [
    'req',
    '-x509',
    ...kind,
    '-keyout',
    keyFile,
    '-out',
    certFile,
  ])
  const tls = { cert: await readFile(certFile, 'utf8'), key: await readFile(keyFile, 'utf8') }
  const serving = { ...defaultServingSettings, connectionsMax: 3, receiveMs: 500 }
  const server = await openServer(context, { tls, serving })
  const connectSafely = async () => {
    const socket = connectTls({
      port: server.port,
      host: '127.0.0.1',
      ca: tls.cert,
      servername: 'localhost',
    })
    context.after(() => socket.destroy())
    await once(socket, 'secureConnect')
    return socket.on('error', () => undefined)
  }
  const idle = []
  for (let count = 0; count < 6; count++) idle.push((await connectSafely()).resume())
  for (let count = 0; count < 6; count++) {
    const socket = await connectSafely()
    socket.write(LIST)
    assert.match(await answerOf(socket), /^HTTP\/1\.1 200 /)
  }
  await Promise.all(idle.map((socket) => socket.closed || once(socket, 'close')))
  const silent = open(context, server.port, '')
  assert.equal(await answerOf(silent), '')
})

/** A server whose lists wait while they are held. */
async function openHeld(
  context: TestContext,
  serving: Partial<typeof defaultServingSettings>,
  s3?: RequestListener,
) {
  const service = createExampleService()
  let held = Promise.resolve()
  const settings = { ...defaultServingSettings, ...serving }
  const load = new Load(settings)
  const handlers = {
    ...service.handlers,
    ListSimulations: async (...call: Parameters<typeof service.handlers.ListSimulations>) => {
      await held
      return service.handlers.ListSimulations(...call)
    },
  }
  const server = await openServer(context, {
    handlers,
    authenticate: acceptAnyKey,
    serving: settings,
    load,
    ...(s3 && { s3 }),
  })
  const hold = () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    held = promise
    return resolve
  }
  return { server, load, hold }
}

/**
 * The start of a request; the rest of its header follows. Without the rest, it is a header that
 * never ends.
 */
function head(line: string, ...headers: string[]): string {
  return [`${line} HTTP/1.1`, 'Host: h', SIGNED, ...headers, '', ''].join('\r\n')
}

function open(context: TestContext, port: number, text: string): Socket {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  context.after(() => socket.destroy())
  if (text !== '') socket.write(text)
  return socket
}

/**
 * Reads until the body of the first answer is complete; empty if the connection ends without one.
 */
async function answerOf(socket: Socket): Promise<string> {
  let text = ''
  await new Promise<void>((resolve) => {
    socket.once('close', resolve)
    socket.on('data', (chunk) => {
      text += String(chunk)
      if (text.endsWith('}')) resolve()
    })
  })
  return text
}

async function until(condition: () => boolean): Promise<void> {
  for (const deadlineMs = Date.now() + 30_000; !condition(); ) {
    assert.ok(Date.now() < deadlineMs, 'what was waited for did not happen')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
