// Errors that every operation declares but no request alone can cause: a denying policy, a fault of
// the store, a quota.

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { after, before } from '../../src/base/testing/hooks.ts'
import { OPERATION_NAMES, type OperationName, operationOf } from '../../src/core/api/operations.ts'
import { type Heddle, startHeddle } from '../support/heddle.ts'
import { schema } from '../support/packages.ts'
import { waitFor } from '../support/waiting.ts'
import { type Answer, send } from './raw-client.ts'
import { ROLE, requestOf } from './requests.ts'

const small = schema({
  domains: {
    Cells: { kind: 'spatial', grid: [1, 1], command: 'idle.ts' },
    View: { kind: 'custom', command: 'idle.ts' },
  },
})
const location = { BucketName: 'test-bucket', ObjectKey: 'small.yaml' }

let heddle: Heddle

before(async () => {
  heddle = await startHeddle({ configuration: 'quotas: {simulations: 2}\n' })
  await heddle.put('small.yaml', small)
  await heddle.startSimulation('world', small)
})
after(async () => {
  await heddle?.stop()
})

function refusedWith(answer: Answer, error: string, status: number): void {
  assert.deepEqual([answer.error, answer.status], [error, status], answer.text)
}

const start = (Name: string, more: object = {}) =>
  send(heddle, {
    method: 'POST',
    path: '/startsimulation',
    body: { Name, RoleArn: ROLE, SchemaS3Location: location, ...more },
  })

/** Returns a request that succeeds but for the fault that the test adds. */
function wholeRequest(name: OperationName, simulation: string) {
  const request = requestOf(name, simulation)
  return name === 'StartSimulation'
    ? { ...request, body: { ...(request.body as object), SchemaS3Location: location } }
    : request
}

test('every operation denies a user without permission', async () => {
  const credentials = {
    accessKeyId: 'AKIADENIEDDENIED2345',
    secretAccessKey: 'a-secret-for-this-test-alone',
  }
  const user = {
    keys: [credentials],
    policies: [
      {
        Version: '2012-10-17',
        Statement: [
          { Effect: 'Allow', Action: '*', Resource: '*' },
          { Effect: 'Deny', Action: 'simspaceweaver:*', Resource: '*' },
        ],
      },
    ],
  }
  await writeFile(join(heddle.data, 'access', 'denied.json'), JSON.stringify(user), { mode: 0o600 })
  await waitFor(async () => {
    const { error } = await send(heddle, { ...requestOf('ListSimulations', ''), credentials })
    return error !== 'UnrecognizedClientException'
  }, 'the new user to be known')
  for (const name of OPERATION_NAMES) {
    const [present, absent] = await Promise.all(
      ['world', 'nobody'].map((simulation) =>
        send(heddle, { ...wholeRequest(name, simulation), credentials }),
      ),
    )
    refusedWith(present, 'AccessDeniedException', 403)
    refusedWith(absent, 'AccessDeniedException', 403)
    assert.equal(present.message.replaceAll('world', 'nobody'), absent.message)
  }
  assert.equal(
    (await heddle.weaver.describeSimulation({ Simulation: 'world' }).promise()).Status,
    'STARTED',
  )
  assert.equal((await heddle.weaver.listSimulations().promise()).Simulations?.length, 1)
})

test('every operation that declares ValidationException can throw it', async () => {
  for (const name of OPERATION_NAMES.filter((one) =>
    Object.values(operationOf(one).input).some((m) => m.required),
  )) {
    if (operationOf(name).path.includes('{')) continue
    const { method, path } = operationOf(name)
    const answer = await send(heddle, { method, path, ...(method === 'POST' && { body: {} }) })
    refusedWith(answer, 'ValidationException', 400)
    assert.match(answer.message, /must not be null/)
  }
})

test('an unreadable store is an InternalServerException without internals', async () => {
  const store = new DatabaseSync(join(heddle.data, 'heddle.db'), { timeout: 5000 })
  const pid = heddle.controlPid
  try {
    store.exec('ALTER TABLE simulations RENAME TO simulations_hidden')
    try {
      for (const name of OPERATION_NAMES) {
        const answer = await send(heddle, wholeRequest(name, 'world'))
        refusedWith(answer, 'InternalServerException', 500)
        assert.doesNotMatch(answer.text, /simulations|sql|table|\/src\//i)
      }
    } finally {
      store.exec('ALTER TABLE simulations_hidden RENAME TO simulations')
    }
  } finally {
    store.close()
  }
  assert.equal(
    (await heddle.weaver.describeSimulation({ Simulation: 'world' }).promise()).Status,
    'STARTED',
  )
  await heddle.weaver.stopClock({ Simulation: 'world' }).promise()
  assert.equal(heddle.controlPid, pid)
  assert.equal(
    (await heddle.weaver.listSimulations().promise()).Simulations?.length,
    1,
    'nothing was half made',
  )
})

test('a simulation beyond the quota is rejected until another one is stopped', async () => {
  assert.equal((await start('second')).status, 200)
  const third = { ClientToken: 'q'.repeat(36) }
  refusedWith(await start('third', third), 'ServiceQuotaExceededException', 402)
  refusedWith(
    await send(heddle, requestOf('DescribeSimulation', 'third')),
    'ResourceNotFoundException',
    404,
  )
  assert.equal((await send(heddle, requestOf('StopSimulation', 'second'))).status, 200)
  const started = await start('third', third)
  assert.equal(started.status, 200, started.text)
  assert.equal((await start('third', third)).text, started.text)
})
