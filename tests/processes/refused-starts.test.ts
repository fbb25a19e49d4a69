import assert from 'node:assert/strict'
import { test } from 'node:test'
import { after, before } from '../../src/base/testing/hooks.ts'
import { type Heddle, startHeddle } from '../support/heddle.ts'
import { buildPackage, packageOf, schema } from '../support/packages.ts'
import type { StartErrorEntry } from '../support/simulation.ts'
import { waitFor } from '../support/waiting.ts'

let heddle: Heddle
before(async () => {
  heddle = await startHeddle()
  await heddle.put('good.zip', await packageOf('idle.ts'))
  await heddle.put('parent.zip', await buildPackage({ 'app.ts': '', '../escaped.txt': 'no' }))
  await heddle.put(
    'deep.zip',
    await buildPackage({ 'app.ts': '', 'folder/../../../escaped.txt': 'no' }),
  )
  await heddle.put('absolute.zip', await buildPackage({ 'app.ts': '', '/tmp/escaped.txt': 'no' }))
  await heddle.put('text.zip', 'this is no zip')
})
after(() => heddle?.stop())

let count = 0
/** Starts a simulation that can't start, and returns the reasons; nothing of it may be left. */
async function refusal(schemaText: string): Promise<StartErrorEntry[]> {
  const simulation = await heddle.beginSimulation(`refused-${++count}`, schemaText)
  const errors = await simulation.fails()
  await simulation.leavesNothing()
  assert.ok(errors.length > 0, 'a StartError says why')
  return errors
}

function onePackage(key: string): string {
  const location = key.includes(':') ? key : `s3://${heddle.bucket}/${key}`
  return schema({
    domains: { Cells: { kind: 'spatial', grid: [1, 1], command: 'app.ts', package: location } },
  })
}

function oneCommand(command: string | string[]): string {
  return schema({ domains: { Cells: { kind: 'spatial', grid: [2, 1], command } } })
}

test('a good package starts, so the rejections below have their own reasons', async () => {
  const text = schema({
    domains: {
      Cells: {
        kind: 'spatial',
        grid: [1, 1],
        command: 'app.ts',
        package: `s3://${heddle.bucket}/good.zip`,
      },
    },
  })
  const simulation = await heddle.startSimulation('good', text)
  await waitFor(() => simulation.output('Cells').includes('idle Cells-0-0'), 'the app to speak')
  await simulation.stop()
})

for (const [what, change, expected] of [
  ['is no YAML', (text: string) => `${text}\n  - : [`, /line \d+, column \d+/],
  [
    'has an unknown property',
    (text: string) => text.replace('tick_rate:', 'tick_rat:'),
    /tick_rat/,
  ],
  ['lacks a property', (text: string) => text.replace(/clock:\n.*\n/, ''), /clock/],
  ['is empty', () => '', /empty|schema/],
] as const) {
  test(`a schema that ${what} is refused with what is wrong and where`, async () => {
    const [error] = await refusal(change(oneCommand('idle.ts')))
    assert.equal(error.errorType, 'SchemaFormatInvalid')
    assert.match(error.errorMessage, expected)
  })
}

test('a missing schema, bucket or package is named', async () => {
  const missing = [
    { BucketName: heddle.bucket, ObjectKey: 'no-such.yaml' },
    { BucketName: 'no-such-bucket', ObjectKey: 'world.yaml' },
  ]
  for (const SchemaS3Location of missing) {
    const simulation = await heddle.begin(`missing-${++count}`, { SchemaS3Location })
    const [error] = await simulation.fails()
    assert.equal(error.errorType, 'SchemaNotFound')
    assert.match(
      error.errorMessage,
      new RegExp(`${SchemaS3Location.BucketName}.*${SchemaS3Location.ObjectKey}`),
    )
    await simulation.leavesNothing()
  }
  const [error] = await refusal(onePackage('no-such.zip'))
  assert.equal(error.errorType, 'PackageNotFound')
  assert.match(error.errorMessage, /domain 'Cells'.*test-bucket.*no-such\.zip/)
  const [elsewhere] = await refusal(onePackage('s3://no-such-bucket/app.zip'))
  assert.match(elsewhere.errorMessage, /no-such-bucket/)
})

for (const [key, expected] of [
  ['parent.zip', /\.\.\/escaped\.txt/],
  ['deep.zip', /folder\/\.\.\/\.\.\/\.\.\/escaped\.txt/],
  ['absolute.zip', /\/tmp\/escaped\.txt/],
  ['text.zip', /text\.zip.*zip/],
] as const) {
  test(`the package ${key} is refused`, async () => {
    const [error] = await refusal(onePackage(key))
    assert.equal(error.errorType, 'PackageInvalid')
    assert.match(error.errorMessage, /domain 'Cells'/)
    assert.match(error.errorMessage, expected)
  })
}

test('an app that exits at once fails the start, with its name and exit code', async () => {
  for (const code of [0, 3]) {
    const [error] = await refusal(oneCommand(`faulty.ts exit ${code}`))
    assert.equal(error.errorType, 'AppFailed')
    assert.match(error.errorMessage, new RegExp(`'Cells-[01]-0'.*'Cells'.*code ${code}\\b`))
  }
})

test('a launch command that does not exist is named', async () => {
  const [error] = await refusal(oneCommand(['no-such-program', '--option']))
  assert.match(error.errorMessage, /'Cells-[01]-0'.*no-such-program/)
})

test('a schema that fits no arrangement on the workers is rejected', async () => {
  const text = schema({ domains: { Cells: { kind: 'spatial', grid: [5, 5], command: 'idle.ts' } } })
  const [error] = await refusal(text)
  assert.equal(error.errorType, 'SchemaFormatInvalid')
  assert.match(error.errorMessage, /worker/)
})

test('an app that never connects can be stopped while the simulation starts', async () => {
  const simulation = await heddle.beginSimulation('never', oneCommand('faulty.ts never'))
  await simulation.appPid('Cells', 'Cells-1-0')
  assert.equal((await simulation.describe()).Status, 'STARTING')
  await assert.rejects(simulation.startClock(), { code: 'ConflictException' })
  await simulation.stop()
})

test('a maximum duration of 0 ends the simulation as soon as it has started', async () => {
  const simulation = await heddle.beginSimulation('short', oneCommand('idle.ts'), {
    MaximumDuration: '0M',
  })
  const { TargetStatus } = await simulation.is('STOPPED')
  assert.equal(TargetStatus, 'STARTED')
  assert.ok(simulation.log('/sim/management').some((line) => line.endsWith('simulation=STARTED')))
  await simulation.leavesNothing()
})
