// GetCallerIdentity with the clients of users, through the served port.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import STS from 'aws-sdk/clients/sts.js'
import pino from 'pino'
import { after, before } from '../../base/testing/hooks.ts'
import type { AuditEvent } from '../../core/audit/audit-event.ts'
import { addKey, addUser, sessionKey } from '../access/edit-access.ts'
import { makeSession } from '../access/sessions.ts'
import { resolveConfig } from '../config.ts'
import { type ServedControl, serveControl } from '../server.ts'

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1'

const ACCOUNT = '444455556666'
const AWS = '/usr/bin/aws'
const PYTHON = '/usr/bin/python3'
const run = promisify(execFile)
let folder = ''
let served: ServedControl

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'heddle-sts-'))
  const options = {
    data: join(folder, 'data'),
    fabricDir: join(folder, 'fabric'),
    port: '0',
    account: ACCOUNT,
  }
  served = await serveControl(resolveConfig(options, {}), {
    log: pino({ level: 'silent' }),
    environment: {},
  })
})
after(async () => {
  await served.close()
  await rm(folder, { recursive: true, force: true })
})

interface Keys {
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string
}

function sts(credentials: Keys): STS {
  return new STS({ endpoint: served.url, region: 'us-west-2', credentials, maxRetries: 0 })
}

async function identityOf(credentials: Keys) {
  const { Account, Arn, UserId } = await sts(credentials).getCallerIdentity().promise()
  return { Account, Arn, UserId }
}

/** The environment for clients that are separate programs. */
function environmentOf({ accessKeyId, secretAccessKey }: Keys) {
  return {
    PATH: '/usr/bin:/bin',
    HOME: folder,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_DEFAULT_REGION: 'us-west-2',
  }
}

test('the operator is the root of the account', async () => {
  assert.deepEqual(await identityOf(served.control.credentials), {
    Account: ACCOUNT,
    Arn: `arn:aws:iam::${ACCOUNT}:root`,
    UserId: ACCOUNT,
  })
})

test('a user without any leave is told who it is, the same with each of its keys', async () => {
  const { access } = served.control.data
  const first = addUser(access, 'alice', [
    { Version: '2012-10-17', Statement: [{ Effect: 'Deny', Action: '*', Resource: '*' }] },
  ])
  const identity = await identityOf(first)
  assert.equal(identity.Arn, `arn:aws:iam::${ACCOUNT}:user/alice`)
  assert.equal(identity.Account, ACCOUNT)
  assert.match(identity.UserId ?? '', /^AIDA[A-Z0-9]{17}$/)
  assert.deepEqual(await identityOf(addKey(access, 'alice')), identity)
  const request = { userName: 'alice', nowMs: Date.now(), durationMs: 60_000 }
  assert.deepEqual(await identityOf(makeSession(sessionKey(access), request)), identity)
  assert.notEqual((await identityOf(addUser(access, 'bob', []))).UserId, identity.UserId)
})

test('what is refused is refused under the names of STS', async () => {
  const { accessKeyId, secretAccessKey } = served.control.credentials
  const refused = (asked: Promise<unknown>, code: string, statusCode: number) =>
    assert.rejects(asked, { code, statusCode })
  await refused(
    identityOf({ accessKeyId: 'AKIANOBODY', secretAccessKey }),
    'InvalidClientTokenId',
    403,
  )
  await refused(identityOf({ accessKeyId, secretAccessKey: 'wrong' }), 'SignatureDoesNotMatch', 403)
  await refused(
    sts({ accessKeyId, secretAccessKey }).getSessionToken().promise(),
    'InvalidAction',
    400,
  )
  await assert.rejects(
    sts({ accessKeyId, secretAccessKey }).getSessionToken().promise(),
    /GetSessionToken.*heddle access/,
  )
  // A body that is longer than the one action needs is not parsed.
  const long = sts({ accessKeyId, secretAccessKey }).getFederationToken({
    Name: 'ann',
    Policy: '&'.repeat(5000),
  })
  await assert.rejects(long.promise(), { code: 'InvalidAction', message: /names no Action/ })
})

test('a signed address works as a signed body does', async () => {
  const presigned = await new Promise<string>((resolve, reject) => {
    const request = sts(served.control.credentials).getCallerIdentity() as unknown as {
      presign(expires: number, done: (error: Error | null, url: string) => void): void
    }
    request.presign(60, (error, signed) => (error ? reject(error) : resolve(signed)))
  })
  const answer = await fetch(presigned)
  assert.equal(answer.status, 200)
  assert.match(await answer.text(), new RegExp(`<Account>${ACCOUNT}</Account>`))
})

test('a call leaves its record', async () => {
  await identityOf(served.control.credentials)
  const { audit } = served.control.data
  const files = readdirSync(audit).filter((name) => name.endsWith('.jsonl'))
  const lines = files.flatMap((name) => readFileSync(join(audit, name), 'utf8').trim().split('\n'))
  const event = JSON.parse(lines.at(-1) ?? '') as AuditEvent
  assert.equal(event.eventSource, 'sts.amazonaws.com')
  assert.equal(event.eventName, 'GetCallerIdentity')
  assert.equal(event.userIdentity.type, 'Root')
  assert.equal(event.eventCategory, 'Management')
  assert.equal(event.readOnly, true)
})

test('the AWS CLI makes the name of a bucket from it', {
  skip: !existsSync(AWS) && 'awscli is not installed',
}, async () => {
  const words = [
    '--endpoint-url',
    served.url,
    'sts',
    'get-caller-identity',
    '--query',
    'Account',
    '--output',
    'text',
  ]
  const { stdout } = await run(AWS, words, { env: environmentOf(served.control.credentials) })
  assert.equal(stdout, `${ACCOUNT}\n`)
})

test('boto3 reads all three members', {
  skip: !existsSync(PYTHON) && 'python3-boto3 is not installed',
}, async () => {
  const program = `import boto3, sys
sts = boto3.client("sts", endpoint_url=sys.argv[1])
i = sts.get_caller_identity()
print(i["Account"], i["Arn"], i["UserId"])`
  const { stdout } = await run(PYTHON, ['-c', program, served.url], {
    env: environmentOf(served.control.credentials),
  })
  assert.equal(stdout, `${ACCOUNT} arn:aws:iam::${ACCOUNT}:root ${ACCOUNT}\n`)
})
