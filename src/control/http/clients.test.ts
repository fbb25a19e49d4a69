// The server with the clients of users: aws-sdk v2, boto3 with our model, and the AWS CLI.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import SimSpaceWeaver from 'aws-sdk/clients/simspaceweaver.js'
import { verifySignature } from '../../core/api/signature.ts'
import type { Authenticate } from './handlers.ts'
import { EXAMPLE_TIME } from './testing/example-service.ts'
import { type OpenServer, openServer } from './testing/open-server.ts'

const ACCESS_KEY_ID = 'AKIDEXAMPLE'
const SECRET = 'a secret of this test'
const REGION = 'us-west-2'
const ARN = 'arn:aws:simspaceweaver:us-west-2:111122223333:simulation/world'
const ROLE = 'arn:aws:iam::111122223333:role/weaver'
const SCHEMA = { BucketName: 'bucket', ObjectKey: 'schema.yaml' }
const MODEL_FOLDER = fileURLToPath(new URL('../../../clients/botocore', import.meta.url))
const BOTO3_WALK = fileURLToPath(new URL('./testing/boto3-walk.py', import.meta.url))
const AWS = '/usr/bin/aws'
const PYTHON = '/usr/bin/python3'

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1'

const authenticate: Authenticate = async (request) => {
  const secretFor = (accessKeyId: string) => (accessKeyId === ACCESS_KEY_ID ? SECRET : undefined)
  const options = { secretFor, now: new Date(), region: REGION, services: ['simspaceweaver'] }
  const verified = verifySignature(request, options)
  if (!verified.ok) return verified
  return {
    ok: true,
    caller: { accessKeyId: verified.accessKeyId, arn: 'arn:aws:iam::111122223333:user/test' },
  }
}

test('aws-sdk v2 walks through all operations', async (context) => {
  const server = await openServer(context, { authenticate })
  const client = sdkClient(server)
  const started = await client
    .startSimulation({
      Name: 'world',
      RoleArn: ROLE,
      SchemaS3Location: SCHEMA,
      Tags: { 'a b/+&=é': 'c' },
    })
    .promise()
  assert.equal(started.Arn, ARN)
  assert.deepEqual(started.CreationTime, EXAMPLE_TIME)
  assert.match(started.$response.requestId, /^[0-9a-f-]{36}$/)

  await client.startClock({ Simulation: 'world' }).promise()
  const described = await client.describeSimulation({ Simulation: 'world' }).promise()
  assert.deepEqual(described.LiveSimulationState?.Clocks, [
    { Status: 'STARTED', TargetStatus: 'STARTED' },
  ])
  assert.deepEqual(described.SchemaS3Location, SCHEMA)
  await client.stopClock({ Simulation: 'world' }).promise()

  const app = { Simulation: 'world', Domain: 'view' }
  await client
    .startApp({ ...app, Name: 'one', LaunchOverrides: { LaunchCommands: ['run', '--fast'] } })
    .promise()
  await client.startApp({ ...app, Name: 'two' }).promise()
  const shown = await client.describeApp({ ...app, App: 'one' }).promise()
  assert.deepEqual(shown.LaunchOverrides, { LaunchCommands: ['run', '--fast'] })
  assert.deepEqual(shown.EndpointInfo?.IngressPortMappings, [{ Declared: 7000, Actual: 7001 }])
  const first = await client.listApps({ Simulation: 'world', MaxResults: 1 }).promise()
  const second = await client
    .listApps({ Simulation: 'world', NextToken: first.NextToken! })
    .promise()
  const names = [first, second].flatMap((page) => page.Apps?.map((item) => item.Name))
  assert.deepEqual(names, ['one', 'two'])
  await client.stopApp({ ...app, App: 'two' }).promise()
  await client.deleteApp({ ...app, App: 'two' }).promise()
  await client
    .createSnapshot({ Simulation: 'world', Destination: { BucketName: 'bucket' } })
    .promise()

  await client.tagResource({ ResourceArn: ARN, Tags: { d: 'e', 'f+g h': 'i' } }).promise()
  await client.untagResource({ ResourceArn: ARN, TagKeys: ['d', 'f+g h'] }).promise()
  const { Tags } = await client.listTagsForResource({ ResourceArn: ARN }).promise()
  assert.deepEqual(Tags, { 'a b/+&=é': 'c' })

  await client.stopSimulation({ Simulation: 'world' }).promise()
  const listed = await client.listSimulations().promise()
  assert.deepEqual(listed.Simulations, [
    {
      Arn: ARN,
      CreationTime: EXAMPLE_TIME,
      Name: 'world',
      Status: 'STOPPED',
      TargetStatus: 'STOPPED',
    },
  ])
  await client.deleteSimulation({ Simulation: 'world' }).promise()
  const called = new Set(server.service.calls.map((call) => call.operation))
  assert.equal(called.size, 16)
})

test('aws-sdk v2 reads code, message, status and request id of errors', async (context) => {
  const server = await openServer(context, { authenticate })
  await assert.rejects(
    sdkClient(server).describeSimulation({ Simulation: 'none' }).promise(),
    (error: object) => {
      const { code, message, statusCode, requestId } = error as Record<string, unknown>
      assert.equal(code, 'ResourceNotFoundException')
      assert.equal(message, "There is no simulation 'none'")
      assert.equal(statusCode, 404)
      assert.match(String(requestId), /^[0-9a-f-]{36}$/)
      return true
    },
  )
  const stranger = sdkClient(server, 'another secret')
  await assert.rejects(stranger.listSimulations().promise(), {
    code: 'InvalidSignatureException',
    statusCode: 403,
  })
})

test('boto3 with our model walks through all operations', {
  skip: absent(PYTHON),
}, async (context) => {
  const server = await openServer(context, { authenticate })
  const env = await clientEnvironment(context)
  if (await lacksBoto3(env)) return context.skip('boto3 is not on this machine')
  const { stdout } = await run(PYTHON, [BOTO3_WALK, server.endpoint], { env })
  assert.equal(stdout, 'ok\n')
  const called = new Set(server.service.calls.map((call) => call.operation))
  assert.equal(called.size, 16)
})

test('the AWS CLI with our model makes snapshots and reads tags', {
  skip: absent(AWS),
}, async (context) => {
  const server = await openServer(context, { authenticate })
  const env = await clientEnvironment(context)
  const { StartSimulation } = server.service.handlers
  const caller = { accessKeyId: ACCESS_KEY_ID, arn: 'arn:aws:iam::111122223333:user/test' }
  await StartSimulation(
    { Name: 'world', RoleArn: ROLE, SchemaS3Location: SCHEMA, Tags: { a: 'b' } },
    { requestId: '', caller, origin: { sourceIp: '127.0.0.1', isSecure: false } },
  )
  const aws = (...args: string[]) =>
    run(AWS, ['--endpoint-url', server.endpoint, 'simspaceweaver', ...args], { env })
  const [snapshot, tags, refusal] = await Promise.all([
    aws(
      'create-snapshot',
      '--simulation',
      'world',
      '--destination',
      'BucketName=bucket,ObjectKeyPrefix=a/b',
    ),
    aws('list-tags-for-resource', '--resource-arn', ARN),
    aws('stop-simulation', '--simulation', 'none').catch((error: { stderr: string }) => error),
  ])
  assert.equal(snapshot.stderr, '')
  const input = server.service.calls.find((call) => call.operation === 'CreateSnapshot')?.input
  assert.deepEqual(input, {
    Simulation: 'world',
    Destination: { BucketName: 'bucket', ObjectKeyPrefix: 'a/b' },
  })
  assert.deepEqual(JSON.parse((tags as { stdout: string }).stdout), { Tags: { a: 'b' } })
  assert.match(refusal.stderr, /\(ResourceNotFoundException\).*There is no simulation 'none'/)
})

const run = promisify(execFile)

function sdkClient(server: OpenServer, secretAccessKey = SECRET): SimSpaceWeaver {
  return new SimSpaceWeaver({
    endpoint: server.endpoint,
    region: REGION,
    credentials: { accessKeyId: ACCESS_KEY_ID, secretAccessKey },
    maxRetries: 0,
  })
}

function absent(program: string): string | false {
  return existsSync(program) ? false : `${program} is not on this machine`
}

async function lacksBoto3(env: NodeJS.ProcessEnv): Promise<boolean> {
  return run(PYTHON, ['-c', 'import boto3'], { env }).then(
    () => false,
    () => true,
  )
}

/** Hides the user's own settings from the clients. */
async function clientEnvironment(context: TestContext): Promise<NodeJS.ProcessEnv> {
  const home = await mkdtemp(join(tmpdir(), 'heddle-clients-'))
  context.after(() => rm(home, { recursive: true, force: true }))
  return {
    PATH: '/usr/bin:/bin',
    HOME: home,
    LC_ALL: 'C.UTF-8',
    PYTHONDONTWRITEBYTECODE: '1',
    AWS_DATA_PATH: MODEL_FOLDER,
    AWS_ACCESS_KEY_ID: ACCESS_KEY_ID,
    AWS_SECRET_ACCESS_KEY: SECRET,
    AWS_DEFAULT_REGION: REGION,
    AWS_DEFAULT_OUTPUT: 'json',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_PAGER: '',
  }
}
