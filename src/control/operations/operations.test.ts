import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { after, before } from '../../base/testing/hooks.ts'
import { ApiError } from '../../core/api/errors.ts'
import { executionFabricFolder } from '../../core/wire/places.ts'
import { FolderObjects } from '../../io/objects/folder-objects.ts'
import { runFolderIn } from '../../joints/worker-host/run-folder.ts'
import {
  type ControlFixture,
  openFixture,
  startInput,
  waitFor,
} from '../testing/control-fixture.ts'

const TOKEN = 'token-of-thirty-two-characters-or-more'
let f: ControlFixture

before(async () => {
  f = await openFixture({ exitLimitMs: 2_000 })
})
after(async () => {
  await f[Symbol.asyncDispose]()
})

test('a simulation is described from its start to its deletion', async () => {
  const started = await f.call('StartSimulation', {
    ...startInput('life', 'slow-start'),
    Description: 'a small world',
    MaximumDuration: '2h',
    Tags: { team: 'loom' },
  })
  const folder = runFolderIn(f.control.data.run, started.ExecutionId)
  const starting = await f.call('DescribeSimulation', { Simulation: 'life' })
  assert.deepEqual(starting, {
    Name: 'life',
    Arn: 'arn:aws:simspaceweaver:us-west-2:111122223333:simulation/life',
    ExecutionId: started.ExecutionId,
    CreationTime: started.CreationTime,
    Description: 'a small world',
    RoleArn: 'arn:aws:iam::111122223333:role/world',
    MaximumDuration: '2h',
    SchemaS3Location: { BucketName: 'schemas', ObjectKey: 'slow-start' },
    Status: 'STARTING',
    TargetStatus: 'STARTED',
  })
  assert.equal(await f.refusalOf('StartClock', { Simulation: 'life' }), 'ConflictException')
  await waitFor('the run folder', () => existsSync(folder.folder) || undefined)
  await writeFile(join(folder.folder, 'go'), '')
  const running = await f.waitForStatus('life', 'STARTED')
  assert.deepEqual(running.LiveSimulationState, {
    Clocks: [{ Status: 'STOPPED', TargetStatus: 'STOPPED' }],
    Domains: [
      { Name: 'View', Lifecycle: 'ByRequest' },
      { Name: 'Crowd', Lifecycle: 'BySpatialSubdivision' },
    ],
  })
  assert.deepEqual(running.LoggingConfiguration, {
    Destinations: [
      {
        CloudWatchLogsLogGroup: {
          LogGroupArn: 'arn:aws:logs:us-west-2:111122223333:log-group:MyLogs',
        },
      },
    ],
  })
  assert.equal(running.StartError, undefined)

  await f.call('StartClock', { Simulation: 'life' })
  await f.call('StartClock', { Simulation: 'life' })
  const ticking = await f.call('DescribeSimulation', { Simulation: 'life' })
  assert.equal(ticking.LiveSimulationState?.Clocks?.[0]?.Status, 'STARTED')
  await f.call('StopClock', { Simulation: 'life' })

  assert.equal(await f.refusalOf('DeleteSimulation', { Simulation: 'life' }), 'ConflictException')
  await f.call('StopSimulation', { Simulation: 'life' })
  await f.call('StopSimulation', { Simulation: 'life' })
  const stopped = await f.waitForStatus('life', 'STOPPED')
  assert.equal(stopped.TargetStatus, 'STOPPED')
  await f.call('StopSimulation', { Simulation: 'life' })
  assert.equal(await f.refusalOf('StartClock', { Simulation: 'life' }), 'ConflictException')

  await f.call('DeleteSimulation', { Simulation: 'life' })
  assert.equal(
    await f.refusalOf('DescribeSimulation', { Simulation: 'life' }),
    'ResourceNotFoundException',
  )
  assert.equal(
    await f.refusalOf('DeleteSimulation', { Simulation: 'life' }),
    'ResourceNotFoundException',
  )
  await waitFor('the run folder to go', () => !existsSync(folder.folder) || undefined)
  assert.equal(existsSync(executionFabricFolder(f.config.fabricFolder, started.ExecutionId)), false)
})

test('a name is free again after its simulation is deleted, and not before', async () => {
  await f.start('again')
  await f.waitForStatus('again', 'STARTED')
  assert.equal(await f.refusalOf('StartSimulation', startInput('again')), 'ConflictException')
  await f.call('StopSimulation', { Simulation: 'again' })
  await f.waitForStatus('again', 'STOPPED')
  assert.equal(await f.refusalOf('StartSimulation', startInput('again')), 'ConflictException')
  await f.call('DeleteSimulation', { Simulation: 'again' })
  await f.start('again')
  await f.waitForStatus('again', 'STARTED')
})

test('of many starts with one name at once, one wins', async () => {
  const outcomes = await Promise.all(
    Array.from({ length: 5 }, () => f.refusalOf('StartSimulation', startInput('raced'))),
  )
  assert.deepEqual(outcomes.sort(), [...Array(4).fill('ConflictException'), 'no refusal'])
})

test('a repeated ClientToken starts one simulation and gives its answer again', async () => {
  const input = { ...startInput('token'), ClientToken: TOKEN, Tags: { a: '1', b: '2' } }
  const [first, second] = await Promise.all([
    f.call('StartSimulation', input),
    f.call('StartSimulation', input),
  ])
  const third = await f.call('StartSimulation', { ...input, Tags: { b: '2', a: '1' } })
  assert.deepEqual(second, first)
  assert.deepEqual(third, first)
  const other = { ...input, Description: 'another' }
  assert.equal(await f.refusalOf('StartSimulation', other), 'ConflictException')
  const starts = join(runFolderIn(f.control.data.run, first.ExecutionId).folder, 'starts')
  await f.waitForStatus('token', 'STARTED')
  assert.equal(readFileSync(starts, 'utf8').trim().split('\n').length, 1)
})

test('a fault in the schema is FAILED with a StartError that is a JSON array', async () => {
  await f.start('bad', 'fail-at-start')
  const failed = await f.waitForStatus('bad', 'FAILED')
  assert.deepEqual(JSON.parse(failed.StartError ?? ''), [
    { errorType: 'SchemaFormatInvalid', errorMessage: '3:7: no such property' },
  ])
  await f.call('DeleteSimulation', { Simulation: 'bad' })
})

test('a duration beyond the limit starts nothing', async () => {
  const input = { ...startInput('long'), MaximumDuration: '15D' }
  assert.equal(await f.refusalOf('StartSimulation', input), 'ValidationException')
  assert.equal(
    await f.refusalOf('DescribeSimulation', { Simulation: 'long' }),
    'ResourceNotFoundException',
  )
})

test('custom apps are described by the living worker, then by its last status', async () => {
  await f.start('apps')
  await f.waitForStatus('apps', 'STARTED')
  const app = { Simulation: 'apps', Domain: 'View', App: 'one' }
  const startOne = { Simulation: 'apps', Domain: 'View', Name: 'one', ClientToken: `apps-${TOKEN}` }
  const output = { Simulation: 'apps', Domain: 'View', Name: 'one' }
  const withCommands = { ...startOne, LaunchOverrides: { LaunchCommands: ['run', '--fast'] } }
  assert.deepEqual(await f.call('StartApp', withCommands), output)
  assert.deepEqual(await f.call('StartApp', withCommands), output)
  assert.equal(await f.refusalOf('StartApp', startOne), 'ConflictException')
  assert.equal(await f.refusalOf('StartApp', output), 'ConflictException')
  assert.deepEqual(await f.call('DescribeApp', app), {
    ...output,
    Status: 'STARTED',
    TargetStatus: 'STARTED',
    LaunchOverrides: { LaunchCommands: ['run', '--fast'] },
    EndpointInfo: { Address: '127.0.0.1', IngressPortMappings: [{ Declared: 7000, Actual: 7001 }] },
  })
  assert.equal(
    await f.refusalOf('DescribeApp', { ...app, App: 'two' }),
    'ResourceNotFoundException',
  )
  assert.equal(
    await f.refusalOf('DescribeApp', { ...app, Domain: 'Vew' }),
    'ResourceNotFoundException',
  )
  assert.equal(
    await f.refusalOf('ListApps', { Simulation: 'apps', Domain: 'Vew' }),
    'ResourceNotFoundException',
  )
  await f.call('StopApp', app)
  await f.call('DeleteApp', app)
  assert.equal(await f.refusalOf('DescribeApp', app), 'ResourceNotFoundException')

  await f.call('StartApp', output)
  await f.call('StopSimulation', { Simulation: 'apps' })
  await f.waitForStatus('apps', 'STOPPED')
  const ended = await f.call('DescribeApp', app)
  assert.equal(ended.Status, 'STOPPED')
  assert.equal(ended.EndpointInfo, undefined)
  // As the service shows it if none were given.
  assert.deepEqual(ended.LaunchOverrides, { LaunchCommands: [] })
  assert.equal(await f.refusalOf('StartApp', { ...output, Name: 'two' }), 'ConflictException')
  assert.equal(
    await f.refusalOf('DeleteApp', { ...app, Domain: 'Crowd', App: 'cell-0-0' }),
    'ValidationException',
  )
  await f.call('DeleteApp', app)
  assert.equal(await f.refusalOf('DeleteApp', app), 'ResourceNotFoundException')
  assert.deepEqual(
    (await f.call('ListApps', { Simulation: 'apps' })).Apps.map((each) => each.Name),
    ['cell-0-0'],
  )
})

test('StartApp answers with declared errors only: an unknown name is bad input', async () => {
  await f.start('declared')
  await f.waitForStatus('declared', 'STARTED')
  assert.equal(
    await f.refusalOf('StartApp', { Simulation: 'none', Domain: 'View', Name: 'x' }),
    'ValidationException',
  )
  const wrong = { Simulation: 'declared', Domain: 'Vew', Name: 'x', ClientToken: `wrong-${TOKEN}` }
  assert.equal(await f.refusalOf('StartApp', wrong), 'ValidationException')
})

test('lists come in pages that meet exactly, sorted by name', async () => {
  for (const name of ['page-c', 'page-a', 'page-b']) await f.start(name, 'fail-at-start')
  const names: string[] = []
  let token: string | undefined
  do {
    const page = await f.call('ListSimulations', {
      MaxResults: 2,
      ...(token !== undefined && { NextToken: token }),
    })
    assert.ok(page.Simulations.length <= 2)
    names.push(...page.Simulations.map((each) => each.Name))
    token = page.NextToken
  } while (token !== undefined)
  const whole = (await f.call('ListSimulations', {})).Simulations.map((each) => each.Name)
  assert.deepEqual(names, whole)
  assert.deepEqual(whole, [...whole].sort())
  assert.ok(whole.includes('page-b'))
  assert.equal(
    await f.refusalOf('ListSimulations', { NextToken: 'bm9uc2Vuc2U' }),
    'ValidationException',
  )

  await f.start('pages')
  await f.waitForStatus('pages', 'STARTED')
  for (const name of ['c', 'a', 'b'])
    await f.call('StartApp', { Simulation: 'pages', Domain: 'View', Name: name })
  const first = await f.call('ListApps', { Simulation: 'pages', Domain: 'View', MaxResults: 2 })
  assert.deepEqual(
    first.Apps.map((each) => each.Name),
    ['a', 'b'],
  )
  const last = await f.call('ListApps', {
    Simulation: 'pages',
    Domain: 'View',
    NextToken: first.NextToken ?? '',
  })
  assert.deepEqual(
    last.Apps.map((each) => each.Name),
    ['c'],
  )
  assert.equal(last.NextToken, undefined)
  const elsewhere = { Simulation: 'pages', NextToken: first.NextToken ?? '' }
  assert.equal(await f.refusalOf('ListApps', elsewhere), 'ValidationException')
})

test('a snapshot goes to a bucket that can be written, under a key that is free', async () => {
  await f.start('shot')
  await f.waitForStatus('shot', 'STARTED')
  const missing = { Simulation: 'shot', Destination: { BucketName: 'no-such-bucket' } }
  await assert.rejects(
    f.call('CreateSnapshot', missing),
    (error) =>
      error instanceof ApiError &&
      error.code === 'ValidationException' &&
      /no-such-bucket/.test(error.message),
  )
  assert.ok(f.control.objects instanceof FolderObjects)
  await f.control.objects.createBucket('snapshots')
  const input = {
    Simulation: 'shot',
    Destination: { BucketName: 'snapshots', ObjectKeyPrefix: 'a/' },
  }
  const keys = new Set<string>()
  for (let count = 0; count < 3; count += 1) {
    await f.call('CreateSnapshot', input)
    const location = await lastSnapshot('shot')
    assert.match(location.key, /^a\/snapshot\/shot-\d{6}-\d{4}-\d{2}\.zip$/)
    assert.equal(keys.has(location.key), false)
    keys.add(location.key)
    await f.control.objects.put(location.bucket, location.key, Readable.from([Buffer.from('zip')]))
  }
  const long = { BucketName: 'snapshots', ObjectKeyPrefix: 'x'.repeat(1020) }
  assert.equal(
    await f.refusalOf('CreateSnapshot', { ...input, Destination: long }),
    'ValidationException',
  )
})

test('tags are those of the start, and change by ARN', async () => {
  const { Arn } = await f.call('StartSimulation', {
    ...startInput('tags', 'fail-at-start'),
    Tags: { a: '1' },
  })
  await f.call('TagResource', { ResourceArn: Arn, Tags: { b: '2', a: 'one' } })
  await f.call('UntagResource', { ResourceArn: Arn, TagKeys: ['b', 'none'] })
  assert.deepEqual(await f.call('ListTagsForResource', { ResourceArn: Arn }), {
    Tags: { a: 'one' },
  })
  const many = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`k${index}`, '']))
  assert.equal(
    await f.refusalOf('TagResource', { ResourceArn: Arn, Tags: many }),
    'TooManyTagsException',
  )
  const elsewhere = Arn.replace('us-west-2', 'eu-west-1')
  assert.equal(
    await f.refusalOf('ListTagsForResource', { ResourceArn: elsewhere }),
    'ResourceNotFoundException',
  )
  const app = Arn.replace(':simulation/', ':app/')
  assert.equal(
    await f.refusalOf('ListTagsForResource', { ResourceArn: app }),
    'ValidationException',
  )
  assert.equal(
    await f.refusalOf('ListTagsForResource', { ResourceArn: `${Arn}x` }),
    'ResourceNotFoundException',
  )
})

async function lastSnapshot(name: string): Promise<{ bucket: string; key: string }> {
  const record = await f.control.store.findSimulation(name)
  assert.ok(record !== undefined)
  const snapshot = f.control.supervisor.known(record).workerStatus?.lastSnapshot
  assert.ok(snapshot !== undefined)
  return snapshot.location
}

test('an app that runs is described with the address that is advertised now', async () => {
  await using fixture = await openFixture({}, { advertise: 'first.example.org' })
  await fixture.start('shown')
  await fixture.waitForStatus('shown', 'STARTED')
  await fixture.call('StartApp', { Simulation: 'shown', Domain: 'View', Name: 'eye' })
  const address = async () =>
    (await fixture.call('DescribeApp', { Simulation: 'shown', Domain: 'View', App: 'eye' }))
      .EndpointInfo?.Address
  assert.equal(await address(), 'first.example.org')
  fixture.config.advertise = 'second.example.org'
  await fixture.reopen()
  assert.equal(await address(), 'second.example.org')
})
