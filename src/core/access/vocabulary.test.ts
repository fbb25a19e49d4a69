// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policies hold such text
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OPERATION_NAMES } from '../api/operations.ts'
import { parsePolicy } from './policy.ts'

type Source = Record<string, unknown>

const ALLOW = { Effect: 'Allow', Action: '*', Resource: '*' }
const DENY = { ...ALLOW, Effect: 'Deny' }

/** Where and why a policy of one statement is refused; undefined if it is accepted. */
function faultOf(statement: Source): string | undefined {
  const parsed = parsePolicy({ Version: '2012-10-17', Statement: statement })
  return 'fault' in parsed
    ? `${parsed.fault.path.slice(1).join('.')}: ${parsed.fault.reason}`
    : undefined
}

const condition = (key: string, value: unknown = 'x', operator = 'StringEquals') => ({
  Condition: { [operator]: { [key]: value } },
})

test('all actions of Heddle and all other actions of AWS are known, in any case', () => {
  const own = OPERATION_NAMES.map((name) => `simspaceweaver:${name}`)
  const s3 = [
    's3:GetObject',
    's3:ListBucket',
    's3:GetObjectVersion',
    's3:PutObjectAcl',
    's3:GetBucketVersioning',
  ]
  const others = [
    'heddle:ReadMetrics',
    'sts:GetCallerIdentity',
    'logs:PutLogEvents',
    'ec2:*',
    'iam:PassRole',
  ]
  const wild = [
    '*',
    '*:*',
    's3:*',
    's3:Get*',
    's3:*Object',
    'S3:getobject',
    'simspaceweaver:St?pClock',
    'heddle:Read*',
  ]
  for (const action of [...own, ...s3, ...others, ...wild]) {
    for (const statement of [ALLOW, DENY])
      assert.equal(faultOf({ ...statement, Action: action }), undefined, action)
  }
})

test('an action that does not exist is refused with its place and the nearest one', () => {
  const cases: [string, RegExp][] = [
    [
      'simspaceweaver:StartClok',
      /no action is called 'simspaceweaver:StartClok' .*"simspaceweaver:StartClock"/,
    ],
    ['simspaceweaver:StopSimulations', /"simspaceweaver:StopSimulation"/],
    ['simspaceweaver:Delte*', /"simspaceweaver:Delet\*"/],
    ['simspaceweaver:*Snapshots', /no action is called/],
    ['s3:GetObjct', /"s3:GetObject"/],
    ['s3:HeadObject', /no action is called 's3:HeadObject'/],
    ['s3:StartClock', /no action/],
    ['heddle:ReadMetric', /"heddle:ReadMetrics"/],
    ['simspaceweave:StartClock', /no service 'simspaceweave' .*"simspaceweaver"/],
    ['hedle:*', /"heddle"/],
    ['simspace-weaver:*', /"simspaceweaver"/],
  ]
  for (const [action, reason] of cases) {
    for (const element of ['Action', 'NotAction']) {
      for (const { Action: _, ...statement } of [ALLOW, DENY]) {
        const fault = faultOf({ ...statement, [element]: ['s3:GetObject', action] })
        assert.match(fault ?? '', reason, action)
        assert.ok(fault?.startsWith(`${element}.1: `), fault)
      }
    }
  }
})

test('keys that Heddle sets are good in every statement whose actions have them', () => {
  const everywhere = [
    'aws:username', 'aws:PrincipalArn', 'aws:PrincipalAccount', 'aws:PrincipalType',
    'aws:SourceIp', 'aws:CurrentTime',
    'aws:EpochTime', 'aws:RequestedRegion', 'aws:TokenIssueTime', 'aws:SecureTransport',
    'AWS:USERNAME',
    'aws:ResourceAccount', 'aws:ViaAWSService', 'aws:PrincipalIsAWSService',
  ] // biome-ignore format: a list
  const some: [string, string[]][] = [
    ['aws:ResourceTag/team', ['*', 'simspaceweaver:StopClock', 'simspaceweaver:TagResource']],
    ['aws:RequestTag/Team/a', ['*', 'simspaceweaver:StartSimulation', 'simspaceweaver:*']],
    ['aws:TagKeys', ['simspaceweaver:UntagResource', 'simspaceweaver:Tag*']],
    ['s3:prefix', ['s3:*', 's3:ListBucket']],
    ['s3:max-keys', ['s3:List*']],
  ]
  for (const key of everywhere) {
    for (const statement of [ALLOW, DENY]) {
      assert.equal(
        faultOf({ ...statement, ...condition(key, 'x', 'StringNotEquals') }),
        undefined,
        key,
      )
    }
  }
  for (const [key, actions] of some) {
    for (const action of actions)
      assert.equal(faultOf({ ...DENY, Action: action, ...condition(key) }), undefined, key)
  }
})

test('a Deny whose actions never have its key is refused, and an Allow is not', () => {
  const cases: [string, Source][] = [
    ['s3:prefix', { Action: 's3:GetObject' }],
    ['aws:ResourceTag/team', { Action: 's3:*' }],
    [
      'aws:ResourceTag/team',
      { Action: ['simspaceweaver:StartSimulation', 'simspaceweaver:ListSimulations'] },
    ],
    ['aws:RequestTag/team', { Action: 'simspaceweaver:UntagResource' }],
    ['aws:TagKeys', { Action: undefined, NotAction: 'simspaceweaver:*' }],
  ]
  for (const [key, actions] of cases) {
    assert.match(
      faultOf({ ...DENY, ...actions, ...condition(key) }) ?? '',
      /no action of this Deny has/,
      key,
    )
    assert.equal(faultOf({ ...ALLOW, ...actions, ...condition(key) }), undefined, key)
  }
})

test('an unknown condition key is refused in every statement, with the nearest one', () => {
  const cases: [string, RegExp][] = [
    ['aws:SourceIP4', /no condition key 'aws:SourceIP4' \(did you mean "aws:SourceIp"\?\)/],
    ['aws:UserName1', /"aws:username"/],
    ['aws:ResourceTags/team', /"aws:ResourceTag\/team"/],
    ['aws:RequestTag', /"aws:RequestTag\/tag"/],
    ['aws:RequestTag/', /"aws:RequestTag\/tag"/],
    ['aws:TagKey', /"aws:TagKeys"/],
    ['aws:username/x', /no condition key/],
    ['s3:prefx', /"s3:prefix"/],
    ['s3:maxkeys', /"s3:max-keys"/],
    ['aws:SourceVcp', /"aws:SourceVpc"/],
    ['simspaceweaver:Name', /no condition key/],
    ['heddle:user', /no condition key/],
    ['username', /no condition key/],
  ]
  for (const [key, reason] of cases) {
    for (const statement of [ALLOW, DENY]) {
      const fault = faultOf({ ...statement, ...condition(key) }) ?? ''
      assert.match(fault, reason, key)
      assert.ok(fault.startsWith(`Condition.StringEquals.${key}: `), fault)
    }
  }
  assert.match(
    faultOf({ ...DENY, ...condition('aws:Sourceip ', true, 'Null') }) ?? '',
    /"aws:SourceIp"/,
  )
})

test('a Deny cannot use a key that Heddle does not know, but an Allow can', () => {
  const keys = [
    'aws:MultiFactorAuthPresent', 'aws:PrincipalTag/team', 'aws:PrincipalOrgID', 'aws:SourceVpc',
    'aws:UserAgent',
    's3:x-amz-acl', 's3:ExistingObjectTag/a', 's3:signatureversion', 'kms:ViaService', 'saml:sub',
    'accounts.google.com:aud',
  ] // biome-ignore format: a list
  for (const key of keys) {
    for (const operator of [
      'StringEquals',
      'StringNotEquals',
      'StringEqualsIfExists',
      'ForAnyValue:StringLike',
    ]) {
      const asked = condition(key, 'x', operator)
      assert.match(
        faultOf({ ...DENY, ...asked }) ?? '',
        /Heddle never sets .*this Deny would not deny/,
        key,
      )
      assert.equal(faultOf({ ...ALLOW, ...asked }), undefined, key)
    }
    assert.match(faultOf({ ...DENY, ...condition(key, true, 'Null') }) ?? '', /never sets/, key)
  }
})

test('variables are held to the same, in resources and in conditions', () => {
  const home = (variable: string) => `arn:aws:s3:::home/\${${variable}}/*`
  for (const statement of [ALLOW, DENY]) {
    assert.equal(faultOf({ ...statement, Resource: home('aws:username') }), undefined)
    assert.equal(faultOf({ ...statement, Resource: 'arn:aws:s3:::${*}${?}${$}' }), undefined)
    assert.match(
      faultOf({ ...statement, Resource: home('aws:usrname') }) ?? '',
      /^Resource: .*"aws:username"/,
    )
    assert.match(faultOf({ ...statement, Resource: home('aws:TagKeys') }) ?? '', /several values/)
    assert.match(faultOf({ ...statement, Resource: home('') }) ?? '', /no name/)
    assert.match(
      faultOf({ ...statement, Resource: 'arn:aws:s3:::home/${aws:username' }) ?? '',
      /no end/,
    )
    const mine = condition('aws:RequestTag/owner', ['x', '${aws:userName2}'])
    assert.match(
      faultOf({ ...statement, ...mine }) ?? '',
      /^Condition.StringEquals.aws:RequestTag\/owner.1: /,
    )
  }
  const team = home("aws:PrincipalTag/team, 'none'")
  assert.equal(faultOf({ ...ALLOW, Resource: team }), undefined)
  assert.match(faultOf({ ...DENY, Resource: team }) ?? '', /^Resource: Heddle never sets/)
  assert.match(
    faultOf({ ...DENY, Resource: undefined, NotResource: team }) ?? '',
    /^NotResource: Heddle never sets/,
  )
})

test('an operator that can say nothing about a key is refused, and all that can are taken', () => {
  const bad: [operator: string, key: string, value: unknown, reason: RegExp][] = [
    [
      'IpAddress',
      'aws:username',
      '10.0.0.1',
      /'aws:username' is compared as text, and this operator compares addresses/,
    ],
    ['Bool', 'aws:SourceIp', true, /compared as addresses or text, .* booleans/],
    ['NumericEquals', 'aws:PrincipalAccount', 1, /compares numbers/],
    ['DateLessThan', 's3:max-keys', '2026-01-01', /compares dates/],
    ['NotIpAddressIfExists', 'aws:CurrentTime', '10.0.0.1', /compared as dates or text/],
    ['ArnLike', 'aws:username', 'arn:aws:iam::*:user/ann', /compares ARNs/],
    [
      'StringEquals',
      'aws:SourceIp',
      ['10.0.0.1', '10.0.0.0/8'],
      /'10.0.0.0\/8' is a range of addresses/,
    ],
    ['ForAnyValue:StringNotLike', 'aws:SourceIp', '10.0.0.*/8', /IpAddress/],
  ]
  for (const [operator, key, value, reason] of bad) {
    for (const statement of [ALLOW, DENY]) {
      assert.match(
        faultOf({ ...statement, ...condition(key, value, operator) }) ?? '',
        reason,
        operator,
      )
    }
  }
  const good: [operator: string, key: string, value: unknown][] = [
    ['IpAddress', 'aws:SourceIp', '10.0.0.0/8'],
    ['StringLike', 'aws:SourceIp', '10.0.*'],
    ['Bool', 'aws:SecureTransport', false],
    ['StringEquals', 'aws:ViaAWSService', 'false'],
    ['NumericGreaterThan', 'aws:EpochTime', 1_700_000_000],
    ['DateGreaterThan', 'aws:EpochTime', '2026-01-01'],
    ['DateLessThanIfExists', 'aws:TokenIssueTime', '2026-01-01'],
    ['StringLike', 'aws:CurrentTime', '2026-*'],
    ['ArnLike', 'aws:PrincipalArn', 'arn:aws:iam::*:user/ann'],
    ['StringLike', 'aws:PrincipalArn', '*user/ann'],
    ['NumericLessThan', 's3:max-keys', 5],
    ['Null', 'aws:SourceIp', true],
    ['BinaryEquals', 'aws:username', 'QQ=='],
    ['NumericLessThan', 'aws:ResourceTag/cost', 5],
    ['IpAddress', 'aws:RequestTag/home', '10.0.0.0/8'],
  ]
  for (const [operator, key, value] of good) {
    assert.equal(
      faultOf({ ...DENY, ...condition(key, value, operator) }),
      undefined,
      `${operator} ${key}`,
    )
  }
})
