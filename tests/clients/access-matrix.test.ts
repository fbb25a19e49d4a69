// Tests a matrix of policies and calls through AWS's own clients: each user may do what IAM's
// documentation says.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { CreateBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { after, before } from '../../src/base/testing/hooks.ts'
import { addUser } from '../../src/control/access/edit-access.ts'
import { dataFolder } from '../../src/control/data-folder.ts'
import { storeEnded } from '../support/ended.ts'
import { type Credentials, type Heddle, startHeddle } from '../support/heddle.ts'
import { BUCKET, calls, users } from './access-matrix.ts'
import { absent, run, userEnvironment } from './walk.ts'

const PYTHON = '/usr/bin/python3'
const CLI = '/usr/bin/aws'

type Keys = Credentials & { sessionToken?: string }

let heddle: Heddle
let home: string
let env: Record<string, string>
const keys: Record<string, Keys> = {}

before(async () => {
  home = await mkdtemp(join(tmpdir(), 'heddle-matrix-'))
  heddle = await startHeddle()
  await heddle.interrupt()
  const data = dataFolder(heddle.data)
  await storeEnded(
    data.store,
    ['red', 'blue'].map((name) => ({ name, tags: { team: name } })),
  )
  for (const [name, { policies }] of Object.entries(users))
    keys[name] = addUser(data.access, name, policies)
  await heddle.up()
  env = await userEnvironment(heddle, home)
  await heddle.s3.send(new CreateBucketCommand({ Bucket: BUCKET }))
  for (const Key of ['red/a', 'blue/a']) {
    await heddle.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: Key }))
  }
  for (const [name, { sessionPolicy }] of Object.entries(users)) {
    if (sessionPolicy !== undefined) keys[name] = await session(name, sessionPolicy)
  }
})
after(async () => {
  await heddle?.stop()
  await rm(home, { recursive: true, force: true })
})

async function session(user: string, policy: object): Promise<Keys> {
  const file = join(home, 'session-policy.json')
  await writeFile(file, JSON.stringify(policy))
  const made = await heddle.command(
    'access',
    'session',
    '--user',
    user,
    '--policy',
    file,
    '--data',
    heddle.data,
    '--json',
  )
  const { AccessKeyId, SecretAccessKey, SessionToken } = JSON.parse(made)
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken }
}

function isDenied(code: string): boolean {
  // An answer to HEAD has no body for a code.
  return ['AccessDenied', 'AccessDeniedException', '403'].includes(code)
}

test('boto3 is allowed and denied as IAM documents it, call by call', {
  skip: absent(PYTHON),
}, async (context) => {
  if ((await run(PYTHON, ['-c', 'import boto3'], { env }).catch(() => undefined)) === undefined) {
    return context.skip('boto3 is not on this machine')
  }
  const child = spawn(PYTHON, [join(import.meta.dirname, 'access-matrix.py')], {
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  child.stdin.end(JSON.stringify({ endpoint: heddle.endpoint, users: keys, calls }))
  const outcomes = JSON.parse(await text(child.stdout)) as Record<string, Record<string, string>>
  const wrong = Object.entries(users).flatMap(([user, { may }]) =>
    Object.entries(outcomes[user]!)
      .filter(([call, code]) => isDenied(code) === may.includes(call))
      .map(
        ([call, code]) =>
          `${user}: ${call} is ${code}, ` +
          `and should be ${may.includes(call) ? 'let through' : 'denied'}`,
      ),
  )
  assert.deepEqual(wrong, [])
  // Each call succeeds for a user with all permissions, so a failure can only be a denial.
  const good = [
    'ok',
    'ConflictException',
    'ResourceNotFoundException',
    'BucketAlreadyOwnedByYou',
    'BucketNotEmpty',
  ]
  for (const [call, code] of Object.entries(outcomes.administrator!))
    assert.ok(good.includes(code), `${call}: ${code}`)
})

test('the AWS CLI is allowed and denied by the same policies', {
  skip: absent(CLI),
}, async () => {
  const attempts: [user: string, verdict: 'ok' | 'denied', ...words: string[]][] = [
    ['team-red', 'ok', 'simspaceweaver', 'describe-simulation', '--simulation', 'red'],
    ['team-red', 'denied', 'simspaceweaver', 'describe-simulation', '--simulation', 'blue'],
    ['not-action', 'denied', 'simspaceweaver', 'list-simulations'],
    [
      'notes-on-own-team',
      'ok',
      'simspaceweaver',
      'tag-resource',
      '--resource-arn',
      arnOf('red'),
      '--tags',
      'note=y',
    ],
    [
      'notes-on-own-team',
      'denied',
      'simspaceweaver',
      'tag-resource',
      '--resource-arn',
      arnOf('red'),
      '--tags',
      'note=z',
    ],
    ['narrowed-session', 'ok', 's3', 'cp', `s3://${BUCKET}/red/a`, '-'],
    ['narrowed-session', 'denied', 's3', 'ls', `s3://${BUCKET}/red/`],
    ['red', 'ok', 's3', 'ls', `s3://${BUCKET}/red/`],
    ['red', 'denied', 's3', 'cp', `s3://${BUCKET}/blue/a`, '-'],
    ['copies-what-it-may-read', 'ok', 's3api', 'copy-object', ...copyOf('blue/a', 'red/by-cli')],
    ['copies-nothing', 'denied', 's3api', 'copy-object', ...copyOf('blue/a', 'red/by-cli')],
    ['without-policy', 'denied', 's3', 'ls'],
  ]
  const found = await Promise.all(attempts.map(async ([user, , ...words]) => verdict(user, words)))
  assert.deepEqual(
    found.map((verdict, index) => [verdict, ...attempts[index]!.toSpliced(1, 1)]),
    attempts.map(([user, verdict, ...words]) => [verdict, user, ...words]),
  )
})

async function verdict(user: string, words: string[]): Promise<string> {
  const { accessKeyId, secretAccessKey, sessionToken } = keys[user]!
  const { AWS_SHARED_CREDENTIALS_FILE: _, ...rest } = env
  const own = {
    ...rest,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_MAX_ATTEMPTS: '1',
    ...(sessionToken !== undefined && { AWS_SESSION_TOKEN: sessionToken }),
  }
  return run(CLI, ['--endpoint-url', heddle.endpoint, ...words], { env: own }).then(
    () => 'ok',
    ({ stderr }: { stderr: string }) => (/AccessDenied|403/.test(stderr) ? 'denied' : stderr),
  )
}

function arnOf(name: string): string {
  return `arn:aws:simspaceweaver:us-west-2:111122223333:simulation/${name}`
}

function copyOf(source: string, key: string): string[] {
  return ['--bucket', BUCKET, '--key', key, '--copy-source', `${BUCKET}/${source}`]
}
