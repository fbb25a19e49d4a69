// A Heddle with abusive clients: too many requests, too slow, too deep, or silent. Every client is
// answered or closed, others are served, and memory stays bounded.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { stringify } from 'yaml'
import { after, before } from '../../src/base/testing/hooks.ts'
import { type Answer, percentEncoded, send } from '../clients/raw-client.ts'
import { signatureHeaders } from '../fuzz/signer.ts'
import { type Heddle, startHeddle } from '../support/heddle.ts'
import { buildPackage, schema } from '../support/packages.ts'
import { residentMiB } from '../support/processes.ts'
import { hashEvery } from '../support/simulation.ts'
import { waitFor } from '../support/waiting.ts'
import { requestsAtRate } from './steady-load.ts'

const CONFIGURATION = 'serving: {connections: 1500, requests: 40, receive_seconds: 2}\n'
const IDLE_CONNECTIONS = 4000
/**
 * Covers all bodies allowed in memory at once, and garbage not collected yet, which can be much on
 * a busy machine.
 */
const GROWTH_MIB_MAX = 800

let heddle: Heddle
let residentBefore: number
before(async () => {
  heddle = await startHeddle({ configuration: CONFIGURATION })
  for (let count = 0; count < 50; count++) await list()
  residentBefore = residentMiB([heddle.controlPid])
})
after(async () => {
  await heddle?.stop()
})

const list = () => send(heddle, { method: 'GET', path: '/listsimulations' })
const post = (path: string, body: string | Buffer) => send(heddle, { method: 'POST', path, body })

function refusedWith(answer: Answer, error: string, status: number): void {
  assert.deepEqual([answer.error, answer.status], [error, status], answer.text.slice(0, 500))
}

async function isServing(): Promise<void> {
  const { status, json } = await list()
  assert.deepEqual([status, Array.isArray(json.Simulations)], [200, true])
  const grown = residentMiB([heddle.controlPid]) - residentBefore
  assert.ok(grown < GROWTH_MIB_MAX, `control has ${grown} MiB more than in the beginning`)
}

/** Opens a connection and sends some bytes on it. */
async function open(bytes: string | Buffer): Promise<Socket> {
  const { hostname, port } = new URL(heddle.endpoint)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  if (bytes.length > 0) socket.write(bytes)
  return socket
}

async function textOf(socket: Socket): Promise<string> {
  let text = ''
  socket.on('data', (chunk) => {
    text += String(chunk)
  })
  await once(socket, 'close')
  return text
}

interface S3Request {
  method: string
  path: string
  query?: string
  body?: Buffer
  /** Set if it differs from the body's length. */
  length?: number
  connection?: 'close' | 'keep-alive'
}

/** Returns the bytes of a signed request to the object store; the body may follow later. */
function s3Bytes({
  method,
  path,
  query = '',
  body = Buffer.alloc(0),
  length,
  connection = 'close',
}: S3Request): Buffer {
  const headers: [string, string][] = [
    ['host', new URL(heddle.endpoint).host],
    ['x-amz-content-sha256', 'UNSIGNED-PAYLOAD'],
  ]
  const { credentials } = heddle
  const signing = { credentials, service: 's3', region: 'us-west-2', date: new Date() }
  const signature = signatureHeaders({ method, path, query, headers, body }, signing)
  const others: [string, string][] = [
    ['connection', connection],
    ['content-length', String(length ?? body.length)],
  ]
  const lines = [...headers, ...others, ...signature].map(([name, value]) => `${name}: ${value}`)
  return Buffer.concat([
    Buffer.from([`${method} ${path}?${query} HTTP/1.1`, ...lines, '', ''].join('\r\n')),
    body,
  ])
}

/** Sends such a request and returns the whole answer. */
async function s3Answer(request: S3Request): Promise<string> {
  return textOf(await open(s3Bytes(request)))
}

/** Begins an upload whose body follows later. */
function upload(key: string, length: number): Promise<Socket> {
  return open(
    s3Bytes({ method: 'PUT', path: `/${heddle.bucket}/${key}`, length, connection: 'keep-alive' }),
  )
}

test('thousands of idle connections block no client: the longest idle make room', async () => {
  const idle: Socket[] = []
  while (idle.length < IDLE_CONNECTIONS) {
    const opened = Array.from({ length: 100 }, () => open(''))
    idle.push(...(await Promise.all(opened)).map((socket) => socket.resume()))
    if (idle.length % 1000 === 0) await isServing()
  }
  const isOpen = (socket: Socket) => !socket.destroyed && !socket.closed
  await waitFor(
    () => idle.filter(isOpen).length <= 1500,
    'no more connections to be open than there may be',
  )
  await isServing()
  await heddle.weaver.listSimulations().promise()
  for (const socket of idle) socket.destroy()
})

test('endless senders get an error or are closed, and all others are served', async () => {
  const late = [
    '',
    'GET /listsimulations HTTP/1.1\r\nHost: h\r\nX-Slow: ',
    'POST /startclock HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n{',
    'POST /startclock HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n',
  ]
  const sockets = await Promise.all(
    Array.from({ length: 200 }, (_, index) => open(late[index % late.length])),
  )
  // Sends byte after byte: each of them counts as progress.
  const trickle = setInterval(() => {
    for (const [index, socket] of sockets.entries()) {
      if (index % late.length === 1 && socket.writable) socket.write('x')
      if (index % late.length === 3 && socket.writable) socket.write('1\r\nx\r\n')
    }
  }, 100)
  try {
    const answers = Promise.all(sockets.map(textOf))
    await isServing()
    for (const text of await answers)
      assert.match(text, /^HTTP\/1\.1 408 [\s\S]*RequestTimeoutException/)
  } finally {
    clearInterval(trickle)
  }
  const stalled = await upload('stalled', 1000)
  stalled.write('x')
  await once(stalled.resume(), 'close')
  await assert.rejects(heddle.get('stalled'), { name: 'NoSuchKey' })
  await isServing()
})

test('the object store alone rejects uploads beyond its limit, to be retried', async () => {
  const uploads = await Promise.all(
    Array.from({ length: 40 }, (_, index) => upload(`held-${index}`, 2)),
  )
  for (const socket of uploads) socket.write('x')
  const path = `/${heddle.bucket}/one-too-many`
  const shed = await waitFor(async () => {
    const text = await s3Answer({ method: 'PUT', path, body: Buffer.from('x') })
    return text.startsWith('HTTP/1.1 503 ') && text
  }, 'a request to be shed')
  assert.match(shed, /^retry-after: 1\r$/im)
  assert.match(shed, /<Code>SlowDown<\/Code>/)
  assert.equal((await list()).status, 200)
  const answered = uploads.map((socket) => once(socket, 'data'))
  for (const socket of uploads) socket.write('y')
  for (const [text] of await Promise.all(answered)) assert.match(String(text), /^HTTP\/1\.1 200 /)
  for (const socket of uploads) socket.destroy()
  assert.equal((await heddle.get('held-39')).toString(), 'xy')
  await isServing()
})

test('JSON as deep as a body allows is rejected in every member', async () => {
  const deep = '['.repeat(500_000)
  refusedWith(await post('/startsimulation', deep), 'SerializationException', 400)
  refusedWith(
    await post('/startsimulation', deep + ']'.repeat(500_000)),
    'SerializationException',
    400,
  )
  refusedWith(
    await post('/startclock', `{"Simulation":${deep}${']'.repeat(500_000)}}`),
    'SerializationException',
    400,
  )
  const nested = `{"Simulation":${'{"a":'.repeat(150_000)}1${'}'.repeat(150_000)}}`
  refusedWith(await post('/startclock', nested), 'SerializationException', 400)
  // Unknown members are held to the same depth, before anything is parsed.
  const unknown = `{"Simulation":"nobody","Odd":${deep.slice(1)}${']'.repeat(499_999)}}`
  refusedWith(await post('/startclock', unknown), 'SerializationException', 400)
  await isServing()
})

test('a hundred bodies over 1 MiB at once are rejected, and none stays in memory', async () => {
  const body = Buffer.alloc(2 * 1024 * 1024, 0x20)
  const request = { method: 'POST', path: '/startclock', body, unsigned: true } as const
  // Together half as much again as the limit.
  for (let round = 0; round < 6; round++) {
    const answers = await Promise.all(Array.from({ length: 100 }, () => send(heddle, request)))
    for (const answer of answers) {
      if (answer.status === 503) refusedWith(answer, 'ServiceUnavailableException', 503)
      else refusedWith(answer, 'RequestEntityTooLargeException', 413)
    }
    assert.ok(answers.some(({ status }) => status === 413))
    await isServing()
  }
})

test('XML as deep as a body allows is rejected by the object store', async () => {
  for (const text of [
    '<Delete>'.repeat(500_000),
    `<Delete>${'<a>'.repeat(200_000)}${'</a>'.repeat(200_000)}</Delete>`,
  ]) {
    const answer = await s3Answer({
      method: 'POST',
      path: `/${heddle.bucket}`,
      query: 'delete=',
      body: Buffer.from(text),
    })
    assert.match(answer, /^HTTP\/1\.1 400 [\s\S]*<Code>MalformedXML<\/Code>/)
  }
  await isServing()
})

test('keys of every odd character can be put, listed, read and deleted', async () => {
  const keys = [
    ...Array.from({ length: 0x7e }, (_, index) => `odd/${String.fromCharCode(index + 1)}`),
    ...['../..', '/', '//', 'a//b', 'a/', '/a', ' ', '  a  ', '%', '%2F', '%00', '+', '?a=b#c'],
    ...['~', '__proto__', 'é', 'e\u0301', '🧵', '\u202e', '\uffff', '\ufeff'],
    'x'.repeat(1024),
    '🧵'.repeat(256),
    `${'d/'.repeat(511)}xx`,
  ] // biome-ignore format: a list to look things up in
  const Bucket = heddle.bucket
  for (const Key of keys)
    await heddle.s3.send(new PutObjectCommand({ Bucket, Key, Body: `of ${Key}` }))
  for (const Key of keys) {
    const { Body } = await heddle.s3.send(new GetObjectCommand({ Bucket, Key }))
    assert.equal(await Body?.transformToString(), `of ${Key}`)
  }
  const listed = await heddle.s3.send(new ListObjectsV2Command({ Bucket, EncodingType: 'url' }))
  const found = new Set(listed.Contents?.map(({ Key = '' }) => decodeURIComponent(Key)))
  for (const key of keys) assert.ok(found.has(key), JSON.stringify(key))
  for (const Key of keys) await heddle.s3.send(new DeleteObjectCommand({ Bucket, Key }))
  for (const Key of ['x'.repeat(1025), '\0', 'a\0b', '.', '..'])
    await assert.rejects(
      heddle.s3.send(new PutObjectCommand({ Bucket, Key, Body: '' })),
      (error: object) => {
        const { $metadata } = error as { $metadata: { httpStatusCode: number } }
        assert.equal($metadata.httpStatusCode, 400, JSON.stringify(Key))
        return true
      },
    )
  await isServing()
})

test('bucket names of every odd character are rejected, and leave nothing on disk', async () => {
  const odd = Array.from({ length: 0x7f }, (_, code) => String.fromCharCode(code)).filter(
    (one) => !/[a-z0-9.-]/.test(one),
  )
  const names = [
    ...odd.map((one) => `aa${one}aa`),
    '..',
    '...',
    'a..a',
    '-aa',
    'aa-',
    '1.2.3.4',
    'ab',
    'a'.repeat(64),
    'éé',
    '🧵🧵',
    '.heddle',
  ]
  for (const name of names) {
    const answer = await s3Answer({ method: 'PUT', path: `/${percentEncoded(name)}` })
    assert.match(answer, /^HTTP\/1\.1 4\d\d [\s\S]*<Code>\w+<\/Code>/, name)
  }
  const { Buckets } = await heddle.s3.send(new ListBucketsCommand({}))
  assert.deepEqual(
    Buckets?.map(({ Name }) => Name),
    [heddle.bucket],
  )
  await isServing()
})

test('two hundred requests a second all succeed while a simulation runs', async () => {
  const Cells = { kind: 'spatial', grid: [2, 2], command: 'wanderers.ts --entities 100' } as const
  const world = await heddle.startSimulation('busy', schema({ domains: { Cells } }), hashEvery(5))
  await world.startClock()
  const { tick } = world.newest()
  const load = await requestsAtRate(heddle, 'busy', { perSecond: 200, seconds: 5 })
  assert.deepEqual(load.statuses, new Map([[200, 1000]]))
  await world.reaches(tick + 30)
  assert.equal(world.errors(), '')
  await world.stop()
})

test('endless schemas and hostile zips fail their simulation alone', async () => {
  const Cells = { kind: 'spatial', grid: [1, 1], command: 'idle.ts' } as const
  const steady = await heddle.startSimulation(
    'weather',
    schema({ domains: { Cells } }),
    hashEvery(5),
  )
  await steady.startClock()
  const bombs = Array.from(
    { length: 40 },
    (_, depth) => `a${depth + 1}: &a${depth + 1} [*a${depth}, *a${depth}, *a${depth}]`,
  )
  const billions = `a0: &a0 [x]\n${bombs.join('\n')}\n${schema({ domains: { Cells } })}`
  const deep = `${schema({ domains: { Cells } })}\nodd: ${'['.repeat(100_000)}`
  for (const [name, text, fault] of [
    ['billions', billions, 'SchemaFormatInvalid'],
    ['deep', deep, 'SchemaFormatInvalid'],
    ['long', `${stringify({ odd: 'x'.repeat(5_000_000) })}`, 'SchemaFormatInvalid'],
  ] as const) {
    const [error] = await (await heddle.beginSimulation(name, text)).fails()
    assert.equal(error.errorType, fault, error.errorMessage)
  }
  const app = { 'app.ts': '', evil: Buffer.alloc(1024 * 1024) }
  const packages = {
    parent: await buildPackage({ ...app, '../../../outside.txt': 'no' }),
    absolute: await buildPackage({ ...app, '/tmp/outside.txt': 'no' }),
    link: withListed(await buildPackage(app), 'evil', listed.mode, 0o120777 * 2 ** 16),
    bomb: withListed(await buildPackage(app), 'evil', listed.bytes, 0xffff_fff0),
  }
  for (const [name, bytes] of Object.entries(packages)) {
    await heddle.put(`${name}.zip`, bytes)
    const text = schema({
      domains: { Cells: { ...Cells, package: `s3://${heddle.bucket}/${name}.zip` } },
    })
    const [error] = await (await heddle.beginSimulation(`zip-${name}`, text)).fails()
    assert.equal(error.errorType, 'PackageInvalid', error.errorMessage)
  }
  await steady.ticksOn()
  await isServing()
})

/** Offsets of an entry's fields in the zip's directory, from the start of its record. */
const listed = { bytes: 24, mode: 38, name: 46 }

/** Returns the zip with another number in that entry's directory record. */
function withListed(zip: Uint8Array, entry: string, offset: number, value: number): Buffer {
  const bytes = Buffer.from(zip)
  for (let at = bytes.indexOf('PK\x01\x02'); at !== -1; at = bytes.indexOf('PK\x01\x02', at + 1)) {
    if (bytes.toString('latin1', at + listed.name, at + listed.name + entry.length) !== entry)
      continue
    bytes.writeUInt32LE(value, at + offset)
    return bytes
  }
  throw new Error(`the zip has no entry ${entry}`)
}
