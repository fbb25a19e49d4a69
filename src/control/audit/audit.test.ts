import assert from 'node:assert/strict'
import { readFileSync, rmSync, statSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import pino from 'pino'
import { ApiError } from '../../core/api/errors.ts'
import type { AuditEvent } from '../../core/audit/audit-event.ts'
import { auditFileNames } from '../../io/audit/audit-files.ts'
import type { OperationHandlers } from '../http/handlers.ts'
import { createHttpServer } from '../http/server.ts'
import { Audit } from './audit.ts'

const CALLER = { accessKeyId: 'AKIATEST', arn: 'arn:aws:iam::111122223333:user/alice' }
const ID = 'x-amzn-requestid'
const NAME = 'arn:aws:iam::111122223333:role/world'

async function serve(t: TestContext, nowMs?: () => number) {
  const folder = await mkdtemp(join(tmpdir(), 'heddle-audit-'))
  const audit = new Audit({
    folder: join(folder, 'audit'),
    unknownFolder: join(folder, 'audit', 'unknown'),
    fileBytesMax: 1e9,
    filesMax: 9,
    region: 'us-west-2',
    accountId: '111122223333',
    ...(nowMs && { nowMs }),
  })
  const handled: string[] = []
  const handlers: Partial<OperationHandlers> = {
    async StartClock(input) {
      handled.push(input.Simulation)
      if (input.Simulation === 'missing')
        throw new ApiError('ResourceNotFoundException', 'no such simulation')
      if (input.Simulation === 'broken') throw new Error('inside')
      return {}
    },
    async StartSimulation() {
      return { Arn: 'arn:new', CreationTime: new Date(0), ExecutionId: 'x' }
    },
    async ListSimulations() {
      return { Simulations: [] }
    },
  }
  const server = createHttpServer({
    handlers: handlers as OperationHandlers,
    authenticate: async (request) =>
      String(request.headers.authorization) === 'good'
        ? { ok: true, caller: CALLER }
        : { ok: false, error: 'InvalidSignatureException', message: 'bad signature' },
    audit,
    log: pino({ level: 'silent' }),
  })
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 })
  t.after(async () => {
    await server.close()
    await audit.close().catch(() => undefined)
    await rm(folder, { recursive: true })
  })
  return {
    folder: join(folder, 'audit'),
    handled,
    call: (path: string, body?: unknown, authorization = 'good', agent = 'tester/1') =>
      fetch(`http://127.0.0.1:${port}${path}`, {
        headers: { authorization, 'user-agent': agent },
        ...(body !== undefined && {
          method: 'POST',
          body: typeof body === 'string' ? body : JSON.stringify(body),
        }),
      }),
    events: () => eventsIn(join(folder, 'audit')),
    unknownEvents: () => eventsIn(join(folder, 'audit', 'unknown')),
  }
}

function eventsIn(folder: string): AuditEvent[] {
  return auditFileNames(folder)
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'))
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as AuditEvent)
}

test('every call has left its record when it is answered, refused ones too', async (t) => {
  const { call, events, unknownEvents } = await serve(t)
  const calls: [
    path: string,
    body: unknown,
    authorization: string,
    name: string,
    error: string | undefined,
  ][] = [
    ['/startclock', { Simulation: 'one' }, 'good', 'StartClock', undefined],
    ['/startclock', { Simulation: 'missing' }, 'good', 'StartClock', 'ResourceNotFoundException'],
    ['/startclock', { Simulation: 'broken' }, 'good', 'StartClock', 'InternalServerException'],
    ['/startclock', { Simulation: '' }, 'good', 'StartClock', 'ValidationException'],
    ['/startclock', '{', 'good', 'StartClock', 'SerializationException'],
    ['/startclock', 'x'.repeat(2_000_000), 'good', 'StartClock', 'RequestEntityTooLargeException'],
    [
      '/startclock',
      { Simulation: 'one' },
      'AWS4 Credential=AKIAWHO/2',
      'StartClock',
      'InvalidSignatureException',
    ],
    ['/listsimulations', undefined, 'good', 'ListSimulations', undefined],
    ['/nothing', undefined, 'good', 'UnknownOperation', 'UnknownOperationException'],
  ]
  for (const [path, body, authorization, name, error] of calls) {
    const response = await call(path, body, authorization)
    const event = [...events(), ...unknownEvents()].find(
      ({ requestID }) => requestID === response.headers.get(ID),
    )
    assert.ok(event, name)
    assert.equal(event?.eventName, name)
    assert.equal(event?.errorCode, error)
    assert.equal(event?.userAgent, 'tester/1')
    assert.equal(event?.sourceIPAddress, '127.0.0.1')
    assert.equal(event?.readOnly, name !== 'StartClock')
  }
  // A body that is too large is refused before its signature is read.
  assert.deepEqual([events().length, unknownEvents().length], [calls.length - 2, 2])
  const [first, missing] = events()
  const [tooLarge, unsigned] = unknownEvents()
  assert.deepEqual(first.requestParameters, { Simulation: 'one' })
  assert.equal(first.userIdentity.userName, 'alice')
  assert.equal(missing.errorMessage, 'no such simulation')
  assert.equal(tooLarge.requestParameters, null)
  assert.deepEqual(unsigned.userIdentity, { type: 'Unknown', accessKeyId: 'AKIAWHO' })
})

test('a start leaves what it answered, and not its token', async (t) => {
  const { call, events } = await serve(t)
  const ClientToken = 'very-secret-token-of-more-than-32-characters'
  const schema = { BucketName: 'schemas', ObjectKey: 'k' }
  await call('/startsimulation', {
    Name: 'one',
    RoleArn: NAME,
    SchemaS3Location: schema,
    ClientToken,
  })
  const [event] = events()
  assert.deepEqual(event.responseElements, {
    Arn: 'arn:new',
    CreationTime: '1970-01-01T00:00:00.000Z',
    ExecutionId: 'x',
  })
  assert.equal(JSON.stringify(event).includes('very-secret'), false)
})

test('the record of an unknown call has its path, but no query with a signature', async (t) => {
  const { call, events } = await serve(t)
  await call('/nothing?X-Amz-Signature=abc', undefined, 'good')
  assert.deepEqual(events()[0].requestParameters, { method: 'GET', path: '/nothing' })
})

test('a health check needs no signature, and leaves no record', async (t) => {
  const { call, events } = await serve(t)
  await call('/listsimulations')
  const answer = await call('/health', undefined, 'none')
  assert.equal(answer.status, 200)
  assert.deepEqual(await answer.json(), { status: 'ok' })
  assert.deepEqual(
    events().map(({ eventName }) => eventName),
    ['ListSimulations'],
  )
})

test('a change without a record is not answered as done, and no further one is made', async (t) => {
  const { call, folder, handled } = await serve(t)
  // Without a folder the first file cannot be written.
  rmSync(folder, { recursive: true })
  const first = await call('/startclock', { Simulation: 'one' })
  assert.equal(first.status, 500)
  assert.equal(first.headers.get('x-amzn-errortype'), 'InternalServerException')
  assert.match(((await first.json()) as { Message: string }).Message, /not recorded in the audit/)
  assert.equal((await call('/startclock', { Simulation: 'two' })).status, 500)
  assert.deepEqual(handled, ['one'])
  assert.equal((await call('/listsimulations')).status, 500)
  // Unknown callers are refused as before.
  assert.equal((await call('/startclock', { Simulation: 'one' }, 'bad')).status, 403)
})

test('unknown callers leave short records, limited in number, in separate files', async (t) => {
  let nowMs = Date.UTC(2026, 0, 1)
  const { call, events, unknownEvents, folder } = await serve(t, () => nowMs)
  const long = `/${'x'.repeat(8_000)}`
  for (let count = 0; count < 510; count++)
    await call(long, undefined, `AWS4 Credential=${'A'.repeat(2_000)}/2`)
  assert.equal(unknownEvents().length, 500)
  await call('/listsimulations')
  assert.deepEqual(
    events().map(({ eventName }) => eventName),
    ['ListSimulations'],
  )
  for (const event of unknownEvents()) assert.ok(JSON.stringify(event).length < 8_192)
  assert.deepEqual(unknownEvents()[0].requestParameters, {
    omitted: true,
    originalSize: 8_027,
    reason: 'larger than 4096 characters',
  })
  nowMs += 1_000
  await call('/nothing', undefined, 'bad')
  const [dropped, next] = unknownEvents().slice(500)
  assert.equal(dropped.eventName, 'CallsWithoutRecord')
  assert.deepEqual(dropped.requestParameters, { count: 10 })
  assert.deepEqual(next.requestParameters, { method: 'GET', path: '/nothing' })
  const bytes = auditFileNames(join(folder, 'unknown')).map(
    (name) => statSync(join(folder, 'unknown', name)).size,
  )
  assert.ok(bytes.every((each) => each < 5 * 1024 ** 2))
})

test('headers that callers choose are cut', async (t) => {
  const { events, call } = await serve(t)
  await call('/listsimulations', undefined, 'good', 'u'.repeat(9_000))
  assert.equal(events()[0].userAgent, `${'u'.repeat(1023)}…`)
})
