// Packages on the host: which simulations may use them, and from where.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import SimSpaceWeaver from 'aws-sdk/clients/simspaceweaver.js'
import { after, before } from '../../src/base/testing/hooks.ts'
import { type Heddle, startHeddle } from '../support/heddle.ts'
import { appsFolder, packageOf, schema } from '../support/packages.ts'
import { waitFor } from '../support/waiting.ts'

let folder: string
let closed: Heddle
let listing: Heddle

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'heddle-host-'))
  await mkdir(join(folder, 'apps/idle'), { recursive: true })
  await mkdir(join(folder, 'private'))
  for (const place of ['apps/idle', 'private'])
    await cp(join(appsFolder, 'idle.ts'), join(folder, place, 'app.ts'))
  await symlink(join(folder, 'private'), join(folder, 'apps/way-out'))
  await writeFile(join(folder, 'apps/idle.zip'), await packageOf('idle.ts'))
  closed = await startHeddle({ configuration: 'package_folders: []' })
  listing = await startHeddle({ configuration: `package_folders: ["${join(folder, 'apps')}"]` })
})
after(async () => {
  await closed?.stop()
  await listing?.stop()
  await rm(folder, { recursive: true, force: true })
})

function world(location: string, command = 'app.ts'): string {
  const Views = { kind: 'custom', command: 'app.ts', package: location } as const
  return schema({
    domains: { Cells: { kind: 'spatial', grid: [1, 1], command, package: location }, Views },
  })
}

const ROLE = 'arn:aws:iam::111122223333:role/test'
const TAG_NAME = 'heddle:host-packages'
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

test('no caller of the API can use packages of the host, not even the operator', async () => {
  const places = [
    join(folder, 'apps/idle'),
    `file://${folder}/apps/idle`,
    '../../apps',
    join(closed.data, 'objects'),
  ]
  for (const [index, location] of places.entries()) {
    const begun = await closed.beginSimulation(`refused-${index}`, world(location))
    const errors = await begun.fails()
    assert.equal(errors.length, 2)
    assert.equal(errors[0].errorType, 'SchemaFormatInvalid')
    assert.match(
      errors[0].errorMessage,
      /^line \d+, column \d+: domains\.Cells\.app_config\.package: must have the form s3:/,
    )
    await begun.leavesNothing()
  }
})

test('heddle run uses packages in place, relative to the schema, even after a loss', async () => {
  const file = join(folder, 'world.yaml')
  for (const [name, location] of [
    ['in-place', './apps/idle'],
    ['zipped', 'apps/idle.zip'],
    ['by-link', `file://${folder}/apps/way-out`],
  ]) {
    await writeFile(file, world(location))
    const said = await closed.command('run', file, '--name', name, '--data', closed.data)
    assert.match(said, new RegExp(`simulation ${name} is STARTED`))
  }
  await writeFile(file, world('apps/none'))
  await assert.rejects(closed.command('run', file, '--name', 'none', '--data', closed.data), {
    stderr: new RegExp(
      `PackageNotFound: domain 'Cells': package ${folder}/apps/none: can't be read`,
    ),
  })
  const simulation = await closed.find('in-place')
  assert.match(simulation.output('Cells').join(), /idle Cells-0-0/)
  const key = await simulation.snapshot()
  await closed.command('branch', 'in-place', '--name', 'branched', '--data', closed.data)
  // Another caller gets no permission from the same snapshot.
  const begun = await closed.branch('sneaked', key)
  const [error] = await begun.fails()
  assert.match(error.errorMessage, /must have the form s3:/)
  for (const name of ['in-place', 'zipped', 'by-link', 'branched'])
    await (await closed.find(name)).stop()
})

test('a lost simulation of the operator restarts with its packages', async () => {
  const file = join(folder, 'lost.yaml')
  await writeFile(file, world('apps/idle'))
  const tag = ['--tag', 'heddle:restart-on-loss=true']
  await closed.command('run', file, '--name', 'lost', '--data', closed.data, ...tag)
  const simulation = await closed.find('lost')
  await simulation.kill(await simulation.workerPid())
  await simulation.saysError(/the worker was lost/)
  await simulation.is('STARTED')
  await simulation.stop()
})

test('the permission covers one schema, and the operator alone can give it', async () => {
  const text = world(join(folder, 'apps/idle'))
  const other = world(join(folder, 'private'))
  const swapped = await closed.beginSimulation('swapped', other, {
    Tags: { [TAG_NAME]: sha256(text) },
  })
  assert.equal((await swapped.fails())[0].errorType, 'SchemaFormatInvalid')
  const given = await closed.startSimulation('given', text, { Tags: { [TAG_NAME]: sha256(text) } })
  const { Arn } = await given.describe()
  await assert.rejects(
    closed.weaver.tagResource({ ResourceArn: Arn!, Tags: { [TAG_NAME]: sha256(other) } }).promise(),
    {
      code: 'ValidationException',
      message: /given at the start alone/,
    },
  )
  await given.stop()
  const policy = join(folder, 'all.json')
  const Statement = [{ Effect: 'Allow', Action: '*', Resource: '*' }]
  await writeFile(policy, JSON.stringify({ Version: '2012-10-17', Statement }))
  const said = await closed.command(
    'access',
    'user',
    'add',
    'ann',
    '--policy',
    policy,
    '--data',
    closed.data,
  )
  const [, accessKeyId, secretAccessKey] =
    /(AKIA\S+)[\s\S]*?secret\S*\s*[=:]?\s*(\S+)/i.exec(said) ?? assert.fail(said)
  const ann = new SimSpaceWeaver({
    endpoint: closed.endpoint,
    region: 'us-west-2',
    credentials: { accessKeyId, secretAccessKey },
    maxRetries: 0,
  })
  const SchemaS3Location = { BucketName: closed.bucket, ObjectKey: 'given.yaml' }
  const start = {
    Name: 'taken',
    RoleArn: ROLE,
    SchemaS3Location,
    Tags: { [TAG_NAME]: sha256(text) },
  }
  // Her key works within a second.
  await waitFor(async () => {
    const code = await ann
      .startSimulation(start)
      .promise()
      .catch((error: { code: string }) => error.code)
    return (
      code !== 'UnrecognizedClientException' &&
      assert.equal(code, 'AccessDeniedException') === undefined
    )
  }, 'ann to be known')
})

test("Heddle's own folders provide no package and no program of an app", async () => {
  const file = join(closed.data, 'world.yaml')
  await mkdir(join(closed.data, 'logs/mine'), { recursive: true })
  await cp(join(appsFolder, 'idle.ts'), join(closed.data, 'logs/mine/app.ts'))
  await symlink(join(closed.data, 'logs/mine'), join(folder, 'to-data'))
  for (const [index, location] of ['./logs/mine', join(folder, 'to-data'), '.', '..'].entries()) {
    await writeFile(file, world(location))
    await assert.rejects(
      closed.command('run', file, '--name', `own-${index}`, '--data', closed.data),
      {
        stderr: /PackageInvalid: .*Heddle keeps its own files there/,
      },
    )
  }
  await closed.put('app.zip', await packageOf('idle.ts'))
  const simulation = await closed.startSimulation(
    'overridden',
    world(`s3://${closed.bucket}/app.zip`),
  )
  for (const [index, program] of [
    join(closed.data, 'logs/mine/app.ts'),
    join(folder, 'to-data/app.ts'),
    '../../../../logs/mine/app.ts',
  ].entries()) {
    await simulation.startApp('Views', `view-${index}`, [program])
    await simulation.appIs('Views', `view-${index}`, 'ERROR')
    await simulation.saysError(new RegExp(`view-${index} .*Heddle keeps its own files there`))
  }
  await simulation.stop()
})

test('callers can use packages in folders that the operator lists, and no others', async () => {
  for (const [name, location] of [
    ['folder', join(folder, 'apps/idle')],
    ['zip', `file://${folder}/apps/idle.zip`],
  ]) {
    const simulation = await listing.startSimulation(name, world(location))
    await simulation.stop()
  }
  for (const [index, location] of [
    join(folder, 'private'),
    join(folder, 'apps/way-out'),
    `${folder}/apps/../private`,
    join(listing.data, 'objects'),
    '/etc',
    '/no/such/place',
  ].entries()) {
    const [error] = await (
      await listing.beginSimulation(`outside-${index}`, world(location))
    ).fails()
    assert.equal(error.errorType, 'PackageInvalid')
    assert.match(
      error.errorMessage,
      /in none of the folders of this host that packages may be taken from/,
    )
  }
})
