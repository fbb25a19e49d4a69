import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OutputOf } from './operations.ts'
import { outputText } from './serialize.ts'

const ARN = 'arn:aws:simspaceweaver:us-west-2:111122223333:simulation/world'

test('timestamps are seconds with fractions', () => {
  const output = { Arn: ARN, CreationTime: new Date(1_664_921_418_090), ExecutionId: 'id' }
  assert.equal(
    outputText('StartSimulation', output),
    `{"Arn":"${ARN}","CreationTime":1664921418.09,"ExecutionId":"id"}`,
  )
})

test('members with no value are left out at every depth', () => {
  const output: OutputOf<'DescribeApp'> = {
    Domain: 'd',
    Name: 'n',
    Simulation: 's',
    Status: 'STARTED',
    TargetStatus: 'STARTED',
    Description: undefined,
    LaunchOverrides: { LaunchCommands: undefined },
  }
  assert.deepEqual(JSON.parse(outputText('DescribeApp', output)), {
    Domain: 'd',
    LaunchOverrides: {},
    Name: 'n',
    Simulation: 's',
    Status: 'STARTED',
    TargetStatus: 'STARTED',
  })
})

test('empty lists, empty texts and zeros are values', () => {
  assert.equal(outputText('ListApps', { Apps: [] }), '{"Apps":[]}')
  assert.equal(outputText('ListTagsForResource', { Tags: { a: '' } }), '{"Tags":{"a":""}}')
})

test('an operation with no output answers an empty object', () => {
  assert.equal(outputText('StopClock', {}), '{}')
})

test('what the table does not name is never written', () => {
  const row = {
    Arn: ARN,
    CreationTime: new Date(0),
    Name: 'n',
    Status: 'STARTED',
    TargetStatus: 'STARTED',
  } as const
  const withSecret = { ...row, secret: 'x' }
  assert.ok(!outputText('ListSimulations', { Simulations: [withSecret] }).includes('secret'))
})
