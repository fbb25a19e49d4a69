// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policies hold such text
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { evaluate, evaluateBelow } from './evaluate.ts'
import { parsePolicy } from './policy.ts'
import { RequestContext } from './request-context.ts'

const BUCKET = 'arn:aws:s3:::bucket/'

function policyOf(...statements: Record<string, unknown>[]) {
  const parsed = parsePolicy({ Version: '2012-10-17', Statement: statements })
  assert.ok('policy' in parsed, JSON.stringify(parsed))
  return parsed.policy
}

function mayBelow(
  statements: Record<string, unknown>[],
  session?: Record<string, unknown>[],
): boolean {
  const context = new RequestContext({ 'aws:username': 'ann', 'aws:SourceIp': '10.0.0.1' })
  const request = { action: 's3:DeleteObject', resource: BUCKET, context }
  const sessionPolicy = session && policyOf(...session)
  return evaluateBelow(request, {
    policies: [policyOf(...statements)],
    ...(sessionPolicy && { sessionPolicy }),
  }).allowed
}

const allow = (Resource: string, more: object = {}) => ({
  Effect: 'Allow',
  Action: 's3:*',
  Resource,
  ...more,
})
const deny = (Resource: string, more: object = {}) => ({
  Effect: 'Deny',
  Action: 's3:*',
  Resource,
  ...more,
})

test('some of what is below may be allowed wherever an Allow reaches it', () => {
  const reaching = [
    '*',
    'arn:*',
    'arn:aws:s3:::*',
    'arn:aws:s3:::bucket/*',
    'arn:aws:s3:::bucket/a/b',
    'arn:aws:s3:::b?cket/x*',
  ]
  for (const resource of [
    ...reaching,
    'arn:aws:s3:::*/ann/*',
    'arn:aws:s3:::bucket/${aws:username}',
  ]) {
    assert.equal(mayBelow([allow(resource)]), true, resource)
  }
  const others = [
    'arn:aws:s3:::bucket',
    'arn:aws:s3:::buckets/*',
    'arn:aws:s3:::${aws:username}*',
    'arn:aws:sns:*',
  ]
  for (const resource of others) assert.equal(mayBelow([allow(resource)]), false, resource)
  assert.equal(mayBelow([allow('*', { Action: 's3:Get*' })]), false)
  assert.equal(mayBelow([]), false)
})

test('a Deny of every resource allows none of them, and a Deny of some leaves the rest', () => {
  for (const resource of ['*', 'arn:aws:s3:::*', 'arn:aws:s3:::bucket/*', 'arn:aws:s3:::buck*']) {
    assert.equal(mayBelow([allow('*'), deny(resource)]), false, resource)
  }
  for (const resource of [
    'arn:aws:s3:::bucket/a*',
    'arn:aws:s3:::bucket',
    'arn:aws:s3:::*.zip',
    'arn:aws:s3:::other/*',
  ]) {
    assert.equal(mayBelow([allow('*'), deny(resource)]), true, resource)
  }
  const elsewhere = { Condition: { NotIpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } }
  assert.equal(mayBelow([allow('*'), deny('*', elsewhere)]), true)
  assert.equal(mayBelow([allow('*', elsewhere)]), false)
})

test('what is left out of a statement counts the other way round', () => {
  const but = (Effect: string, NotResource: string) => ({ Effect, Action: 's3:*', NotResource })
  assert.equal(mayBelow([but('Allow', 'arn:aws:s3:::bucket/*')]), false)
  assert.equal(mayBelow([but('Allow', 'arn:aws:s3:::bucket/secret/*')]), true)
  assert.equal(mayBelow([allow('*'), but('Deny', 'arn:aws:s3:::other/*')]), false)
  assert.equal(mayBelow([allow('*'), but('Deny', 'arn:aws:s3:::bucket/mine/*')]), true)
})

test('a session narrows it', () => {
  assert.equal(mayBelow([allow('*')], [allow('arn:aws:s3:::other/*')]), false)
  assert.equal(mayBelow([allow('*')], [allow('arn:aws:s3:::bucket/a')]), true)
  assert.equal(mayBelow([allow('*')], [allow('*'), deny('*')]), false)
})

test('whoever is denied it is allowed no key, whatever the statements', () => {
  const resource = fc.constantFrom(
    '*', 'arn:aws:s3:::*', 'arn:aws:s3:::bucket/*', 'arn:aws:s3:::bucket/a*', 'arn:aws:s3:::*a',
    'arn:aws:s3:::b*/?', 'arn:aws:s3:::bucket/${aws:username}',
  ) // biome-ignore format: a list
  const statement = fc.record({
    Effect: fc.constantFrom('Allow', 'Deny'),
    Action: fc.constantFrom('s3:*', 's3:DeleteObject', 's3:GetObject'),
    name: fc.constantFrom('Resource', 'NotResource'),
    resource,
  })
  const key = fc.constantFrom('a', 'b', 'ann', 'a/b', 'xa', '')
  fc.assert(
    fc.property(fc.array(statement, { maxLength: 4 }), key, (statements, name) => {
      const written = statements.map(({ Effect, Action, name, resource }) => ({
        Effect,
        Action,
        [name]: resource,
      }))
      const context = new RequestContext({ 'aws:username': 'ann', 'aws:SourceIp': '10.0.0.1' })
      const request = { action: 's3:DeleteObject', resource: BUCKET + name, context }
      const isAllowed = evaluate(request, { policies: [policyOf(...written)] }).allowed
      if (isAllowed) assert.ok(mayBelow(written), JSON.stringify(written))
    }),
  )
})
