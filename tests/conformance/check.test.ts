import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { API_ERRORS, type ApiErrorCode } from '../../src/core/api/errors.ts'
import { OPERATION_NAMES, type OperationName, operationOf } from '../../src/core/api/operations.ts'
import { shapeOf } from '../../src/core/api/shapes.ts'
import { checkExchanges } from './check.ts'
import { type Exchange, FOLDER_VARIABLE, readExchanges, recordingEnvironment } from './exchange.ts'

const ARN = 'arn:aws:simspaceweaver:us-west-2:111122223333:simulation/world'
const values: Record<string, unknown> = {
  ResourceArn: ARN,
  RoleArn: 'arn:aws:iam::111122223333:role/any',
  ExecutionId: '01234567-89ab-4def-8123-456789abcdef',
  Timestamp: 1795478304.643,
  TagMap: { a: 'b' },
  TagKeyList: ['a'],
  S3Location: { BucketName: 'bucket', ObjectKey: 'key' },
  S3Destination: { BucketName: 'bucket' },
}

/** Makes a value of that shape. */
function exampleOf(shapeName: string): unknown {
  const shape = shapeOf(shapeName)
  if (shape.type === 'list') return values[shapeName] ?? []
  return values[shapeName] ?? (shape.type === 'string' && shape.values ? shape.values[0] : 'world')
}

function success(name: OperationName): Exchange {
  const { method, path, input, output, exactlyOneOf = [] } = operationOf(name)
  const given = Object.entries(input).filter(
    ([member, { required }]) => required || exactlyOneOf[0] === member,
  )
  const query = given
    .filter(([, { location }]) => location === 'query')
    .map(([, { wireName, shape }]) => `${wireName}=${exampleOf(shape)}`)
  const body = given.filter(([, { location }]) => location === 'body')
  const answer = Object.entries(output).filter(([, { always }]) => always)
  return {
    method,
    url: `${path.replace(/\{.*/, encodeURIComponent(ARN))}?${query.join('&')}`,
    requestBody:
      method === 'POST'
        ? JSON.stringify(Object.fromEntries(body.map(([m, { shape }]) => [m, exampleOf(shape)])))
        : '',
    status: 200,
    headers: headersOf(),
    answerBody: JSON.stringify(
      Object.fromEntries(answer.map(([m, { shape }]) => [m, exampleOf(shape)])),
    ),
  }
}

function failure(name: OperationName, code: ApiErrorCode): Exchange {
  const answerBody = JSON.stringify({ Message: 'm', message: 'm' })
  return { ...success(name), status: API_ERRORS[code].status, headers: headersOf(code), answerBody }
}

function headersOf(code?: string): Record<string, string> {
  return {
    'x-amzn-requestid': '01234567-89ab-4def-8123-456789abcdef',
    'content-type': 'application/json',
    ...(code !== undefined && { 'x-amzn-errortype': code }),
  }
}

/** A suite that has seen everything. */
const everything = OPERATION_NAMES.flatMap((name) => [
  success(name),
  ...operationOf(name)
    .errors.filter((code) => name !== 'StopSimulation' || code !== 'ConflictException')
    .map((code) => failure(name, code)),
])

const faultsOf = (...exchanges: Exchange[]) => checkExchanges(exchanges).faults

test('a suite that has seen every operation and every declared error has no fault', () => {
  assert.deepEqual(checkExchanges(everything), {
    exchangeCount: everything.length,
    faults: [],
    unseen: [],
  })
})

test('whatever is left out is named as unseen', () => {
  for (const exchange of everything) {
    const { unseen } = checkExchanges(everything.filter((one) => one !== exchange))
    assert.equal(unseen.length, 1)
    assert.ok(unseen[0].endsWith(exchange.headers['x-amzn-errortype'] ?? 'success'), unseen[0])
  }
  assert.ok(checkExchanges([]).unseen.includes('StopClock ConflictException'))
})

test('undeclared errors, other statuses and errors never to be answered are faults', () => {
  assert.match(
    faultsOf(failure('ListSimulations', 'ConflictException'))[0],
    /does not declare ConflictException/,
  )
  assert.match(
    faultsOf({ ...failure('StartClock', 'ConflictException'), status: 400 })[0],
    /with status 400/,
  )
  assert.match(faultsOf(failure('StopSimulation', 'ConflictException'))[0], /never answered/)
  assert.deepEqual(
    faultsOf(failure('TagResource', 'AccessDeniedException')),
    [],
    'any operation may be denied',
  )
})

test('members of a wrong type, unknown, absent or null ones are faults of an answer', () => {
  const described = success('DescribeSimulation')
  const answer = JSON.parse(described.answerBody) as Record<string, unknown>
  const faultOf = (change: object) =>
    faultsOf({ ...described, answerBody: JSON.stringify({ ...answer, ...change }) })[0]
  assert.equal(faultOf({ Description: 'x', LiveSimulationState: { Clocks: [] } }), undefined)
  assert.match(faultOf({ Name: 5 }), /answer\.Name is no string/)
  assert.match(faultOf({ Description: null }), /answer\.Description is no string/)
  assert.match(faultOf({ Status: 'RUNNING' }), /answer\.Status is RUNNING/)
  assert.match(
    faultOf({ CreationTime: 1795478304643 }),
    /answer\.CreationTime is no time in seconds/,
  )
  assert.match(faultOf({ CreationTime: '2026-01-01' }), /answer\.CreationTime is no time/)
  assert.match(
    faultOf({ Arn: ARN.replace('world', 'other') }),
    /answer\.Arn is not that of the simulation/,
  )
  assert.match(faultOf({ Arn: 'world' }), /answer\.Arn is not /)
  assert.match(faultOf({ ExecutionId: undefined }), /answer\.ExecutionId is absent/)
  assert.match(faultOf({ Tick: 1 }), /answer\.Tick is not in the table/)
  assert.match(
    faultOf({ LiveSimulationState: { Clocks: {} } }),
    /answer\.LiveSimulationState\.Clocks is no list/,
  )
  assert.match(faultOf({ LiveSimulationState: { Clocks: [{}] } }), /Clocks\[\]\.Status is absent/)
})

test('what was done although it was asked for wrongly is a fault', () => {
  const faultOf = (change: object) => {
    const started = success('StartSimulation')
    const input = JSON.parse(started.requestBody) as object
    return faultsOf({ ...started, requestBody: JSON.stringify({ ...input, ...change }) })[0]
  }
  assert.equal(faultOf({ Unknown: 1, Description: null }), undefined)
  assert.match(faultOf({ Name: 'a b' }), /request\.Name is not /)
  assert.match(faultOf({ RoleArn: undefined }), /request\.RoleArn is absent/)
  assert.match(faultOf({ Tags: {} }), /request\.Tags has too few/)
  assert.match(
    faultsOf({ ...success('ListSimulations'), url: '/listsimulations?maxResults=0' })[0],
    /out of bounds/,
  )
  assert.match(
    faultsOf({ ...success('ListSimulations'), url: '/nothing' })[0],
    /where there is no operation/,
  )
})

const server = `
  import { createServer } from 'node:http'
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      response.writeHead(201, { 'X-Odd': 'header' })
      response.write('one ')
      response.end('two')
    })
  })
  server.listen(0, '127.0.0.1', () => console.log(server.address().port))
  console.log(JSON.stringify(process.env.NODE_OPTIONS ?? null))
`

test('what is recorded is what was on the wire, without what signs it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'heddle-exchanges-'))
  const before = process.env[FOLDER_VARIABLE]
  process.env[FOLDER_VARIABLE] = folder
  const environment = { ...process.env, ...recordingEnvironment() }
  if (before === undefined) delete process.env[FOLDER_VARIABLE]
  else process.env[FOLDER_VARIABLE] = before
  const child = spawn(process.execPath, ['--input-type=module', '--eval', server], {
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    let said = ''
    for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
      said += chunk
      if (said.split('\n').length > 2) break
    }
    const [options, port] = said.split('\n').sort((a, b) => b.localeCompare(a))
    assert.equal(options, 'null', 'programs that it starts record nothing')
    const url = `http://127.0.0.1:${port}`
    const scope = (service: string) =>
      `X-Amz-Credential=AKID%2F20260101%2Fus-west-2%2F${service}%2Faws4_request`
    const answer = await fetch(
      `${url}/a%20b?x=1&${scope('simspaceweaver')}&X-Amz-Signature=5ec7e7`,
      {
        method: 'POST',
        body: 'é',
        headers: { authorization: 'hidden' },
      },
    )
    assert.equal(await answer.text(), 'one two')
    await (await fetch(`${url}/object?${scope('s3')}`)).text()
    assert.deepEqual(
      [...readExchanges(folder)].map(({ headers: { 'x-odd': odd }, ...exchange }) => ({
        ...exchange,
        odd,
      })),
      [
        {
          method: 'POST',
          url: '/a%20b?x=1',
          requestBody: 'é',
          status: 201,
          answerBody: 'one two',
          odd: 'header',
        },
      ],
    )
  } finally {
    child.kill()
    await once(child, 'exit')
    await rm(folder, { recursive: true, force: true })
  }
})
