import assert from 'node:assert/strict'
import {
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
} from 'node:http'
import { connect } from 'node:net'
import { test } from 'node:test'
import { pino } from 'pino'
import { ApiError } from '../../core/api/errors.ts'
import type { OperationHandlers, RawRequest } from './handlers.ts'
import { BODY_BYTES_MAX } from './read-body.ts'
import { createHttpServer } from './server.ts'
import { createExampleService } from './testing/example-service.ts'
import { acceptAnyKey, type OpenServer, openServer } from './testing/open-server.ts'

const ARN = 'arn:aws:simspaceweaver:us-west-2:111122223333:simulation/world'
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/

test('an operation answers 200 with JSON and the request id of its handler', async (context) => {
  const server = await openServer(context)
  const answer = await send(server, 'POST', '/startsimulation', startBody('world'))
  assert.equal(answer.status, 200)
  assert.match(answer.headers['content-type']!, /^application\/json/)
  assert.match(answer.headers['x-amzn-requestid'] as string, UUID)
  assert.deepEqual(answer.json, {
    Arn: ARN,
    CreationTime: 1664921418.09,
    ExecutionId: '01234567-89ab-cdef-0123-456789abcdef',
  })
  const { signal: _, ...call } = server.service.calls[0]!.call
  assert.deepEqual(call, {
    requestId: answer.headers['x-amzn-requestid'],
    caller: { accessKeyId: 'AKID', arn: 'arn:aws:iam::111122223333:user/AKID' },
    origin: { sourceIp: '127.0.0.1', isSecure: false },
  })
})

test('an operation without output answers an empty object', async (context) => {
  const server = await openServer(context)
  await send(server, 'POST', '/startsimulation', startBody('world'))
  const answer = await send(server, 'POST', '/stopsimulation', { Simulation: 'world' })
  assert.equal(answer.text, '{}')
})

test('an error answers with its status, type and message in both spellings', async (context) => {
  const server = await openServer(context)
  const answer = await send(server, 'GET', '/describesimulation?simulation=none')
  checkError(answer, 404, 'ResourceNotFoundException')
  const message = "There is no simulation 'none'"
  assert.deepEqual(answer.json, { Message: message, message })
  assert.match(answer.headers['x-amzn-requestid'] as string, UUID)
})

test('invalid input never reaches a handler', async (context) => {
  const server = await openServer(context)
  checkError(
    await send(server, 'GET', '/describesimulation?simulation=a%20b'),
    400,
    'ValidationException',
  )
  checkError(await send(server, 'POST', '/stopsimulation', '{'), 400, 'SerializationException')
  assert.deepEqual(server.service.calls, [])
})

test('the content type of a body does not matter', async (context) => {
  const server = await openServer(context)
  await send(server, 'POST', '/startsimulation', startBody('world'))
  const types = [
    'application/json',
    'application/x-amz-json-1.1',
    'text/plain; charset=latin1',
    'x/y',
    'nonsense',
    undefined,
  ]
  for (const type of types) {
    const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type }
    assert.equal(
      (await send(server, 'POST', '/startclock', { Simulation: 'world' }, headers)).status,
      200,
      type,
    )
  }
})

test('a body in chunks is read whole', async (context) => {
  const server = await openServer(context)
  const body = JSON.stringify(startBody('world'))
  const answer = await exchange(server, 'POST', '/startsimulation', { ...SIGNED }, (request) => {
    for (const character of body.slice(0, 20)) request.write(character)
    request.end(body.slice(20))
  })
  assert.equal(answer.status, 200)
})

test('an ARN in the path is decoded once, however much of it a client encodes', async (context) => {
  const server = await openServer(context)
  await send(server, 'POST', '/startsimulation', { ...startBody('world'), Tags: { a: 'b' } })
  for (const path of [
    encodeURIComponent(ARN),
    ARN,
    ARN.replace('/', '%2f'),
    ARN.replaceAll(':', '%3A'),
  ]) {
    const answer = await send(server, 'GET', `/tags/${path}`)
    assert.deepEqual(answer.json, { Tags: { a: 'b' } }, path)
  }
  const twice = await send(server, 'GET', `/tags/${encodeURIComponent(encodeURIComponent(ARN))}`)
  checkError(twice, 400, 'ValidationException')
})

test('letters of the path may be encoded, too', async (context) => {
  const server = await openServer(context)
  await send(server, 'POST', '/startsimulation', { ...startBody('world'), Tags: { a: 'b' } })
  for (const path of ['/%64escribesimulation?simulation=world', `/%74ag%73/${ARN}`]) {
    assert.equal((await send(server, 'GET', path)).status, 200, path)
  }
})

test('an ARN may be as long as the table lets it, and longer ones are told so', async (context) => {
  const server = await openServer(context)
  const long = ARN + 'a'.repeat(1600 - ARN.length)
  checkError(
    await send(server, 'GET', `/tags/${encodeURIComponent(long)}`),
    404,
    'ResourceNotFoundException',
  )
  checkError(
    await send(server, 'GET', `/tags/${encodeURIComponent(`${long}a`)}`),
    400,
    'ValidationException',
  )
})

test('a broken percent-encoding in the address is a clear refusal', async (context) => {
  const server = await openServer(context)
  for (const path of [
    '/tags/%zz',
    '/%zz',
    '/describesimulation?simulation=%zz',
    '/tags/%E0%A4%A',
  ]) {
    const answer = await send(server, 'GET', path)
    checkError(answer, 400, 'SerializationException')
    assert.match(answer.headers['x-amzn-requestid'] as string, UUID, path)
  }
})

test('a refusal is short, however long the address is', async (context) => {
  const server = await openServer(context)
  const answer = await send(server, 'POST', `/${'%zz'.repeat(2000)}`)
  checkError(answer, 400, 'SerializationException')
  assert.ok(answer.text.length < 500, answer.text)
  assert.equal(new ApiError('InvalidSignatureException', 'x'.repeat(5000)).message.length, 1600)
})

test('an unknown path or method is UnknownOperationException for whom we know', async (context) => {
  const server = await openServer(context)
  const unknown = [
    ['GET', '/'],
    ['GET', '/startsimulation'],
    ['HEAD', '/describesimulation?simulation=world'],
    ['PUT', '/startsimulation'],
    ['POST', '/StartSimulation'],
    ['POST', '/startsimulation/'],
    ['OPTIONS', '/listsimulations'],
    ['PROPFIND', '/listsimulations'],
    ['GET', '/tags'],
  ] as const
  for (const [method, path] of unknown) {
    const answer = await send(server, method, path)
    assert.equal(answer.status, 404, `${method} ${path}`)
    assert.equal(
      answer.headers['x-amzn-errortype'],
      'UnknownOperationException',
      `${method} ${path}`,
    )
  }
})

test('a request without a signature learns nothing but that', async (context) => {
  const server = await openServer(context)
  for (const path of ['/', '/nowhere', '/listsimulations', '/describesimulation']) {
    const answer = await exchange(server, 'GET', path, {}, (request) => request.end())
    checkError(answer, 403, 'MissingAuthenticationTokenException')
  }
})

test('whoever authenticates gets the request as it came', async (context) => {
  const seen: RawRequest[] = []
  const server = await openServer(context, {
    authenticate: async (request) => {
      seen.push(request)
      return { ok: false, error: 'InvalidSignatureException', message: 'no' }
    },
  })
  const path = `/tags/${ARN}%2F?x=%41&&tagKeys=a+b`
  const answer = await send(server, 'POST', path, ' {"Tags": {}} ', { 'X-Twice': ['a', 'b'] })
  checkError(answer, 403, 'InvalidSignatureException')
  assert.equal(seen[0]?.url, path)
  assert.equal(seen[0]?.method, 'POST')
  assert.equal(Buffer.from(seen[0]!.body).toString(), ' {"Tags": {}} ')
  assert.deepEqual(seen[0]?.headers['x-twice'], ['a', 'b'])
  assert.deepEqual(seen[0]?.headers.host, [`127.0.0.1:${server.port}`])
})

test('a failure for too many open files is unavailable, with its reason', async (context) => {
  const { handlers } = createExampleService()
  const full = Object.assign(new Error("EMFILE: too many open files, open '/secret'"), {
    code: 'EMFILE',
  })
  const listSimulations = async () => Promise.reject(new Error('the store fails', { cause: full }))
  const server = await openServer(context, {
    handlers: { ...handlers, ListSimulations: listSimulations },
  })
  const answer = await send(server, 'GET', '/listsimulations')
  checkError(answer, 503, 'ServiceUnavailableException')
  assert.match(answer.text, /ulimit -n/)
  assert.doesNotMatch(answer.text, /secret/)
  assert.equal(answer.headers['retry-after'], '1')
})

test('a body of 1 MiB is read, and a larger one is refused readably', async (context) => {
  const server = await openServer(context)
  const padded = (bytes: number) =>
    JSON.stringify({ Simulation: 'none', Pad: '' }).replace('""', `"${'x'.repeat(bytes)}"`)
  const exact = padded(BODY_BYTES_MAX - padded(0).length)
  assert.equal(exact.length, BODY_BYTES_MAX)
  checkError(await send(server, 'POST', '/stopsimulation', exact), 404, 'ResourceNotFoundException')
  checkError(
    await send(server, 'POST', '/stopsimulation', `${exact} `),
    413,
    'RequestEntityTooLargeException',
  )
  const large = padded(4 * BODY_BYTES_MAX)
  checkError(
    await send(server, 'POST', '/stopsimulation', large),
    413,
    'RequestEntityTooLargeException',
  )
  const chunked = await exchange(server, 'POST', '/stopsimulation', { ...SIGNED }, (request) => {
    for (let offset = 0; offset < large.length; offset += 65536)
      request.write(large.slice(offset, offset + 65536))
    request.end()
  })
  checkError(chunked, 413, 'RequestEntityTooLargeException')
})

test('an internal fault is a 500 without details, which the log has', async (context) => {
  const secret = new TypeError('password is hunter2')
  const handlers: OperationHandlers = {
    ...createExampleService().handlers,
    ListSimulations: async () => {
      throw secret
    },
    StopClock: async () => {
      throw Object.assign(new Error('an error of some library'), { statusCode: 404 })
    },
    StartClock: () => {
      throw new ApiError('ConflictException', 'not now')
    },
  }
  const server = await openServer(context, { handlers })
  const answer = await send(server, 'GET', '/listsimulations')
  checkError(answer, 500, 'InternalServerException')
  assert.ok(!answer.text.includes('hunter2'))
  const line = server.logged.find((entry) => entry.level === 50)
  assert.equal(line?.requestId, answer.headers['x-amzn-requestid'])
  assert.match(JSON.stringify(line?.err), /password is hunter2/)
  checkError(
    await send(server, 'POST', '/stopclock', { Simulation: 's' }),
    500,
    'InternalServerException',
  )
  checkError(
    await send(server, 'POST', '/startclock', { Simulation: 's' }),
    409,
    'ConflictException',
  )
})

test('a fault while authenticating is a 500 and lets nobody in', async (context) => {
  const server = await openServer(context, {
    authenticate: () => Promise.reject(new Error('the store is gone')),
  })
  checkError(await send(server, 'GET', '/listsimulations'), 500, 'InternalServerException')
  checkError(await send(server, 'GET', '/nowhere'), 500, 'InternalServerException')
  assert.deepEqual(server.service.calls, [])
})

test('an unneeded body is read as signed, within the limits of bodies', async (context) => {
  const seen: string[] = []
  const server = await openServer(context, {
    authenticate: (request) => {
      seen.push(Buffer.from(request.body).toString())
      return acceptAnyKey(request)
    },
  })
  const body = '{"MaxResults":0}'
  assert.equal((await send(server, 'GET', '/listsimulations', body)).status, 200)
  assert.equal((await send(server, 'GET', '/listsimulations')).status, 200)
  assert.deepEqual(seen, [body, ''])
  const large = await send(server, 'GET', '/listsimulations', 'x'.repeat(BODY_BYTES_MAX + 1))
  checkError(large, 413, 'RequestEntityTooLargeException')
})

test('a request signed for S3 goes to S3 unread, by header or by query', async (context) => {
  const bytesMax = BODY_BYTES_MAX
  const s3: RequestListener = async (request, response) => {
    let bytes = 0
    for await (const chunk of request) bytes += (chunk as Uint8Array).length
    response.end(`${request.method} ${request.url} ${bytes}`)
  }
  const server = await openServer(context, { s3 })
  const authorization =
    'AWS4-HMAC-SHA256 Credential=AKID/20261123/us-west-2/s3/aws4_request, ' +
    'SignedHeaders=host, Signature=0'
  const put = await send(server, 'PUT', '/bucket/%zz', 'x'.repeat(bytesMax * 2), { authorization })
  assert.equal(put.text, `PUT /bucket/%zz ${bytesMax * 2}`)
  const presigned = '/bucket/key?X-Amz-Credential=AKID%2F20261123%2Fus-west-2%2Fs3%2Faws4_request'
  const get = await exchange(server, 'GET', presigned, {}, (request) => request.end())
  assert.equal(get.text, `GET ${presigned} 0`)
  const same = await send(server, 'POST', '/startsimulation', 'x', { authorization })
  assert.equal(same.text, 'POST /startsimulation 1')
  assert.equal(
    (await send(server, 'GET', '/listsimulations')).status,
    200,
    'others still reach the API',
  )
})

test('S3 decides whether a body may come, and the API always allows it', async (context) => {
  const s3: RequestListener = (_request, response) => response.writeHead(403).end()
  const server = await openServer(context, { s3 })
  const signedFor = (service: string) =>
    `AWS4-HMAC-SHA256 Credential=AKID/20261123/us-west-2/${service}/aws4_request, ` +
    'SignedHeaders=host, Signature=0'
  const expecting = async (path: string, authorization?: string) => {
    let continued = false
    const headers = { ...(authorization && { authorization }), expect: '100-continue' }
    const answer = await exchange(server, 'POST', path, headers, (request) => {
      request.on('continue', () => {
        continued = true
        request.end()
      })
      request.flushHeaders()
    })
    return { continued, status: answer.status }
  }
  const refused = { continued: false, status: 403 }
  for (const authorization of [signedFor('s3'), undefined, 'AWS AKID:c2lnbmF0dXJl', 'Bearer x']) {
    assert.deepEqual(await expecting('/bucket/key', authorization), refused, authorization)
  }
  assert.equal((await expecting('/startsimulation', signedFor('simspaceweaver'))).continued, true)
  assert.equal((await expecting('/startsimulation')).continued, true)
})

test('an expectation that nobody knows is not looked at', async (context) => {
  const server = await openServer(context)
  assert.equal(
    (await send(server, 'GET', '/listsimulations', undefined, { expect: 'miracles' })).status,
    200,
  )
})

test('a request that names no host gets an answer of the service', async (context) => {
  const server = await openServer(context)
  const socket = connect(server.port, '127.0.0.1')
  socket.end('GET /listsimulations HTTP/1.1\r\nConnection: close\r\n\r\n')
  let text = ''
  for await (const chunk of socket) text += String(chunk)
  assert.match(text, /^HTTP\/1\.1 403 /)
  assert.match(text, /MissingAuthenticationTokenException/)
})

test('without an S3 such a request is refused like any other unknown one', async (context) => {
  const server = await openServer(context)
  const authorization =
    'AWS4-HMAC-SHA256 Credential=AKID/20261123/us-west-2/s3/aws4_request, ' +
    'SignedHeaders=host, Signature=0'
  checkError(
    await send(server, 'PUT', '/bucket/key', 'x', { authorization }),
    404,
    'UnknownOperationException',
  )
})

test('bytes that are not HTTP are answered once, and the server goes on', async (context) => {
  const server = await openServer(context)
  const socket = connect(server.port, '127.0.0.1')
  socket.end('NONSENSE\r\n\r\n')
  let text = ''
  for await (const chunk of socket) text += String(chunk)
  assert.match(text, /^HTTP\/1\.1 400 /)
  assert.match(text, /SerializationException/)
  assert.equal((await send(server, 'GET', '/listsimulations')).status, 200)
})

test('a caller who goes away while sending is no fault of ours', async (context) => {
  const server = await openServer(context)
  const socket = connect(server.port, '127.0.0.1')
  const head = ['POST /stopsimulation HTTP/1.1', 'Host: h', 'Content-Length: 100', '', '{']
  await new Promise((resolve) => socket.write(head.join('\r\n'), resolve))
  socket.destroy()
  await waitFor(() =>
    server.logged.some((line) => line.msg === 'the caller went away while sending'),
  )
  assert.ok(server.logged.every((line) => line.level !== 50))
})

test('paging shows every item once, even if the list changes meanwhile', async (context) => {
  const server = await openServer(context)
  for (const name of ['b', 'd', 'f', 'h'])
    await send(server, 'POST', '/startsimulation', startBody(name))
  const first = await send(server, 'GET', '/listsimulations?maxResults=2')
  assert.deepEqual(namesOf(first), ['b', 'd'])
  await send(server, 'POST', '/startsimulation', startBody('a'))
  await send(server, 'POST', '/stopsimulation', { Simulation: 'd' })
  await send(server, 'DELETE', '/deletesimulation?simulation=d')
  await send(server, 'POST', '/startsimulation', startBody('e'))
  const token = (first.json as { NextToken: string }).NextToken
  const second = await send(
    server,
    'GET',
    `/listsimulations?maxResults=10&nextToken=${encodeURIComponent(token)}`,
  )
  assert.deepEqual(namesOf(second), ['e', 'f', 'h'])
  assert.equal('NextToken' in (second.json as object), false)
  const forged = await send(server, 'GET', '/listsimulations?nextToken=forged')
  checkError(forged, 400, 'ValidationException')
})

test('a port that is taken is told to whoever wanted it', async (context) => {
  const server = await openServer(context)
  const { handlers } = createExampleService()
  const other = createHttpServer({
    handlers,
    authenticate: acceptAnyKey,
    log: pino({ level: 'silent' }),
  })
  context.after(() => other.close())
  await assert.rejects(other.listen({ host: '127.0.0.1', port: server.port }), {
    code: 'EADDRINUSE',
  })
})

test('closing lets a request under way end', async () => {
  const started = Promise.withResolvers<void>()
  const release = Promise.withResolvers<void>()
  const handlers: OperationHandlers = {
    ...createExampleService().handlers,
    async ListSimulations() {
      started.resolve()
      await release.promise
      return { Simulations: [] }
    },
  }
  const server = createHttpServer({
    handlers,
    authenticate: acceptAnyKey,
    log: pino({ level: 'silent' }),
  })
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 })
  const answer = send({ port }, 'GET', '/listsimulations')
  await started.promise
  const closed = server.close(60_000)
  release.resolve()
  assert.equal((await answer).status, 200)
  await closed
})

test('closing cuts off a request that does not end', async () => {
  const arrived = Promise.withResolvers<void>()
  const { handlers } = createExampleService()
  const s3 = () => arrived.resolve()
  const server = createHttpServer({
    handlers,
    authenticate: acceptAnyKey,
    s3,
    log: pino({ level: 'silent' }),
  })
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 })
  const authorization =
    'AWS4-HMAC-SHA256 Credential=A/1/r/s3/aws4_request, SignedHeaders=host, Signature=0'
  const refused = assert.rejects(send({ port }, 'GET', '/never', undefined, { authorization }), {
    code: 'ECONNRESET',
  })
  await arrived.promise
  await server.close(0)
  await refused
})

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  readonly json: unknown
}

const SIGNED = {
  authorization:
    'AWS4-HMAC-SHA256 Credential=AKID/20261123/us-west-2/simspaceweaver/aws4_request, ' +
    'SignedHeaders=host, Signature=0',
}

async function waitFor(condition: () => boolean): Promise<void> {
  for (const deadlineMs = Date.now() + 30_000; !condition(); ) {
    assert.ok(Date.now() < deadlineMs, 'what was waited for did not happen')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

function startBody(name: string): object {
  return {
    Name: name,
    RoleArn: 'arn:aws:iam::111122223333:role/weaver',
    SchemaS3Location: { BucketName: 'bucket', ObjectKey: 'schema.yaml' },
  }
}

function namesOf(answer: Answer): string[] {
  return (answer.json as { Simulations: { Name: string }[] }).Simulations.map(
    (simulation) => simulation.Name,
  )
}

function checkError(answer: Answer, status: number, code: string): void {
  assert.equal(answer.headers['x-amzn-errortype'], code, answer.text)
  assert.equal(answer.status, status)
  const { Message, message } = answer.json as { Message: string; message: string }
  assert.ok(Message.length > 0)
  assert.equal(message, Message)
}

function send(
  server: Pick<OpenServer, 'port'>,
  method: string,
  path: string,
  body?: string | object,
  headers: Record<string, string | string[]> = {},
): Promise<Answer> {
  const text = typeof body === 'object' ? JSON.stringify(body) : body
  const length: Record<string, string> =
    text === undefined ? {} : { 'content-length': String(Buffer.byteLength(text)) }
  return exchange(server, method, path, { ...SIGNED, ...length, ...headers }, (request) =>
    request.end(text),
  )
}

function exchange(
  server: Pick<OpenServer, 'port'>,
  method: string,
  path: string,
  headers: Record<string, string | string[]>,
  write: (request: ReturnType<typeof httpRequest>) => void,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port: server.port,
      method,
      path,
      headers,
      agent: false,
    } as const
    const request = httpRequest(options, (response) => readAnswer(response).then(resolve, reject))
    request.once('error', reject)
    write(request)
  })
}

async function readAnswer(response: IncomingMessage): Promise<Answer> {
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += chunk
  const isJson =
    response.headers['content-type']?.startsWith('application/json') === true && text !== ''
  return {
    status: response.statusCode!,
    headers: response.headers,
    text,
    json: isJson ? JSON.parse(text) : undefined,
  }
}
