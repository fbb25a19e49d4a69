import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { after, before } from '../base/testing/hooks.ts'
import { type AuditedCall, auditEvent } from '../core/audit/audit-event.ts'
import { AuditFiles } from '../io/audit/audit-files.ts'

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url))
const execute = promisify(execFile)
let folder = ''

const call: AuditedCall = {
  service: 'simspaceweaver',
  operation: 'DescribeSimulation',
  readOnly: true,
  timeMs: Date.UTC(2026, 0, 1),
  requestId: 'r',
  eventId: 'e',
  region: 'us-west-2',
  accountId: '111122223333',
  sourceAddress: '127.0.0.1',
  caller: { accessKeyId: 'AKIAALICE', arn: 'arn:aws:iam::111122223333:user/alice' },
  input: { Simulation: 'one' },
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'heddle-audit-'))
  const files = new AuditFiles({ folder: join(folder, 'audit'), fileBytesMax: 1e6, filesMax: 9 })
  const error = { code: 'ConflictException', message: 'taken\u001b[31m' }
  const { caller: _caller, ...unknown } = call
  const calls: AuditedCall[] = [
    call,
    {
      ...call,
      operation: 'StartApp',
      readOnly: false,
      input: { Simulation: 'one', Domain: 'View', Name: 'eye' },
      error,
    },
    {
      ...unknown,
      operation: 'StopClock',
      claimedAccessKeyId: 'AKIAWHO',
      timeMs: Date.UTC(2026, 0, 2),
    },
  ]
  for (const each of calls) files.append(JSON.stringify(auditEvent(each)))
  files.append('{"cut": sho')
  for (const other of ['null', '{}', '{"eventTime":"2026-01-01T00:00:00Z","userIdentity":7}'])
    files.append(other)
  await files.close()
})
after(async () => {
  await rm(folder, { recursive: true })
})

async function audit(...options: string[]): Promise<string[]> {
  const { stdout } = await execute(process.execPath, [MAIN, 'audit', '--data', folder, ...options])
  return stdout
    .trimEnd()
    .split('\n')
    .slice(options.includes('--json') ? 0 : 1)
}

test('records are shown as a table, without what would upset a terminal', async () => {
  assert.deepEqual(
    (await audit()).map((line) => line.split(/ {2,}/)),
    [
      ['2026-01-01T00:00:00Z', 'alice', '127.0.0.1', 'DescribeSimulation', 'one', 'ok'],
      [
        '2026-01-01T00:00:00Z',
        'alice',
        '127.0.0.1',
        'StartApp',
        'one/View/eye',
        'ConflictException: taken?[31m',
      ],
      ['2026-01-02T00:00:00Z', 'AKIAWHO', '127.0.0.1', 'StopClock', 'one', 'ok'],
    ],
  )
})

test('records are chosen by time, operation, user and outcome', async () => {
  const [since, operation, user, errors, none] = await Promise.all([
    audit('--since', '2026-01-02', '--json'),
    audit('--operation', 'startapp', '--json'),
    audit('--user', 'alice', '--json'),
    audit('--errors', '--user', 'AKIAALICE', '--json'),
    audit('--since', '1h', '--json'),
  ])
  const names = (lines: string[]) =>
    lines.map((line) => (JSON.parse(line) as { eventName: string }).eventName)
  assert.deepEqual(names(since), ['StopClock'])
  assert.deepEqual(names(operation), ['StartApp'])
  assert.deepEqual(names(user), ['DescribeSimulation', 'StartApp'])
  assert.deepEqual(names(errors), ['StartApp'])
  assert.deepEqual(none, [''])
})
