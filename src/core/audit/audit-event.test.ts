import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AuditedCall, auditEvent } from './audit-event.ts'

const call: AuditedCall = {
  service: 'simspaceweaver',
  operation: 'StartSimulation',
  readOnly: false,
  timeMs: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
  requestId: 'request',
  eventId: 'event',
  region: 'us-west-2',
  accountId: '111122223333',
  sourceAddress: '127.0.0.1',
  userAgent: 'aws-cli/1',
  caller: { accessKeyId: 'AKIATEST', arn: 'arn:aws:iam::111122223333:user/teams/alice' },
  input: {
    Name: 'a',
    ClientToken: 'secret-secret',
    Tags: { Team: 'loom', ClientToken: 'a tag' },
    SchemaS3Location: { BucketName: 'b' },
  },
  output: { Arn: 'arn', CreationTime: new Date(0), ExecutionId: 'x' },
}

test('the record of a change has all of CloudTrail’s members, but no token', () => {
  assert.deepEqual(JSON.parse(JSON.stringify(auditEvent(call))), {
    eventVersion: '1.11',
    userIdentity: {
      type: 'IAMUser',
      principalId: 'AKIATEST',
      arn: 'arn:aws:iam::111122223333:user/teams/alice',
      accountId: '111122223333',
      accessKeyId: 'AKIATEST',
      userName: 'alice',
    },
    eventTime: '2026-01-02T03:04:05Z',
    eventSource: 'simspaceweaver.amazonaws.com',
    eventName: 'StartSimulation',
    awsRegion: 'us-west-2',
    sourceIPAddress: '127.0.0.1',
    userAgent: 'aws-cli/1',
    requestParameters: {
      Name: 'a',
      ClientToken: 'HIDDEN_DUE_TO_SECURITY_REASONS',
      Tags: { Team: 'loom', ClientToken: 'a tag' },
      SchemaS3Location: { BucketName: 'b' },
    },
    responseElements: { Arn: 'arn', CreationTime: '1970-01-01T00:00:00.000Z', ExecutionId: 'x' },
    requestID: 'request',
    eventID: 'event',
    readOnly: false,
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: '111122223333',
    eventCategory: 'Management',
  })
})

test('what was only read, and what was refused, leaves no answer', () => {
  assert.equal(auditEvent({ ...call, readOnly: true }).responseElements, null)
  const refused = auditEvent({ ...call, error: { code: 'ConflictException', message: 'taken' } })
  assert.equal(refused.responseElements, null)
  assert.equal(refused.errorCode, 'ConflictException')
  assert.equal(refused.errorMessage, 'taken')
})

test('a caller whose signature was not accepted is unknown, with the key that it claimed', () => {
  const { caller: _caller, ...unknown } = call
  assert.deepEqual(auditEvent({ ...unknown, claimedAccessKeyId: 'AKIAWHO' }).userIdentity, {
    type: 'Unknown',
    accessKeyId: 'AKIAWHO',
  })
  assert.deepEqual(auditEvent(unknown).userIdentity, { type: 'Unknown' })
})

test('identities of other kinds are named as CloudTrail names them', () => {
  const type = (arn: string) =>
    auditEvent({ ...call, caller: { accessKeyId: 'A', arn } }).userIdentity.type
  assert.equal(type('arn:aws:iam::111122223333:root'), 'Root')
  assert.equal(type('arn:aws:sts::111122223333:assumed-role/r/s'), 'AssumedRole')
  assert.equal(type('arn:aws:sts::111122223333:federated-user/s'), 'FederatedUser')
})

test('parameters that are very long are left out', () => {
  const { requestParameters } = auditEvent({
    ...call,
    input: { LaunchCommands: ['x'.repeat(200_000)] },
  })
  assert.equal((requestParameters as { omitted: boolean }).omitted, true)
})
