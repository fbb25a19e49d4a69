// A complete session with aws-sdk v2, which knows all 16 operations.

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import AWS from 'aws-sdk'
import { readWorld } from '../../scripts/demo/compare.ts'
import { fetchLine } from '../support/clients.ts'
import { assertSameEntities } from '../support/compare-worlds.ts'
import { startHeddle } from '../support/heddle.ts'
import { Simulation } from '../support/simulation.ts'
import { waitFor } from '../support/waiting.ts'
import { HASH_TAG, makeWalkFiles, viewCommand } from './walk.ts'

// Silences the client's notice of its own age.
process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1'
const ROLE_ARN = 'arn:aws:iam::111122223333:role/walk'
const NAME = 'walk.v2_sdk-1'
const arn = `arn:aws:simspaceweaver:us-west-2:111122223333:simulation/${NAME}`

test('aws-sdk v2 goes from an empty bucket to two equal worlds, and leaves nothing', async () => {
  const heddle = await startHeddle()
  try {
    await walk(heddle)
  } finally {
    await heddle.stop()
  }
})

async function walk(heddle: Awaited<ReturnType<typeof startHeddle>>): Promise<void> {
  const bucket = 'walk-v2'
  await using files = await makeWalkFiles(bucket)
  const settings = {
    endpoint: heddle.endpoint,
    region: 'us-west-2',
    maxRetries: 0,
    credentials: new AWS.SharedIniFileCredentials({ filename: join(heddle.data, 'credentials') }),
  }
  const weaver = new AWS.SimSpaceWeaver(settings)
  const s3 = new AWS.S3({ ...settings, s3ForcePathStyle: true })

  await s3.createBucket({ Bucket: bucket }).promise()
  for (const [key, file] of [
    ['schema.yaml', 'schema.yaml'],
    ['apps/cells.zip', 'cells.zip'],
    ['apps/view.zip', 'view.zip'],
  ]) {
    await s3
      .upload({ Bucket: bucket, Key: key, Body: await readFile(join(files.folder, file)) })
      .promise()
  }

  const beforeMs = Date.now()
  const started = await weaver
    .startSimulation({
      Name: NAME,
      RoleArn: ROLE_ARN,
      Description: 'Größe 1 😀 "quoted"\\',
      MaximumDuration: '2h',
      SchemaS3Location: { BucketName: bucket, ObjectKey: 'schema.yaml' },
      Tags: { [HASH_TAG]: '1', 'a b/+&=é': 'c' },
    })
    .promise()
  assert.equal(started.Arn, arn)
  assert.ok(started.CreationTime! >= new Date(beforeMs - 1) && started.CreationTime! <= new Date())
  const world = new Simulation(heddle, NAME, started.ExecutionId!)
  const described = await world.is('STARTED')
  const { $response: _, ...shown } = described as typeof described & { $response?: unknown }
  assert.deepEqual(shown, {
    Name: NAME,
    Arn: arn,
    ExecutionId: started.ExecutionId,
    CreationTime: started.CreationTime,
    Description: 'Größe 1 😀 "quoted"\\',
    RoleArn: ROLE_ARN,
    MaximumDuration: '2h',
    SchemaS3Location: { BucketName: bucket, ObjectKey: 'schema.yaml' },
    Status: 'STARTED',
    TargetStatus: 'STARTED',
    LoggingConfiguration: {
      Destinations: [
        {
          CloudWatchLogsLogGroup: {
            LogGroupArn: 'arn:aws:logs:us-west-2:111122223333:log-group:test',
          },
        },
      ],
    },
    LiveSimulationState: {
      Clocks: [{ Status: 'STOPPED', TargetStatus: 'STOPPED' }],
      Domains: [
        { Name: 'Cells', Lifecycle: 'BySpatialSubdivision' },
        { Name: 'View', Lifecycle: 'ByRequest' },
      ],
    },
  })
  const { Simulations } = await weaver.listSimulations().promise()
  assert.deepEqual(Simulations, [
    {
      Name: NAME,
      Arn: arn,
      CreationTime: started.CreationTime,
      Status: 'STARTED',
      TargetStatus: 'STARTED',
    },
  ])

  await weaver.startClock({ Simulation: NAME }).promise()
  await weaver.startClock({ Simulation: NAME }).promise()
  await world.clockIs('STARTED')

  const view = { Simulation: NAME, Domain: 'View' }
  const LaunchOverrides = { LaunchCommands: viewCommand }
  const answer = await weaver
    .startApp({ ...view, Name: 'view', Description: 'looks on', LaunchOverrides })
    .promise()
  assert.deepEqual([answer.Simulation, answer.Domain, answer.Name], [NAME, 'View', 'view'])
  const app = await world.appIs('View', 'view', 'STARTED')
  assert.equal(app.Description, 'looks on')
  assert.deepEqual(app.LaunchOverrides, LaunchOverrides)
  const endpoint = await world.endpoint('View', 'view', 7000)
  await waitFor(async () => {
    const { made, seen } = await fetchLine(endpoint.host, endpoint.port)
    return made === 3 && seen > 0
  }, 'the view to see the world')

  const listed: string[] = []
  for (let NextToken: string | undefined; ; ) {
    const page = await weaver.listApps({ Simulation: NAME, MaxResults: 1, NextToken }).promise()
    listed.push(...(page.Apps ?? []).map(({ Domain, Name }) => `${Domain}/${Name}`))
    NextToken = page.NextToken
    if (NextToken === undefined) break
  }
  assert.equal(listed.length, 3)
  assert.deepEqual(listed, [...new Set(listed)].sort())
  assert.equal(listed.at(-1), 'View/view')

  const oddKeys = { 'x y+z%2F/é=&?#': "~!*'()", Plain: '' }
  await weaver.tagResource({ ResourceArn: arn, Tags: oddKeys }).promise()
  await weaver.untagResource({ ResourceArn: arn, TagKeys: ['Plain', 'never there'] }).promise()
  const { Tags } = await weaver.listTagsForResource({ ResourceArn: arn }).promise()
  assert.deepEqual(Tags, { [HASH_TAG]: '1', 'a b/+&=é': 'c', 'x y+z%2F/é=&?#': "~!*'()" })

  await weaver
    .createSnapshot({
      Simulation: NAME,
      Destination: { BucketName: bucket, ObjectKeyPrefix: 'saved/' },
    })
    .promise()
  await world.is('STARTED')
  const { Contents = [] } = await s3.listObjectsV2({ Bucket: bucket, Prefix: 'saved/' }).promise()
  assert.equal(Contents.length, 1)
  const key = Contents[0].Key!
  assert.match(key, /^saved\/snapshot\/walk\.v2_sdk-1-\d{6}-\d{4}-\d{2}\.zip$/)

  const branched = await weaver
    .startSimulation({
      Name: 'branch',
      RoleArn: ROLE_ARN,
      SnapshotS3Location: { BucketName: bucket, ObjectKey: key },
      Tags: { [HASH_TAG]: '1' },
    })
    .promise()
  const branch = new Simulation(heddle, 'branch', branched.ExecutionId!)
  const ofBranch = await branch.is('STARTED')
  assert.deepEqual(ofBranch.SnapshotS3Location, { BucketName: bucket, ObjectKey: key })
  assert.equal(ofBranch.SchemaS3Location, undefined)
  assert.equal(ofBranch.LiveSimulationState?.Clocks?.[0]?.Status, 'STOPPED')
  assert.equal((await branch.apps('View')).length, 0, 'custom apps are started by the caller')
  await weaver
    .createSnapshot({
      Simulation: 'branch',
      Destination: { BucketName: bucket, ObjectKeyPrefix: 'again' },
    })
    .promise()
  await branch.is('STARTED')
  const again = (await s3.listObjectsV2({ Bucket: bucket, Prefix: 'again/' }).promise())
    .Contents?.[0]?.Key
  const [one, two] = await Promise.all(
    [key, again!].map(async (Key) => {
      const { Body } = await s3.getObject({ Bucket: bucket, Key }).promise()
      return await readWorld(await files.write(Key, Body as Uint8Array))
    }),
  )
  assertSameEntities(one, two)
  assert.equal(one.tick, two.tick)

  await weaver.startClock({ Simulation: 'branch' }).promise()
  await branch.reaches(one.tick + 20)
  await world.reaches(one.tick + 20)
  const next = [...branch.hashes().values()].filter(
    ({ tick }) => tick > one.tick && tick <= one.tick + 20,
  )
  assert.equal(next.length, 20)
  for (const { tick, entities, stateHash } of next) {
    const original = world.hashes().get(tick)
    assert.deepEqual(
      [original?.entities, original?.stateHash],
      [entities, stateHash],
      `the worlds differ at tick ${tick}`,
    )
  }

  await weaver.stopApp({ ...view, App: 'view' }).promise()
  const stopped = await world.appIs('View', 'view', 'STOPPED')
  assert.equal(stopped.EndpointInfo, undefined)
  await weaver.deleteApp({ ...view, App: 'view' }).promise()
  await assert.rejects(weaver.describeApp({ ...view, App: 'view' }).promise(), {
    code: 'ResourceNotFoundException',
  })
  await weaver.stopClock({ Simulation: NAME }).promise()
  await world.clockIs('STOPPED')
  for (const simulation of [world, branch]) {
    await weaver.stopSimulation({ Simulation: simulation.name }).promise()
    await simulation.is('STOPPED')
    await weaver.deleteSimulation({ Simulation: simulation.name }).promise()
  }
  assert.deepEqual((await weaver.listSimulations().promise()).Simulations, [])
}
