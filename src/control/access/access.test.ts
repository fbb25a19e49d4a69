// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policies hold such text
// Keys and policies against real clients, through the served port.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import {
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import S3 from 'aws-sdk/clients/s3.js'
import SimSpaceWeaver from 'aws-sdk/clients/simspaceweaver.js'
import pino from 'pino'
import { after, before } from '../../base/testing/hooks.ts'
import { killProcesses } from '../../io/launch/processes.ts'
import { ConfigError, resolveConfig } from '../config.ts'
import type { Credentials } from '../credentials.ts'
import { type ServedControl, serveControl } from '../server.ts'
import { SCRIPTED_WORKER, startInput, waitFor } from '../testing/control-fixture.ts'
import { addKey, addUser, removeKey, removeUser, sessionKey } from './edit-access.ts'
import { makeSession } from './sessions.ts'

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1'

const ARN = 'arn:aws:simspaceweaver:us-west-2:111122223333:simulation'
const run = promisify(execFile)
const log: Record<string, unknown>[] = []
const executionIds: string[] = []
const clients: S3Client[] = []
let folder = ''
let served: ServedControl
let access = ''

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'heddle-access-'))
  served = await serveIn(join(folder, 'data'))
  access = served.control.data.access
})
after(async () => {
  for (const client of clients) client.destroy()
  await served.close()
  for (const executionId of executionIds) await killProcesses(executionId)
  await rm(folder, { recursive: true, force: true })
})

function serveIn(data: string, options: Record<string, string> = {}): Promise<ServedControl> {
  const config = resolveConfig(
    { data, fabricDir: join(folder, 'fabric'), port: '0', ...options },
    {},
  )
  const lines = pino({ level: 'debug' }, { write: (line: string) => log.push(JSON.parse(line)) })
  return serveControl(config, { log: lines, environment: {}, workerProgram: SCRIPTED_WORKER })
}

type Keys = Credentials & { sessionToken?: string }

function weaver(credentials: Keys): SimSpaceWeaver {
  return new SimSpaceWeaver({
    endpoint: served.url,
    region: 'us-west-2',
    credentials,
    maxRetries: 0,
  })
}

function s3(credentials: Keys, endpoint = served.url): S3Client {
  const client = new S3Client({
    endpoint,
    region: 'us-west-2',
    credentials,
    forcePathStyle: true,
    maxAttempts: 1,
  })
  clients.push(client)
  return client
}

const operator = () => served.control.credentials

interface Failure {
  code?: string
  name?: string
  message: string
}

async function outcome(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'ok',
    (error: Failure) => error.code ?? error.name ?? 'Error',
  )
}

function user(name: string, ...statements: Record<string, unknown>[]): Keys {
  const Statement = statements.map((statement) => ({
    Effect: 'Allow',
    Resource: '*',
    ...statement,
  }))
  return addUser(access, name, [{ Version: '2012-10-17', Statement }])
}

async function start(name: string, tags: Record<string, string> = {}): Promise<void> {
  const { ExecutionId } = await weaver(operator())
    .startSimulation({ ...startInput(name), Tags: tags } as SimSpaceWeaver.StartSimulationInput)
    .promise()
  executionIds.push(ExecutionId!)
  await waitFor(`${name} to be STARTED`, async () => {
    const { Status } = await weaver(operator()).describeSimulation({ Simulation: name }).promise()
    return Status === 'STARTED' ? true : undefined
  })
}

test('each user may do what its policies say, on what they say, and nothing else', async () => {
  await start('red-world', { team: 'red' })
  await start('blue-world', { team: 'blue' })
  const reader = user('reader', { Action: ['simspaceweaver:Describe*', 'simspaceweaver:List*'] })
  const red = user('red', {
    Action: 'simspaceweaver:*',
    Condition: { StringEquals: { 'aws:ResourceTag/team': 'red' } },
  })
  const blue = user('blue', { Action: 'simspaceweaver:*', Resource: `${ARN}/blue-*` })
  const careful = user(
    'careful',
    { Action: '*' },
    { Effect: 'Deny', Action: 'simspaceweaver:Stop*' },
  )
  const nobody = addUser(access, 'nobody', [])

  const app = { Domain: 'view', App: 'one' }
  const calls: [string, (client: SimSpaceWeaver, Simulation: string) => Promise<unknown>][] = [
    ['describe', (client, Simulation) => client.describeSimulation({ Simulation }).promise()],
    ['list', (client) => client.listSimulations({}).promise()],
    ['apps', (client, Simulation) => client.listApps({ Simulation }).promise()],
    ['start clock', (client, Simulation) => client.startClock({ Simulation }).promise()],
    ['stop clock', (client, Simulation) => client.stopClock({ Simulation }).promise()],
    ['app', (client, Simulation) => client.describeApp({ ...app, Simulation }).promise()],
    [
      'tags',
      (client, name) => client.listTagsForResource({ ResourceArn: `${ARN}/${name}` }).promise(),
    ],
    [
      'tag',
      (client, name) =>
        client.tagResource({ ResourceArn: `${ARN}/${name}`, Tags: { a: 'b' } }).promise(),
    ],
    [
      'untag',
      (client, name) =>
        client.untagResource({ ResourceArn: `${ARN}/${name}`, TagKeys: ['a'] }).promise(),
    ],
  ]
  const allowedTo = async (keys: Keys, simulation: string) => {
    const allowed: string[] = []
    for (const [name, call] of calls) {
      const code = await outcome(call(weaver(keys), simulation))
      if (code === 'ok' || code === 'ResourceNotFoundException') allowed.push(name)
      else assert.equal(code, 'AccessDeniedException', `${name} ${simulation}`)
    }
    return allowed
  }
  const all = calls.map(([name]) => name)
  const perSimulation = all.filter((name) => name !== 'list')
  assert.deepEqual(await allowedTo(operator(), 'red-world'), all)
  assert.deepEqual(await allowedTo(reader, 'red-world'), [
    'describe',
    'list',
    'apps',
    'app',
    'tags',
  ])
  assert.deepEqual(await allowedTo(red, 'red-world'), perSimulation)
  assert.deepEqual(await allowedTo(red, 'blue-world'), [])
  assert.deepEqual(await allowedTo(blue, 'blue-world'), perSimulation)
  assert.deepEqual(await allowedTo(blue, 'red-world'), [])
  assert.deepEqual(
    await allowedTo(careful, 'red-world'),
    all.filter((name) => name !== 'stop clock'),
  )
  assert.deepEqual(await allowedTo(nobody, 'red-world'), [])
})

test('a denial names user, action and resource, and does not reveal what exists', async () => {
  const keys = user('outsider', { Action: 's3:*' })
  for (const name of ['red-world', 'no-world']) {
    const denied: Failure = await weaver(keys)
      .stopSimulation({ Simulation: name })
      .promise()
      .then(
        () => assert.fail('allowed'),
        (error) => error,
      )
    assert.equal(
      denied.message,
      `User: arn:aws:iam::111122223333:user/outsider is not authorized to perform: ` +
        'simspaceweaver:StopSimulation on ' +
        `resource: ${ARN}/${name} because no identity-based policy allows the ` +
        'simspaceweaver:StopSimulation action',
    )
  }
})

test('what a request tags can be a condition', async () => {
  const keys = user('tagger', {
    Action: ['simspaceweaver:StartSimulation', 'simspaceweaver:TagResource'],
    Condition: {
      StringEquals: { 'aws:RequestTag/team': 'red' },
      'ForAllValues:StringEquals': { 'aws:TagKeys': ['team', 'cost'] },
    },
  })
  const tag = (Tags: Record<string, string>) =>
    outcome(
      weaver(keys)
        .tagResource({ ResourceArn: `${ARN}/red-world`, Tags })
        .promise(),
    )
  assert.equal(await tag({ team: 'red', cost: '1' }), 'ok')
  assert.equal(await tag({ team: 'blue' }), 'AccessDeniedException')
  assert.equal(await tag({ team: 'red', other: '1' }), 'AccessDeniedException')
  const input = startInput('tagged') as SimSpaceWeaver.StartSimulationInput
  assert.equal(
    await outcome(
      weaver(keys)
        .startSimulation({ ...input, Tags: { team: 'blue' } })
        .promise(),
    ),
    'AccessDeniedException',
  )
  assert.equal(
    await outcome(weaver(operator()).describeSimulation({ Simulation: 'tagged' }).promise()),
    'ResourceNotFoundException',
  )
})

test('buckets and keys are guarded under the names of S3', async () => {
  const Bucket = 'guarded'
  const root = s3(operator())
  await root.send(new CreateBucketCommand({ Bucket }))
  const put = (client: S3Client, Key: string) =>
    outcome(client.send(new PutObjectCommand({ Bucket, Key, Body: 'x' })))
  const get = (client: S3Client, Key: string) =>
    outcome(client.send(new GetObjectCommand({ Bucket, Key })))
  assert.equal(await put(root, 'ann/a'), 'ok')
  assert.equal(await put(root, 'bob/b'), 'ok')
  const home = s3(
    user(
      'ann',
      {
        Action: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'],
        Resource: 'arn:aws:s3:::guarded/${aws:username}/*',
      },
      {
        Action: 's3:ListBucket',
        Resource: 'arn:aws:s3:::guarded',
        Condition: { StringLike: { 's3:prefix': 'ann/*' } },
      },
    ),
  )
  assert.equal(await get(home, 'ann/a'), 'ok')
  assert.equal(await get(home, 'bob/b'), 'AccessDenied')
  assert.equal(await get(home, 'bob/none'), 'AccessDenied')
  assert.equal(
    await get(home, 'ann/none'),
    'AccessDenied',
    'who may not list all learns nothing of what is missing',
  )
  assert.equal(await put(home, 'ann/new'), 'ok')
  assert.equal(await put(home, 'bob/new'), 'AccessDenied')
  const list = (Prefix: string) => outcome(home.send(new ListObjectsV2Command({ Bucket, Prefix })))
  assert.equal(await list('ann/'), 'ok')
  assert.equal(await list('bob/'), 'AccessDenied')
  assert.equal(await outcome(home.send(new ListBucketsCommand())), 'AccessDenied')
  assert.equal(
    await outcome(home.send(new CreateBucketCommand({ Bucket: 'another' }))),
    'AccessDenied',
  )
  assert.equal(await outcome(home.send(new HeadBucketCommand({ Bucket: 'no-such' }))), 'Unknown')
  const copy = (CopySource: string) =>
    outcome(home.send(new CopyObjectCommand({ Bucket, Key: 'ann/copy', CopySource })))
  assert.equal(await copy('guarded/ann/a'), 'ok')
  assert.equal(await copy('guarded/bob/b'), 'AccessDenied')
  assert.equal(await copy('guarded%2Fann%2Fa'), 'ok')
  for (const source of ['guarded%2Fbob%2Fb', '%2fguarded/bob%2Fb', 'guarded/%62ob/b']) {
    assert.equal(await copy(source), 'AccessDenied', source)
  }
  const { UploadId } = await home.send(
    new CreateMultipartUploadCommand({ Bucket, Key: 'ann/parts' }),
  )
  const part = { Bucket, Key: 'ann/parts', UploadId, PartNumber: 1 }
  assert.equal(await outcome(home.send(new UploadPartCommand({ ...part, Body: 'x' }))), 'ok')
  assert.equal(await outcome(home.send(new ListPartsCommand(part))), 'AccessDenied')
  const Objects = [{ Key: 'ann/new' }, { Key: 'bob/b' }]
  const deleted = await home.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }))
  assert.deepEqual(
    deleted.Deleted?.map(({ Key }) => Key),
    ['ann/new'],
  )
  assert.deepEqual(
    deleted.Errors?.map(({ Key, Code }) => [Key, Code]),
    [['bob/b', 'AccessDenied']],
  )
  assert.equal(await get(root, 'bob/b'), 'ok')
  assert.equal(await get(root, 'bob/none'), 'NoSuchKey')
  // Comparing an ETag reveals what is there.
  await root.send(new PutObjectCommand({ Bucket, Key: 'drop/x', Body: 'x' }))
  const dropper = s3(
    user('dropper', {
      Action: ['s3:PutObject', 's3:DeleteObject'],
      Resource: 'arn:aws:s3:::guarded/drop/*',
    }),
  )
  const drop = { Bucket, Key: 'drop/x', Body: 'y' }
  assert.equal(
    await outcome(dropper.send(new PutObjectCommand({ ...drop, IfMatch: '"0"' }))),
    'AccessDenied',
  )
  assert.equal(
    await outcome(dropper.send(new PutObjectCommand({ ...drop, IfNoneMatch: '*' }))),
    'PreconditionFailed',
  )
  const compared = [{ Key: 'drop/x', ETag: '"0"' }]
  const { Errors } = await dropper.send(
    new DeleteObjectsCommand({ Bucket, Delete: { Objects: compared } }),
  )
  assert.equal(Errors?.[0]?.Code, 'AccessDenied')
  assert.equal(await outcome(dropper.send(new PutObjectCommand(drop))), 'ok')
})

test('who may delete nothing of a bucket is denied before the body is read', async () => {
  const allow = { Action: 's3:*' }
  const users = [
    user('deletes-nothing', { Action: 'simspaceweaver:*' }),
    user('deletes-denied', allow, { Effect: 'Deny', Action: '*' }),
    user('deletes-elsewhere', { Action: 's3:DeleteObject', Resource: 'arn:aws:s3:::other/*' }),
  ]
  // The body is not XML: a caller who passes the check of its permissions is told so.
  const call = (credentials: Credentials) =>
    outcome(s3(credentials).send(new DeleteObjectsCommand(broken)))
  const broken = { Bucket: 'guarded', Delete: { Objects: [] } }
  for (const credentials of users) assert.equal(await call(credentials), 'AccessDenied')
  assert.equal(
    await call(
      user('deletes-some', { Action: 's3:DeleteObject', Resource: 'arn:aws:s3:::guarded/a/b' }),
    ),
    'MalformedXML',
  )
})

test('temporary keys need their token, are narrowed by their policy, and end', async () => {
  user('temporary', { Action: ['simspaceweaver:*', 's3:*'] })
  const make = (sinceMs: number, policy?: object) =>
    makeSession(sessionKey(access), {
      userName: 'temporary',
      nowMs: Date.now() - sinceMs,
      durationMs: 900_000,
      ...(policy && { policy }),
    })
  const list = (keys: Keys) => outcome(weaver(keys).listSimulations({}).promise())
  const buckets = (keys: Keys) => outcome(s3(keys).send(new ListBucketsCommand()))
  const good = make(0)
  assert.equal(await list(good), 'ok')
  assert.equal(await buckets(good), 'ok')
  await s3(operator()).send(new CreateBucketCommand({ Bucket: 'presigned' }))
  const v2 = new S3({
    endpoint: served.url,
    region: 'us-west-2',
    s3ForcePathStyle: true,
    signatureVersion: 'v4',
    ...good,
  })
  const url = v2.getSignedUrl('listObjectsV2', { Bucket: 'presigned' })
  assert.match(url, /X-Amz-Security-Token=/)
  assert.equal((await fetch(url)).status, 200)
  assert.equal((await fetch(url.replace(/X-Amz-Security-Token=[^&]+&?/, ''))).status, 403)
  const ofVersion2 = new S3({
    endpoint: served.url,
    region: 'us-west-2',
    s3ForcePathStyle: true,
    ...good,
  })
  const url2 = ofVersion2.getSignedUrl('listObjectsV2', { Bucket: 'presigned' })
  assert.match(url2, /AWSAccessKeyId=.*x-amz-security-token=/)
  assert.equal((await fetch(url2)).status, 200)
  assert.equal((await fetch(url2.replace(/x-amz-security-token=[^&]+&?/, ''))).status, 403)
  const { accessKeyId, secretAccessKey } = good
  assert.equal(await list({ accessKeyId, secretAccessKey }), 'UnrecognizedClientException')
  assert.equal(
    await list({ ...good, sessionToken: make(0).sessionToken }),
    'UnrecognizedClientException',
  )
  assert.equal(
    await list({ ...good, sessionToken: `${good.sessionToken}x` }),
    'UnrecognizedClientException',
  )
  assert.equal(
    await list({ ...good, secretAccessKey: 'another secret' }),
    'InvalidSignatureException',
  )
  assert.equal(
    await list({ ...operator(), sessionToken: good.sessionToken }),
    'UnrecognizedClientException',
  )
  const expired = make(901_000)
  assert.equal(await list(expired), 'ExpiredTokenException')
  assert.equal(await buckets(expired), 'ExpiredToken')
  const Statement = { Effect: 'Allow', Action: ['simspaceweaver:List*', 'iam:*'], Resource: '*' }
  const narrow = make(0, { Version: '2012-10-17', Statement })
  assert.equal(await list(narrow), 'ok')
  assert.equal(await buckets(narrow), 'AccessDenied')
  removeUser(access, 'temporary')
  await waitFor('the session to end with its user', async () =>
    (await list(good)) === 'UnrecognizedClientException' ? true : undefined,
  )
})

test('a new key works at once, and a removed one soon no more', async () => {
  const first = user('rotating', { Action: '*' })
  const list = (keys: Keys) => outcome(weaver(keys).listSimulations({}).promise())
  const second = addKey(access, 'rotating')
  assert.equal(await list(first), 'ok')
  assert.equal(await list(second), 'ok')
  assert.throws(() => addKey(access, 'rotating'), /2 keys/)
  removeKey(access, 'rotating', first.accessKeyId)
  await waitFor('the key to be refused', async () =>
    (await list(first)) === 'UnrecognizedClientException' ? true : undefined,
  )
  assert.equal(await list(second), 'ok')
  const file = join(access, 'rotating.yaml')
  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.match(readFileSync(file, 'utf8'), /^# What rotating may do/)
})

test('a broken file keeps its last good state, and the log says where', async () => {
  const keys = user('edited', { Action: 'simspaceweaver:ListSimulations' })
  const list = () => outcome(weaver(keys).listSimulations({}).promise())
  assert.equal(await list(), 'ok')
  const file = join(access, 'edited.yaml')
  const text = readFileSync(file, 'utf8')
  writeFileSync(file, text.replace('Effect: Allow', 'Effect: Perhaps'))
  const line = text.split('\n').findIndex((each) => each.includes('Effect')) + 1
  const said = await waitFor('the fault in the log', async () => {
    await list()
    return log.find((each) => each.file === 'edited.yaml')
  })
  assert.equal(said.line, line)
  assert.match(String(said.reason), /Effect must be Allow or Deny/)
  assert.equal(await list(), 'ok')
  writeFileSync(file, text.replace('ListSimulations', 'DescribeApp'))
  await waitFor('the mended file to be in force', async () =>
    (await list()) === 'AccessDeniedException' ? true : undefined,
  )
  writeFileSync(file, `${text}\n  broken: [`)
  await waitFor('the second fault', () =>
    list().then(() => log.filter((each) => each.file === 'edited.yaml')[1]),
  )
  assert.ok(!JSON.stringify(log).includes(keys.secretAccessKey))
  rmSync(file)
})

test('a broken file at the start is an error that names file and line', async () => {
  const data = join(folder, 'broken')
  const first = await serveIn(data)
  await first.close()
  writeFileSync(
    join(data, 'access', 'ann.json'),
    '{\n"keys": [],\n"policies": [{"Statement": []}],\n"more": 1}',
  )
  await assert.rejects(
    serveIn(data),
    (error) => error instanceof ConfigError && /ann\.json:4: /.test(error.message),
  )
})

test('other machines need TLS or a flag, and policies see whether TLS was used', async () => {
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1']
  await run('openssl', [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '2',
    '-keyout',
    key,
    '-out',
    cert,
    ...subject,
  ])
  const data = join(folder, 'tls')
  await assert.rejects(serveIn(data, { host: '0.0.0.0' }), /--tls-cert .*--insecure-http/)
  await assert.rejects(
    serveIn(data, { tlsCert: key, tlsKey: key }),
    /--tls-cert and --tls-key can't be used/,
  )
  await (await serveIn(data, { host: '0.0.0.0', insecureHttp: '1' })).close()
  const secure = await serveIn(data, { host: '0.0.0.0', tlsCert: cert, tlsKey: key })
  try {
    assert.match(secure.url, /^https:/)
    const Condition = {
      Bool: { 'aws:SecureTransport': 'true' },
      IpAddress: { 'aws:SourceIp': '127.0.0.0/8' },
    }
    const Statement = { Effect: 'Allow', Action: 's3:*', Resource: '*', Condition }
    const keys = addUser(secure.control.data.access, 'secure', [
      { Version: '2012-10-17', Statement },
    ])
    const script = `
      const { S3Client, ListBucketsCommand } = await import('@aws-sdk/client-s3')
      const settings = { ...JSON.parse(process.argv[1]), region: 'us-west-2', forcePathStyle: true }
      const client = new S3Client(settings)
      process.stdout.write(String((await client.send(new ListBucketsCommand())).Buckets.length))`
    const settings = JSON.stringify({ endpoint: secure.url, credentials: keys })
    const { stdout } = await run(
      process.execPath,
      ['--input-type=module', '-e', script, settings],
      {
        env: { ...process.env, NODE_EXTRA_CA_CERTS: cert },
      },
    )
    assert.equal(stdout, '0')
  } finally {
    await secure.close()
  }
})
