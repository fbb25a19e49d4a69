import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { after, before } from '../base/testing/hooks.ts'
import { AccessFolder } from '../control/access/access-folder.ts'
import { readSession } from '../control/access/sessions.ts'
import { parseCredentials } from '../control/credentials.ts'

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url))
const POLICY = {
  Version: '2012-10-17',
  Statement: [
    { Sid: 'OwnTeam', Effect: 'Allow', Action: 'simspaceweaver:*', Resource: '*',
      Condition: { StringEquals: { 'aws:ResourceTag/team': 'red' } } },
    { Effect: 'Deny', Action: 'simspaceweaver:Delete*', Resource: '*' },
  ],
} // biome-ignore format: one statement a line

let folder = ''
let policy = ''

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'heddle-cli-access-'))
  policy = join(folder, 'policy.json')
  writeFileSync(policy, JSON.stringify(POLICY))
})
after(() => rm(folder, { recursive: true, force: true }))

async function access(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const env = { PATH: process.env.PATH, HOME: folder, HEDDLE_DATA: folder }
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, 'access', ...args], { env }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err })
    })
  })
}

test('a user gets a key that is listed without its secret, in a private file', async () => {
  const { out, code } = await access('user', 'add', 'ann', '--policy', policy)
  assert.equal(code, 0)
  const { accessKeyId, secretAccessKey } = parseCredentials(out, 'the output')
  const list = await access('user', 'ls')
  assert.equal(list.out, `ann  ${accessKeyId}  1 policy\n`)
  assert.ok(!list.out.includes(secretAccessKey))
  assert.equal(statSync(join(folder, 'access', 'ann.yaml')).mode & 0o777, 0o600)
  const again = await access('user', 'add', 'ann')
  assert.equal(again.code, 1)
  assert.match(again.err, /there is a user ann already/)
  const odd = await access('user', 'add', '../eve')
  assert.match(odd.err, /can't be a user's name/)
})

test('a decision is explained by the statement that makes it, with its place', async () => {
  const file = join(folder, 'access', 'ann.yaml')
  const lines = readFileSync(file, 'utf8').split('\n')
  const ask = (action: string, ...more: string[]) =>
    access('check', '--user', 'ann', '--action', action, ...more)
  const start = 'simspaceweaver:StartClock'
  const allowed = await ask(start, '--tag', 'team=red')
  assert.equal(allowed.code, 0)
  const allowLine = lines.findIndex((line) => line.includes('OwnTeam')) + 1
  assert.equal(allowed.out, `allowed: ${file}:${allowLine}, statement 1 of policy 1 (OwnTeam)\n`)
  const denied = await ask('simspaceweaver:DeleteApp', '--tag', 'team=red')
  assert.equal(denied.code, 3)
  const denyLine = lines.findIndex((line) => line.includes('Effect: Deny')) + 1
  assert.equal(denied.out, `denied: ${file}:${denyLine}, statement 2 of policy 1 (Deny)\n`)
  const unsaid = await ask(start, '--tag', 'team=blue')
  assert.equal(unsaid.out, `denied: no statement of ${file} allows it\n`)
  const narrow = await ask(start, '--tag', 'team=red', '--session-policy', policyOf('s3:*'))
  assert.equal(narrow.out, 'denied: the policy of the session does not allow it\n')
})

test('the help of a decision shows only defaults that one can type', async () => {
  const { out } = await access('check', '--help')
  assert.match(out, /--tag <key=value>/)
  assert.doesNotMatch(out, /default:\s+\{/)
})

test('a question about an action or a key that does not exist is no question', async () => {
  const ask = (action: string, ...more: string[]) =>
    access('check', '--user', 'ann', '--action', action, ...more)
  const action = await ask('simspaceweaver:StartClok')
  assert.equal(action.code, 1)
  assert.match(
    action.err,
    /no action is called 'simspaceweaver:StartClok' \(did you mean "simspaceweaver:StartClock"\?\)/,
  )
  const key = await ask('s3:ListBucket', '--context', 's3:prefx=a')
  assert.match(key.err, /there is no condition key 's3:prefx' \(did you mean "s3:prefix"\?\)/)
})

test('temporary credentials come in three forms, and last as long as asked', async () => {
  const json = await access('session', '--user', 'ann', '--duration', '15m', '--json')
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = JSON.parse(json.out)
  const key = new AccessFolder(join(folder, 'access'), () => assert.fail('a fault')).sessionKey()
  assert.ok(key)
  const session = readSession(key, AccessKeyId, SessionToken)
  assert.equal(session?.secretAccessKey, SecretAccessKey)
  assert.equal(session && session.expiresAtMs - session.issuedAtMs, 900_000)
  // Without an expiry, AWS clients never ask a credential_process for new keys.
  assert.equal(Expiration, session && new Date(session.expiresAtMs).toISOString())
  const file = await access('session', '--user', 'ann', '--policy', policyOf('s3:*'))
  assert.match(
    file.out,
    new RegExp(
      '^\\[default\\]\\naws_access_key_id = ASIA.*\\n' +
        'aws_secret_access_key = .*\\naws_session_token = .*\\n$',
    ),
  )
  const shell = await access('session', '--user', 'ann', '--export')
  assert.match(
    shell.out,
    new RegExp(
      '^export AWS_ACCESS_KEY_ID=ASIA\\w+\\nexport AWS_SECRET_ACCESS_KEY=\\S+\\n' +
        'export AWS_SESSION_TOKEN=',
    ),
  )
  assert.match(
    (await access('session', '--user', 'ann', '--duration', '37h')).err,
    /from 15m to 36h/,
  )
  assert.match((await access('session', '--user', 'bob')).err, /there is no user bob/)
})

test('keys are rotated and removed, and comments in the file stay', async () => {
  const file = join(folder, 'access', 'ann.yaml')
  writeFileSync(file, `${readFileSync(file, 'utf8')}# the end\n`)
  const second = parseCredentials((await access('key', 'rotate', 'ann')).out, 'the output')
  const first = /AKIA\w+/.exec(readFileSync(file, 'utf8'))?.[0] ?? ''
  assert.notEqual(first, second.accessKeyId)
  assert.match((await access('key', 'rotate', 'ann')).err, /--replace/)
  assert.equal((await access('key', 'rm', 'ann', first)).code, 0)
  assert.match((await access('key', 'rm', 'ann', first)).err, /has no key/)
  assert.match(readFileSync(file, 'utf8'), /# What ann may do[\s\S]*# the end\n$/)
  assert.equal((await access('user', 'rm', 'ann')).code, 0)
  assert.match((await access('user', 'ls')).out, /^no users/)
})

test('a broken policy is refused with file, line and reason, and creates no user', async () => {
  const broken = join(folder, 'broken.json')
  writeFileSync(
    broken,
    '{"Version": "2012-10-17",\n"Statement": [{"Effect": "Allow", "Resource": ' +
      '"*",\n"Action": "Get"}]}',
  )
  const refused = await access('user', 'add', 'eve', '--policy', broken)
  assert.equal(refused.code, 1)
  assert.match(refused.err, /broken\.json:3: 'Get' is no action/)
  writeFileSync(
    broken,
    JSON.stringify(
      { Version: '2012-10-17', Statement: { Effect: 'Deny', Action: 's3:Delet', Resource: '*' } },
      null,
      1,
    ),
  )
  const mistyped = await access('session', '--user', 'eve', '--policy', broken)
  assert.match(
    (await access('user', 'add', 'eve', '--policy', broken)).err,
    /broken\.json:5: no action is called 's3:Delet'/,
  )
  assert.equal(mistyped.code, 1)
  assert.match((await access('user', 'ls')).out, /^no users/)
})

function policyOf(action: string): string {
  const file = join(folder, 'narrow.json')
  const Statement = { Effect: 'Allow', Action: action, Resource: '*' }
  writeFileSync(file, JSON.stringify({ Version: '2012-10-17', Statement }))
  return file
}
