import assert from 'node:assert/strict'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import pino from 'pino'
import { ApiError } from '../../core/api/errors.ts'
import type { AuditEvent } from '../../core/audit/audit-event.ts'
import { AuditFiles } from '../../io/audit/audit-files.ts'
import type { OperationHandlers } from '../http/handlers.ts'
import { createHttpServer } from '../http/server.ts'
import { Audit } from './audit.ts'

const CALLER = { accessKeyId: 'AKIATEST', arn: 'arn:aws:iam::111122223333:user/alice' }
const NAME = 'arn:aws:iam::111122223333:role/world'

async function serve(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'heddle-audit-'))
  const files = new AuditFiles({ folder: join(folder, 'audit'), fileBytesMax: 1e9, filesMax: 9 })
  const handled: string[] = []
  const handlers: Partial<OperationHandlers> = {
    async StartClock(input) {
      handled.push(input.Simulation)
      if (input.Simulation === 'missing') throw new ApiError('ResourceNotFoundException', 'no such simulation')
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
      request.headers.authorization === 'good'
        ? { ok: true, caller: CALLER }
        : { ok: false, error: 'InvalidSignatureException', message: 'bad signature' },
    audit: new Audit(files, { region: 'us-west-2', accountId: '111122223333' }),
    log: pino({ level: 'silent' }),
  })
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 })
  t.after(async () => {
    await server.close()
    await files.close().catch(() => undefined)
    await rm(folder, { recursive: true })
  })
  return {
    folder: join(folder, 'audit'),
    handled,
    call: (path: string, body?: unknown, authorization = 'good') =>
      fetch(`http://127.0.0.1:${port}${path}`, {
        headers: { authorization, 'user-agent': 'tester/1' },
        ...(body !== undefined && { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
    events: () =>
      readdirSync(join(folder, 'audit'))
        .sort()
        .flatMap((name) => readFileSync(join(folder, 'audit', name), 'utf8').split('\n'))
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as AuditEvent),
  }
}

test('every call has left its record when it is answered, refused ones too', async (t) => {
  const { call, events } = await serve(t)
  const calls: [path: string, body: unknown, authorization: string, name: string, error: string | undefined][] = [
    ['/startclock', { Simulation: 'one' }, 'good', 'StartClock', undefined],
    ['/startclock', { Simulation: 'missing' }, 'good', 'StartClock', 'ResourceNotFoundException'],
    ['/startclock', { Simulation: 'broken' }, 'good', 'StartClock', 'InternalServerException'],
    ['/startclock', { Simulation: '' }, 'good', 'StartClock', 'ValidationException'],
    ['/startclock', '{', 'good', 'StartClock', 'SerializationException'],
    ['/startclock', 'x'.repeat(2_000_000), 'good', 'StartClock', 'RequestEntityTooLargeException'],
    ['/startclock', { Simulation: 'one' }, 'AWS4 Credential=AKIAWHO/2', 'StartClock', 'InvalidSignatureException'],
    ['/listsimulations', undefined, 'good', 'ListSimulations', undefined],
    ['/nothing', undefined, 'good', 'UnknownOperation', 'UnknownOperationException'],
  ]
  for (const [path, body, authorization, name, error] of calls) {
    const response = await call(path, body, authorization)
    const event = events().at(-1)
    assert.equal(event?.requestID, response.headers.get('x-amzn-requestid'), name)
    assert.equal(event?.eventName, name)
    assert.equal(event?.errorCode, error)
    assert.equal(event?.userAgent, 'tester/1')
    assert.equal(event?.sourceIPAddress, '127.0.0.1')
    assert.equal(event?.readOnly, name !== 'StartClock')
  }
  assert.equal(events().length, calls.length)
  const [first, missing, , , , tooLarge, unsigned] = events()
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
  await call('/startsimulation', { Name: 'one', RoleArn: NAME, SchemaS3Location: schema, ClientToken })
  const [event] = events()
  assert.deepEqual(event.responseElements, {
    Arn: 'arn:new',
    CreationTime: '1970-01-01T00:00:00.000Z',
    ExecutionId: 'x',
  })
  assert.equal(JSON.stringify(event).includes('very-secret'), false)
})

test('the record of an unknown call has its path, and not the query, where a signature may be', async (t) => {
  const { call, events } = await serve(t)
  await call('/nothing?X-Amz-Signature=abc', undefined, 'good')
  assert.deepEqual(events()[0].requestParameters, { method: 'GET', path: '/nothing' })
})

test('who asks for the health of the server needs no signature, and leaves no record', async (t) => {
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

test('a change that leaves no record is not answered as done, and no further one is made', async (t) => {
  const { call, folder, handled } = await serve(t)
  // Without a folder for the first file nothing can be written.
  rmSync(folder, { recursive: true })
  const first = await call('/startclock', { Simulation: 'one' })
  assert.equal(first.status, 500)
  assert.equal(first.headers.get('x-amzn-errortype'), 'InternalServerException')
  assert.match(((await first.json()) as { Message: string }).Message, /not recorded in the audit/)
  assert.equal((await call('/startclock', { Simulation: 'two' })).status, 500)
  assert.deepEqual(handled, ['one'])
  assert.equal((await call('/listsimulations')).status, 200)
})
