// Corner cases of the API over plain HTTP: every declared error that can be reached, tokens, pages,
// ARNs, tags, and malformed requests.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { after, before } from '../../src/base/testing/hooks.ts'
import { OPERATION_NAMES } from '../../src/core/api/operations.ts'
import { type Heddle, startHeddle } from '../support/heddle.ts'
import { schema } from '../support/packages.ts'
import { Simulation } from '../support/simulation.ts'
import { waitFor } from '../support/waiting.ts'
import { type Answer, percentEncoded, presigned, type RawRequest, send } from './raw-client.ts'
import { arnOf, ROLE, requestOf } from './requests.ts'

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const small = schema({
  domains: {
    Cells: { kind: 'spatial', grid: [1, 1], command: 'idle.ts' },
    Helpers: { kind: 'service', command: 'idle.ts' },
    View: { kind: 'custom', command: 'idle.ts', units: 5 },
  },
})
const location = { BucketName: 'test-bucket', ObjectKey: 'small.yaml' }

let heddle: Heddle
/** STARTED from the first test to the last. */
let world: Simulation
/** FAILED from the first test to the last. */
let failed: Simulation

before(async () => {
  heddle = await startHeddle()
  await heddle.put('small.yaml', small)
  world = await heddle.begin('world', { SchemaS3Location: location, Tags: { one: '1' } })
  failed = await heddle.beginSimulation('failed', 'not: a schema')
  await failed.is('FAILED')
  await world.is('STARTED')
})
after(() => heddle?.stop())

const post = (path: string, body: object | string, more: Partial<RawRequest> = {}) =>
  send(heddle, { method: 'POST', path, body, ...more })
const get = (path: string, query: Record<string, string | string[]> = {}) =>
  send(heddle, { method: 'GET', path, query })
const remove = (path: string, query: Record<string, string | string[]> = {}) =>
  send(heddle, { method: 'DELETE', path, query })
const start = (input: object) =>
  post('/startsimulation', { RoleArn: ROLE, SchemaS3Location: location, ...input })
const tagsPath = (arn: string) => `/tags/${percentEncoded(arn)}`
const token = (letter: string) => letter.repeat(36)

function refusedWith(answer: Answer, error: string, status: number, message?: RegExp): void {
  assert.deepEqual([answer.error, answer.status], [error, status], answer.text)
  assert.match(String(answer.headers['x-amzn-requestid']), uuid)
  assert.deepEqual(Object.keys(answer.json).sort(), ['Message', 'message'])
  assert.equal(answer.json.message, answer.json.Message)
  assert.ok(answer.message.length > 0)
  if (message) assert.match(answer.message, message)
}
const invalid = (answer: Answer, message?: RegExp) =>
  refusedWith(answer, 'ValidationException', 400, message)
const missing = (answer: Answer, message?: RegExp) =>
  refusedWith(answer, 'ResourceNotFoundException', 404, message)
const conflict = (answer: Answer, message?: RegExp) =>
  refusedWith(answer, 'ConflictException', 409, message)
const unreadable = (answer: Answer, message?: RegExp) =>
  refusedWith(answer, 'SerializationException', 400, message)

function isEmptyAnswer(answer: Answer): void {
  assert.deepEqual([answer.status, answer.text], [200, '{}'])
  assert.match(String(answer.headers['x-amzn-requestid']), uuid)
  assert.match(String(answer.headers['content-type']), /^application\/json/)
}

test('every operation rejects an unknown simulation with an error that it declares', async () => {
  const checked = OPERATION_NAMES.filter(
    (name) => name !== 'StartSimulation' && name !== 'ListSimulations',
  )
  assert.equal(checked.length, 14)
  for (const name of checked) {
    const answer = await send(heddle, requestOf(name, 'nobody'))
    if (name === 'StartApp') invalid(answer, /nobody/)
    else missing(answer, /nobody/)
  }
})

test('every operation rejects a wrong signature before any other fault', async () => {
  const { credentials } = heddle
  for (const name of OPERATION_NAMES) {
    const request = requestOf(name, 'nobody')
    refusedWith(
      await send(heddle, { ...request, unsigned: true }),
      'MissingAuthenticationTokenException',
      403,
    )
    const stranger = { accessKeyId: 'AKIASTRANGER', secretAccessKey: credentials.secretAccessKey }
    refusedWith(
      await send(heddle, { ...request, credentials: stranger }),
      'UnrecognizedClientException',
      403,
    )
    const liar = { accessKeyId: credentials.accessKeyId, secretAccessKey: 'wrong' }
    refusedWith(
      await send(heddle, { ...request, credentials: liar }),
      'InvalidSignatureException',
      403,
    )
  }
  const list: RawRequest = { method: 'GET', path: '/listsimulations' }
  const earlier = new Date(Date.now() - 16 * 60_000)
  refusedWith(
    await send(heddle, { ...list, signedAt: earlier }),
    'InvalidSignatureException',
    403,
    /expired/,
  )
  refusedWith(
    await send(heddle, { ...list, region: 'eu-west-1' }),
    'InvalidSignatureException',
    403,
    /us-west-2/,
  )
  refusedWith(
    await send(heddle, { ...list, service: 'logs' }),
    'InvalidSignatureException',
    403,
    /simspaceweaver/,
  )
  assert.equal((await fetch(await presigned(heddle, '/listsimulations', 60))).status, 200)
  const late = await fetch(await presigned(heddle, '/listsimulations', 60, earlier))
  assert.deepEqual(
    [late.status, late.headers.get('x-amzn-errortype')],
    [403, 'ExpiredTokenException'],
  )
  const halved = { authorization: 'AWS4-HMAC-SHA256 Credential=x' }
  const broken = await send(heddle, { ...list, unsigned: true, unsignedHeaders: halved })
  assert.equal(broken.status, 403, broken.text)
})

test('paths and methods of no operation are unknown to signed requests', async () => {
  for (const [method, path] of [
    ['GET', '/startsimulation'],
    ['POST', '/listsimulations'],
    ['GET', '/StartSimulation'],
    ['PATCH', '/startclock'],
    ['POST', '/startclock/'],
    ['GET', '/'],
    ['GET', '/tags'],
  ] as const) {
    refusedWith(await send(heddle, { method, path }), 'UnknownOperationException', 404)
  }
  const unsigned = await send(heddle, { method: 'PATCH', path: '/startclock', unsigned: true })
  refusedWith(unsigned, 'MissingAuthenticationTokenException', 403)
  // A path of no operation belongs to the object store.
  const bucket = await fetch(`${heddle.endpoint}/nothing`)
  assert.equal(bucket.status, 403)
  assert.match(await bucket.text(), /^<\?xml .*<Error><Code>AccessDenied<\/Code>/s)
})

test('a call that the state does not allow is a conflict that names the state', async () => {
  conflict(await start({ Name: 'world' }), /world/)
  conflict(await start({ Name: 'failed' }), /failed/)
  conflict(await remove('/deletesimulation', { simulation: 'world' }), /STARTED/)
  for (const name of ['StartClock', 'StopClock', 'StartApp', 'CreateSnapshot'] as const)
    conflict(await send(heddle, requestOf(name, 'failed')), /FAILED/)
  isEmptyAnswer(await post('/stopsimulation', { Simulation: 'failed' }))

  // Its one app never connects.
  const never = { Cells: { kind: 'spatial', grid: [1, 1], command: 'faulty.ts never' } } as const
  const starting = await heddle.beginSimulation('starting', schema({ domains: never }))
  const untilStarted = [
    'StartClock',
    'StopClock',
    'StartApp',
    'StopApp',
    'DeleteApp',
    'CreateSnapshot',
    'DeleteSimulation',
  ] as const
  for (const name of untilStarted)
    conflict(await send(heddle, requestOf(name, 'starting')), /STARTING/)
  isEmptyAnswer(await post('/stopsimulation', { Simulation: 'starting' }))
  const described = await get('/describesimulation', { simulation: 'starting' })
  assert.ok(['STOPPING', 'STOPPED'].includes(String(described.json.Status)))
  assert.equal(described.json.TargetStatus, 'STOPPED')
  await starting.is('STOPPED')
  for (const name of ['StartClock', 'StopClock', 'StartApp', 'CreateSnapshot'] as const)
    conflict(await send(heddle, requestOf(name, 'starting')), /STOPPED/)
  isEmptyAnswer(await post('/stopsimulation', { Simulation: 'starting' }))
  isEmptyAnswer(await remove('/deletesimulation', { simulation: 'starting' }))
  missing(await get('/describesimulation', { simulation: 'starting' }))
  missing(await remove('/deletesimulation', { simulation: 'starting' }))
})

test('a clock can be started and stopped repeatedly', async () => {
  isEmptyAnswer(await post('/stopclock', { Simulation: 'world' }))
  isEmptyAnswer(await post('/startclock', { Simulation: 'world' }))
  isEmptyAnswer(await post('/startclock', { Simulation: 'world' }))
  await world.clockIs('STARTED')
  isEmptyAnswer(await post('/stopclock', { Simulation: 'world' }))
  isEmptyAnswer(await post('/stopclock', { Simulation: 'world' }))
  await world.clockIs('STOPPED')
})

test('apps are rejected for a wrong domain or name, a taken name, and a full worker', async () => {
  const app = (domain: string, name: string) => ({ simulation: 'world', domain, app: name })
  const body = (domain: string, name: string) => ({
    Simulation: 'world',
    Domain: domain,
    App: name,
  })
  const startApp = (domain: string, name: string, more: object = {}) =>
    post('/startapp', { Simulation: 'world', Domain: domain, Name: name, ...more })
  invalid(await startApp('Nowhere', 'a'), /Nowhere/)
  invalid(await startApp('Cells', 'a'), /Cells/)
  invalid(await startApp('Helpers', 'a'), /Helpers/)
  missing(await get('/describeapp', app('Nowhere', 'a')), /Nowhere/)
  missing(await get('/describeapp', app('View', 'a'.repeat(256))))
  invalid(
    await get('/describeapp', app('View', 'a'.repeat(257))),
    /'app'.*less than or equal to 256/,
  )
  missing(await get('/listapps', { simulation: 'world', domain: 'Nowhere' }), /Nowhere/)
  missing(await post('/stopapp', body('View', 'none')), /none/)
  missing(await remove('/deleteapp', app('View', 'none')), /none/)

  const listed = (await get('/listapps', { simulation: 'world' })).json.Apps as {
    Domain: string
    Name: string
  }[]
  assert.deepEqual(
    listed.map(({ Domain }) => Domain),
    ['Cells', 'Helpers'],
  )
  for (const { Domain, Name } of listed) {
    assert.equal((await get('/describeapp', app(Domain, Name))).json.Status, 'STARTED')
    invalid(await post('/stopapp', body(Domain, Name)), new RegExp(Domain))
    invalid(await remove('/deleteapp', app(Domain, Name)), new RegExp(Domain))
  }

  assert.deepEqual((await startApp('View', 'a')).json, {
    Simulation: 'world',
    Domain: 'View',
    Name: 'a',
  })
  conflict(await startApp('View', 'a'), /'?a'?/)
  assert.equal((await startApp('View', 'b', { Description: '', LaunchOverrides: {} })).status, 200)
  assert.equal(
    (await startApp('View', 'c', { LaunchOverrides: { LaunchCommands: [] } })).status,
    200,
  )
  // 17 units, two taken by the schema's own apps, five by each of these.
  refusedWith(await startApp('View', 'd'), 'ServiceQuotaExceededException', 402, /unit/)
  missing(await get('/describeapp', app('View', 'd')))
  for (const name of ['a', 'b', 'c']) await world.appIs('View', name, 'STARTED')
  const described = await get('/describeapp', app('View', 'a'))
  assert.ok(!described.text.includes('null'))
  assert.ok(!('Description' in described.json), described.text)
  for (const name of ['a', 'b', 'c'])
    assert.deepEqual((await get('/describeapp', app('View', name))).json.LaunchOverrides, {
      LaunchCommands: [],
    })
  conflict(await remove('/deleteapp', app('View', 'a')), /STARTED/)
  for (const name of ['a', 'b', 'c']) {
    isEmptyAnswer(await post('/stopapp', body('View', name)))
    await world.appIs('View', name, 'STOPPED')
    isEmptyAnswer(await post('/stopapp', body('View', name)))
  }
  conflict(await startApp('View', 'a'), /already/)
  for (const name of ['a', 'b', 'c']) isEmptyAnswer(await remove('/deleteapp', app('View', name)))
  missing(await remove('/deleteapp', app('View', 'a')))
})

test('a bad bucket or key rejects a snapshot before the state changes', async () => {
  const snapshot = (Destination: object) =>
    post('/createsnapshot', { Simulation: 'world', Destination })
  invalid(await snapshot({ BucketName: 'no-such-bucket' }), /no-such-bucket/)
  invalid(
    await snapshot({ BucketName: 'ab' }),
    /'destination\.bucketName'.*greater than or equal to 3/,
  )
  invalid(await snapshot({}), /'destination\.bucketName'.*must not be null/)
  invalid(await snapshot({ BucketName: 'test-bucket', ObjectKeyPrefix: 'p'.repeat(1025) }), /1024/)
  invalid(await snapshot({ BucketName: 'test-bucket', ObjectKeyPrefix: 'p'.repeat(1020) }), /1024/)
  invalid(await snapshot({ BucketName: '../objects' }), /objects/)
  assert.equal((await world.describe()).Status, 'STARTED')
  isEmptyAnswer(await snapshot({ BucketName: 'test-bucket', ObjectKeyPrefix: 'é %2F+/' }))
  await world.is('STARTED')
  const keys = await heddle.keys('é %2F+/')
  assert.equal(keys.length, 1)
  assert.match(keys[0], /^é %2F\+\/snapshot\/world-\d{6}-\d{4}-\d{2}\.zip$/)
})

test('a ClientToken repeats its first answer, even after a kill of control', async () => {
  const input = {
    Name: 'once',
    ClientToken: token('a'),
    Description: 'x',
    Tags: { a: '1', b: '2' },
  }
  const first = await start(input)
  assert.equal(first.status, 200, first.text)
  // The same input in another form.
  const again = await post(
    '/startsimulation',
    `{"Tags":{"b":"2","a":"1"}, "SchemaS3Location":${JSON.stringify(location)},
     "RoleArn":"${ROLE}", "Unknown":1,
      "Description":"x","ClientToken":"${token('a')}","Name":"once","MaximumDuration":null}`,
  )
  assert.equal(again.text, first.text)
  conflict(await start({ ...input, Description: 'y' }), /ClientToken/)
  conflict(await start({ ...input, Name: 'other' }), /ClientToken/)
  conflict(await start({ ...input, ClientToken: token('b') }), /once/)
  const all = await Promise.all(Array.from({ length: 5 }, () => start(input)))
  assert.deepEqual([...new Set(all.map(({ text }) => text))], [first.text])

  const atOnce = { ...input, Name: 'at-once', ClientToken: token('d'), MaximumDuration: '0M' }
  const answers = await Promise.all(Array.from({ length: 5 }, () => start(atOnce)))
  assert.equal(new Set(answers.map(({ text }) => text)).size, 1)
  assert.equal(answers[0].status, 200)

  const app = { Simulation: 'world', Domain: 'View', Name: 'token', ClientToken: token('a') }
  const started = await post('/startapp', app)
  assert.equal(started.status, 200, started.text)
  await heddle.killControl()
  await heddle.up()
  assert.equal((await start(input)).text, first.text)
  conflict(await start({ ...input, Description: 'y' }), /ClientToken/)
  assert.equal((await post('/startapp', app)).text, started.text)
  conflict(await post('/startapp', { ...app, Name: 'tokens' }), /ClientToken/)
  conflict(await post('/startapp', { ...app, ClientToken: token('c') }), /token/)
  // A rejected request leaves its token free.
  conflict(await start({ ...input, ClientToken: token('c') }))
  await world.appIs('View', 'token', 'STARTED')
  await world.stopApp('View', 'token')
  await world.appIs('View', 'token', 'STOPPED')
  await world.deleteApp('View', 'token')
  assert.equal((await post('/startapp', app)).text, started.text, 'still its first answer')
  assert.equal((await world.apps('View')).length, 0)
  await post('/stopsimulation', { Simulation: 'once' })
  invalid(
    await start({ Name: 'x', ClientToken: 'a'.repeat(31) }),
    /'clientToken'.*greater than or equal to 32/,
  )
  invalid(
    await start({ Name: 'x', ClientToken: 'a'.repeat(129) }),
    /'clientToken'.*less than or equal to 128/,
  )
  invalid(await start({ Name: 'x', ClientToken: `${token('a')}_` }), /'clientToken'.*pattern: /)
})

test('lists are complete in pages of any size, even while they change', async () => {
  const names = Array.from({ length: 7 }, (_, index) => `page-${index}`)
  const absentKey = { BucketName: 'test-bucket', ObjectKey: 'absent.yaml' }
  for (const Name of names)
    assert.equal((await start({ Name, SchemaS3Location: absentKey })).status, 200)
  const pagesOf = async (
    path: string,
    query: Record<string, string>,
    changed?: () => Promise<unknown>,
  ) => {
    const found: { Name: string }[][] = []
    for (let nextToken: string | undefined; ; ) {
      const { json, text } = await get(path, {
        ...query,
        ...(nextToken !== undefined && { nextToken }),
      })
      found.push((json.Simulations ?? json.Apps) as { Name: string }[])
      assert.ok(!text.includes('null'))
      nextToken = json.NextToken as string | undefined
      if (nextToken === undefined) return found
      await changed?.()
    }
  }
  const everything = (await pagesOf('/listsimulations', {})).flat().map(({ Name }) => Name)
  assert.deepEqual(everything, [...everything].sort())
  for (const name of names) assert.ok(everything.includes(name))
  for (const size of [1, 2, 3, everything.length, everything.length + 1, 2 ** 31 - 1]) {
    const pages = await pagesOf('/listsimulations', { maxResults: String(size) })
    assert.deepEqual(
      pages.flat().map(({ Name }) => Name),
      everything,
    )
    assert.ok(pages.every((page) => page.length <= size && page.length > 0))
  }

  const doomed = [...names]
  await Promise.all(names.map((name) => heddleIs(name, 'FAILED')))
  const seen = (
    await pagesOf('/listsimulations', { maxResults: '2' }, async () => {
      const name = doomed.shift()
      if (name) isEmptyAnswer(await remove('/deletesimulation', { simulation: name }))
    })
  )
    .flat()
    .map(({ Name }) => Name)
  assert.equal(new Set(seen).size, seen.length, 'none is shown twice')
  for (const name of everything.filter((name) => !names.includes(name)))
    assert.ok(seen.includes(name))

  const { NextToken: real } = (await get('/listsimulations', { maxResults: '1' })).json as {
    NextToken: string
  }
  const { NextToken: ofApps } = (await get('/listapps', { simulation: 'world', maxResults: '1' }))
    .json as {
    NextToken: string
  }
  const forged = [
    '',
    'x',
    '.',
    'world',
    ofApps,
    `${real}=`,
    real.slice(0, -1),
    real.toUpperCase(),
    'é'.repeat(2000),
  ]
  for (const nextToken of forged)
    invalid(await get('/listsimulations', { nextToken }), /'nextToken'/)
  unreadable(await get('/listsimulations', { nextToken: 'x'.repeat(20_000) }), /16 KiB/)
  invalid(await get('/listapps', { simulation: 'world', nextToken: real }), /'nextToken'/)
  invalid(
    await get('/listapps', { simulation: 'world', domain: 'Cells', nextToken: ofApps }),
    /'nextToken'/,
  )
  for (const maxResults of ['0', '-1'])
    invalid(await get('/listsimulations', { maxResults }), /'maxResults'.*equal to 1/)
  for (const maxResults of ['', 'ten', '1.5', '2147483648', '1e2', ' 1'])
    unreadable(await get('/listsimulations', { maxResults }))
})

async function heddleIs(name: string, status: string): Promise<void> {
  await new Simulation(heddle, name, '').is(status)
}

test('tags have limits of count, length and prefix, and keep their values', async () => {
  const path = tagsPath(arnOf('world'))
  const tag = (Tags: object) => post(path, { Tags })
  const tags = async () => (await get(path)).json.Tags as Record<string, string>
  assert.deepEqual(await tags(), { one: '1' })
  const odd = { ['😀'.repeat(128)]: 'v'.repeat(256), ' ': '', ['__proto__']: 'x' }
  isEmptyAnswer(await tag({ ...odd, constructor: '', one: '2' }))
  assert.deepEqual(await tags(), { ...odd, constructor: '', one: '2' })
  const keys = Object.keys(await tags())
  isEmptyAnswer(await remove(path, { tagKeys: [...keys, 'never there'] }))
  assert.deepEqual((await get(path)).json, { Tags: {} })

  const many = (count: number, from = 0) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`key-${index + from}`, '']))
  refusedWith(await tag(many(51)), 'TooManyTagsException', 400, /50/)
  assert.deepEqual(await tags(), {})
  isEmptyAnswer(await tag(many(50)))
  isEmptyAnswer(await tag({ 'key-0': 'changed' }))
  refusedWith(await tag({ another: '' }), 'TooManyTagsException', 400, /50/)
  invalid(await tag({ ['k'.repeat(129)]: '' }), /'tags'.*128/)
  invalid(await tag({ k: 'v'.repeat(257) }), /'tags'.*256/)
  invalid(await tag({ '': '' }), /'tags'/)
  invalid(await tag({ 'AWS:mine': '' }), /'tags'.*aws:/)
  invalid(await post(path, {}), /'tags'.*must not be null/)
  invalid(await remove(path), /'tagKeys'.*must not be null/)
  unreadable(await tag({ k: 1 }))
  assert.equal(Object.keys(await tags()).length, 50)
  isEmptyAnswer(await remove(path, { tagKeys: Object.keys(many(50)) }))
  invalid(await start({ Name: 'tagged', Tags: { 'aws:x': '' } }), /'tags'.*aws:/)
  const tooMany = await start({ Name: 'tagged', Tags: many(51) })
  invalid(tooMany, /'tags'.*50/)
})

test('foreign ARNs are not found, malformed ones not valid, and all are decoded once', async () => {
  for (const arn of [
    'arn:aws:simspaceweaver:us-west-2:999999999999:simulation/world',
    'arn:aws:simspaceweaver:eu-west-1:111122223333:simulation/world',
    'arn:aws-cn:simspaceweaver:us-west-2:111122223333:simulation/world',
    arnOf('World'),
    arnOf('world/View'),
    arnOf('world%2F'),
    arnOf('a'.repeat(1500)),
  ])
    missing(await get(tagsPath(arn)))
  for (const arn of [
    'arn:aws:simspaceweaver:us-west-2:111122223333:app/world',
    'arn:aws:s3:::world',
    'world',
    ' ',
    arnOf('a'.repeat(1600)),
    `${arnOf('world')}\n`,
  ])
    invalid(await get(tagsPath(arn)))
  // The client may escape colons and slashes or not; but never twice.
  const plain = await get(`/tags/${arnOf('world')}`)
  assert.equal(plain.status, 200, plain.text)
  assert.equal((await get(tagsPath(arnOf('world')))).text, plain.text)
  assert.notEqual(
    (await get(`/tags/${percentEncoded(percentEncoded(arnOf('world')))}`)).status,
    200,
  )
  unreadable(await send(heddle, { method: 'GET', path: '/tags/%E0%A4%A' }))
})

test('MaximumDuration takes three units in either case up to 14 days, unchanged', async () => {
  const zero = await heddle.begin('zero', { SchemaS3Location: location, MaximumDuration: '0M' })
  const over = await waitFor(async () => {
    const described = await zero.describe()
    return described.Status === 'STOPPED' && described
  }, 'a simulation of no duration to stop by itself')
  assert.equal(over.TargetStatus, 'STARTED')
  assert.equal(over.StartError, undefined)
  assert.ok(zero.log('/sim/management').some((line) => line.includes('simulation=STARTED')))
  isEmptyAnswer(await remove('/deletesimulation', { simulation: 'zero' }))
  for (const duration of ['0M', '1m', '20160M', '336h', '336H', '14d', '14D', '00001M']) {
    const Name = `lasts-${duration}`
    const started = await start({ Name, MaximumDuration: duration })
    assert.equal(started.status, 200, started.text)
    const { json } = await get('/describesimulation', { simulation: Name })
    assert.equal(json.MaximumDuration, duration)
    isEmptyAnswer(await post('/stopsimulation', { Simulation: Name }))
  }
  for (const duration of ['20161M', '337H', '15D', '99999d'])
    invalid(await start({ Name: 'l', MaximumDuration: duration }))
  for (const duration of ['M', '', '14', '14W', '1.5H', '-1M', '100000M', '14 D', '14D\n'])
    invalid(await start({ Name: 'l', MaximumDuration: duration }), /'maximumDuration'/)
  missing(await get('/describesimulation', { simulation: 'l' }))
  assert.equal((await world.describe()).MaximumDuration, '14D')
})

test('validation errors name missing, mistyped, too long and malformed members', async () => {
  invalid(
    await post('/startsimulation', {}),
    /^3 validation errors detected: .*'name'.*'roleArn'.*'schemaS3Location/,
  )
  invalid(await post('/startsimulation', ''), /'name'.*must not be null/)
  invalid(
    await start({ Name: 'both', SnapshotS3Location: location }),
    /'schemaS3Location, snapshotS3Location'/,
  )
  invalid(await start({ Name: 'a'.repeat(65) }), /'name'.*less than or equal to 64/)
  assert.equal((await start({ Name: '-._'.repeat(21) })).status, 200)
  isEmptyAnswer(await post('/stopsimulation', { Simulation: '-._'.repeat(21) }))
  invalid(
    await start({ Name: 'a b' }),
    new RegExp(
      "^1 validation error detected: Value at 'name' failed to satisfy constraint: " +
        'Member must satisfy regular expression pattern: \\^\\[a-zA-Z0-9_\\.-\\]\\+\\$$',
    ),
  )
  for (const Name of ['', 'a\n', 'é', 'a/b', '%61', '..\\'])
    invalid(await start({ Name }), /'name'/)
  invalid(await start({ Name: 'r', RoleArn: 'me' }), /'roleArn'/)
  invalid(await start({ Name: 'd', Description: 'x'.repeat(501) }), /'description'.*500/)
  invalid(
    await start({ Name: 'k', SchemaS3Location: { BucketName: 'abc' } }),
    /'schemaS3Location\.objectKey'/,
  )
  unreadable(await start({ Name: 5 }))
  unreadable(await start({ Name: ['a'] }))
  unreadable(await start({ Name: 's', SchemaS3Location: 'bucket/key' }))
  unreadable(await start({ Name: 't', Tags: ['a'] }))
  unreadable(await post('/startapp', { ...appBody, LaunchOverrides: { LaunchCommands: 'run' } }))
  unreadable(await post('/startapp', { ...appBody, LaunchOverrides: { LaunchCommands: [null] } }))
  invalid(
    await post('/startapp', { ...appBody, LaunchOverrides: { LaunchCommands: [''] } }),
    /launchCommands\.1/,
  )
  invalid(await get('/describesimulation', { simulation: ['world', 'world'] }), /only once/)
  invalid(await get('/describesimulation'), /'simulation'.*must not be null/)
  // In the query a plus sign is a space, and names are case-sensitive.
  invalid(await get('/describesimulation', { Simulation: 'world' }), /'simulation'/)
  const odd = await send(heddle, {
    method: 'GET',
    path: '/describesimulation',
    query: { simulation: 'world', x: '1' },
  })
  assert.equal(odd.status, 200, odd.text)
})

const appBody = { Simulation: 'world', Domain: 'View', Name: 'never' }

test('bodies must be JSON objects; unknown and null members are ignored', async () => {
  for (const body of [
    '{',
    '[]',
    '"x"',
    'null',
    '1',
    '{"Simulation":"world"',
    "{'Simulation':'world'}",
    '{}{}',
  ])
    unreadable(await post('/stopclock', body))
  unreadable(await post('/stopclock', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])))
  unreadable(await post('/stopclock', `${'['.repeat(100_000)}${']'.repeat(100_000)}`))
  const large = await post('/stopclock', { Simulation: 'world', Junk: 'x'.repeat(1024 ** 2) })
  refusedWith(large, 'RequestEntityTooLargeException', 413)
  const nearly = await post('/stopclock', {
    Simulation: 'world',
    Junk: 'x'.repeat(1024 ** 2 - 100),
  })
  isEmptyAnswer(nearly)
  isEmptyAnswer(
    await post('/stopclock', { Simulation: 'world', simulation: 5, Other: null, More: { a: [1] } }),
  )
  for (const type of [
    'text/plain',
    'application/x-amz-json-1.1',
    'multipart/form-data; boundary=x',
    'nonsense',
  ])
    isEmptyAnswer(
      await post('/stopclock', { Simulation: 'world' }, { headers: { 'content-type': type } }),
    )
  isEmptyAnswer(await post('/stopclock', '\n { "Simulation" : "w\\u006frld" } \n'))
  const twice = await post('/stopclock', '{"Simulation":"nobody","Simulation":"world"}')
  isEmptyAnswer(twice)
})

test('times are fractional seconds, and members without a value are absent', async () => {
  const { json, text } = await get('/describesimulation', { simulation: 'world' })
  assert.equal(typeof json.CreationTime, 'number')
  assert.match(text, /"CreationTime":\d{10}(\.\d{1,3})?[,}]/)
  assert.ok(!text.includes('null'))
  for (const name of ['Description', 'StartError', 'SchemaError', 'SnapshotS3Location'])
    assert.ok(!(name in json), text)
  const bad = await get('/describesimulation', { simulation: 'failed' })
  const errors = JSON.parse(String(bad.json.StartError)) as {
    errorType: string
    errorMessage: string
  }[]
  assert.ok(
    errors.length > 0 && errors.every(({ errorType }) => errorType === 'SchemaFormatInvalid'),
  )
  assert.ok(!bad.text.includes('null'))
})
