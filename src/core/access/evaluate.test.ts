// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policies hold such text
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { denialMessage, evaluate } from './evaluate.ts'
import { matchesPattern, parsePattern, resourcePattern } from './pattern.ts'
import { type Policy, parsePolicy } from './policy.ts'
import { type ContextValues, RequestContext } from './request-context.ts'

const WORLD = 'arn:aws:simspaceweaver:us-west-2:111122223333:simulation/world'
const START = 'simspaceweaver:StartClock'

type Source = Record<string, unknown>

/** A policy of the given statements. Each allows everything unless it says otherwise. */
function policyOf(...statements: Source[]): Policy {
  const Statement = statements.map((statement) => ({
    Effect: 'Allow',
    ...('NotAction' in statement ? {} : { Action: '*' }),
    ...('NotResource' in statement ? {} : { Resource: '*' }),
    ...statement,
  }))
  const parsed = parsePolicy({ Version: '2012-10-17', Statement })
  assert.ok('policy' in parsed, JSON.stringify(parsed))
  return parsed.policy
}

function decide(
  policies: Source[] | Policy[],
  asked: { action?: string; resource?: string; values?: ContextValues; session?: Policy } = {},
) {
  const grants = policies.map((each) =>
    'statements' in each ? (each as Policy) : policyOf(each as Source),
  )
  const { action = START, resource = WORLD, values = {}, session } = asked
  const context = new RequestContext(values)
  const request = { action, resource, context }
  return evaluate(request, { policies: grants, ...(session && { sessionPolicy: session }) })
}

const allows = (statement: Source, asked: Parameters<typeof decide>[1] = {}) =>
  decide([statement], asked).allowed

/** Whether an Allow with this condition applies. */
const holds = (condition: Source, values: ContextValues = {}) =>
  allows({ Condition: condition }, { values })

test('what nobody allows is denied', () => {
  assert.deepEqual(decide([]), { allowed: false, why: 'noAllow' })
  assert.equal(allows({ Action: 's3:*' }), false)
  assert.equal(allows({}), true)
})

test('a deny wins over every allow, wherever it stands, and is named', () => {
  const decision = decide([
    policyOf({}),
    policyOf({ Action: 's3:*' }, { Effect: 'Deny', Action: START }),
  ])
  assert.deepEqual(decision, {
    allowed: false,
    why: 'explicitDeny',
    by: { policy: 1, statement: 1 },
  })
})

test('a session policy narrows and never widens', () => {
  const reading = policyOf({ Action: 'simspaceweaver:Describe*' })
  const everything = policyOf({})
  const describe = { action: 'simspaceweaver:DescribeApp' }
  assert.equal(decide([reading], { ...describe, session: everything }).allowed, true)
  assert.equal(decide([reading], { session: everything }).allowed, false)
  assert.deepEqual(decide([everything], { session: reading }), {
    allowed: false,
    why: 'noSessionAllow',
  })
  const denying = policyOf({}, { Effect: 'Deny' })
  assert.deepEqual(decide([everything], { session: denying }), {
    allowed: false,
    why: 'explicitDeny',
    by: { policy: 'session', statement: 1 },
  })
})

test('actions match whatever their case, with wildcards, and NotAction is about all others', () => {
  for (const action of [
    '*',
    'simspaceweaver:*',
    'SimSpaceWeaver:startclock',
    'simspaceweaver:Start?lock',
    '*:*',
  ]) {
    assert.equal(allows({ Action: action }), true, action)
  }
  for (const action of [
    'simspaceweaver:StartApp',
    'simspaceweaver:St?pClock',
    's3:*',
    'simspaceweaver:Stop*',
  ]) {
    assert.equal(allows({ Action: [action] }), false, action)
  }
  assert.equal(allows({ NotAction: 'simspaceweaver:Delete*' }), true)
  assert.equal(allows({ NotAction: ['simspaceweaver:Delete*', 'simspaceweaver:StartC*'] }), false)
})

test('resources match with their case, and NotResource is about all others', () => {
  const fitting = [
    '*',
    WORLD,
    'arn:aws:simspaceweaver:*:*:simulation/w?rl*',
    'arn:aws:simspaceweaver:*',
    'arn:*',
  ]
  for (const resource of fitting) assert.equal(allows({ Resource: resource }), true, resource)
  const others = [
    WORLD.replace('us-west-2', 'US-WEST-2'),
    'arn:aws:*:world',
    `${WORLD}s`,
    'arn:aws:s3:::*',
  ]
  for (const resource of others) assert.equal(allows({ Resource: resource }), false, resource)
  assert.equal(allows({ NotResource: 'arn:aws:s3:::*' }), true)
  assert.equal(allows({ NotResource: '*' }), false)
  const key = 'arn:aws:s3:::bucket/a/b:c'
  assert.equal(allows({ Resource: 'arn:aws:s3:::bucket/*' }, { resource: key }), true)
  assert.equal(allows({ Resource: 'arn:aws:s3:::bucket/a/*:c' }, { resource: key }), true)
  assert.equal(allows({ Resource: 'arn:aws:s3:::bucket' }, { resource: key }), false)
  assert.equal(
    allows({ Resource: 'arn:aws:simspaceweaver:*:*:simulation/*' }, { resource: '*' }),
    false,
  )
})

// IAM, Resource: "If the * wildcard is the last character of a resource ARN segment, it can expand
// to match beyond the colon boundaries."
test('a * at the end of a resource segment matches colons, other wildcards do not', () => {
  const fitting = [
    'arn:aws:*:simulation/world',
    'arn:aws:simspaceweaver:*:simulation/w*',
    'arn:aws:simspaceweaver:us-*:simulation/world',
    'arn:*:simulation/wor?d',
    'arn:aws:sim*r:u?-west-2:*:simulation/*ld',
  ]
  for (const resource of fitting) {
    assert.equal(allows({ Resource: resource }), true, resource)
    assert.equal(decide([{}, { Effect: 'Deny', Resource: resource }]).allowed, false, resource)
    assert.equal(allows({ NotResource: resource }), false, resource)
  }
  const others = [
    'arn:aws:simspaceweaver:*/world',
    'arn:aws:*2:simulation/world',
    'arn:aws:simspaceweaver:us-west-2?111122223333:simulation/world',
    'arn:aws:simspaceweaver:*-west-2:simulation/world',
    'arn:aws:*:simulation/moon',
  ]
  for (const resource of others) assert.equal(allows({ Resource: resource }), false, resource)
  const key = 'arn:aws:s3:::bucket/a:b:c'
  for (const resource of [
    'arn:aws:s3:*:c',
    'arn:aws:s3:::*/a?b*c',
    'arn:aws:s3:::*:c',
    'arn:aws:*:b:c',
  ]) {
    assert.equal(allows({ Resource: resource }, { resource: key }), true, resource)
  }
})

// IAM, ARNs: an ARN with fewer than six parts has a wildcard for each missing part.
test('an ARN without its last parts matches any values for them, in Allow and in Deny', () => {
  const object = 'arn:aws:s3:::bucket/a:b'
  const cases: [pattern: string, resource: string, fits: boolean][] = [
    ['arn:aws:simspaceweaver', WORLD, true],
    ['arn:aws:simspaceweaver:', WORLD, false],
    ['arn:aws:simspaceweaver:us-west-2', WORLD, true],
    ['arn:aws:simspaceweaver:us-east-1', WORLD, false],
    ['arn:aws:simspaceweaver:us-west-2:111122223333', WORLD, true],
    ['arn:aws:simspaceweaver:us-west-2:222222222222', WORLD, false],
    ['arn:aws:simspace*', WORLD, true],
    ['arn:aws:sim?paceweaver', WORLD, true],
    ['arn:aws', WORLD, true],
    ['arn:*:simspaceweaver', WORLD, true],
    ['arn:*:s3', WORLD, false],
    ['arn:aws:s3', object, true],
    ['arn:aws:s3:', object, true],
    ['arn:aws:s3::', object, true],
    ['arn:aws:s3:::*', object, true],
    ['arn:aws:s3:us-west-2', object, false],
    ['arn:*:s3', object, true],
    ['arn:aws:simspaceweaver', '*', false],
  ]
  for (const [pattern, resource, fits] of cases) {
    assert.equal(allows({ Resource: pattern }, { resource }), fits, `${pattern} ${resource}`)
    const denied = decide([{}, { Effect: 'Deny', Resource: pattern }], { resource })
    assert.equal(denied.allowed, !fits, `Deny ${pattern} ${resource}`)
    assert.equal(
      allows({ NotResource: pattern }, { resource }),
      !fits,
      `not ${pattern} ${resource}`,
    )
  }
})

test('variables stand for text of the request, never for a pattern', () => {
  const home = { Resource: 'arn:aws:s3:::home/${aws:username}/*' }
  const asked = (username: string, key: string) => ({
    resource: `arn:aws:s3:::home/${key}`,
    values: { 'aws:username': username },
  })
  assert.equal(allows(home, asked('ann', 'ann/x')), true)
  assert.equal(allows(home, asked('ann', 'bob/x')), false)
  assert.equal(allows(home, asked('*', 'bob/x')), false)
  assert.equal(allows(home, { resource: 'arn:aws:s3:::home/ann/x' }), false)
  const fallback = { Resource: "arn:aws:s3:::home/${aws:PrincipalTag/team, 'a:ll'}/*" }
  assert.equal(allows(fallback, { resource: 'arn:aws:s3:::home/a:ll/x' }), true)
  const star = { Resource: 'arn:aws:s3:::home/${*}' }
  assert.equal(allows(star, { resource: 'arn:aws:s3:::home/*' }), true)
  assert.equal(allows(star, { resource: 'arn:aws:s3:::home/x' }), false)
})

test('a variable without a value matches nothing, and lets no NotResource allow more', () => {
  const others = { NotResource: 'arn:aws:s3:::home/${aws:ResourceTag/team}/*' }
  const resource = 'arn:aws:s3:::home/red/x'
  assert.equal(allows(others, { resource, values: { 'aws:ResourceTag/team': 'blue' } }), true)
  assert.equal(allows(others, { resource }), false)
  assert.equal(decide([policyOf({}, { Effect: 'Deny', ...others })], { resource }).allowed, false)
})

test('a negated condition on a variable without a value allows nothing, and still denies', () => {
  const notMine = {
    StringNotEquals: { 'aws:ResourceTag/team': ['blue', '${aws:RequestTag/team}'] },
  }
  const notLike = {
    'ForAllValues:StringNotLike': { 'aws:ResourceTag/team': '${aws:RequestTag/team}*' },
  }
  const red = { 'aws:ResourceTag/team': 'red' }
  for (const Condition of [notMine, notLike]) {
    assert.equal(allows({ Condition }, { values: red }), false)
    assert.equal(
      allows({ Condition }, { values: { ...red, 'aws:RequestTag/team': 'green' } }),
      true,
    )
    assert.equal(allows({ Condition }, { values: { ...red, 'aws:RequestTag/team': 'red' } }), false)
    assert.equal(decide([{}, { Effect: 'Deny', Condition }], { values: red }).allowed, false)
  }
  const fallback = { StringNotEquals: { 'aws:ResourceTag/team': "${aws:RequestTag/team, 'none'}" } }
  assert.equal(allows({ Condition: fallback }, { values: red }), true)
})

test('a policy of 2008 has no variables', () => {
  const statement = { Effect: 'Allow', Action: '*', Resource: 'arn:aws:s3:::home/${aws:username}' }
  const parsed = parsePolicy({ Version: '2008-10-17', Statement: statement })
  assert.ok('policy' in parsed)
  const values = { 'aws:username': 'ann' }
  assert.equal(
    decide([parsed.policy], { resource: 'arn:aws:s3:::home/ann', values }).allowed,
    false,
  )
  assert.equal(
    decide([parsed.policy], { resource: 'arn:aws:s3:::home/${aws:username}', values }).allowed,
    true,
  )
})

const team = (value: string | string[]) => ({ 'aws:ResourceTag/team': value })
const KEY = 'aws:ResourceTag/team'

test('text conditions compare whole values, with patterns in Like alone', () => {
  const cases: [string, string | string[], string, boolean][] = [
    ['StringEquals', 'red', 'red', true],
    ['StringEquals', ['blue', 'red'], 'red', true],
    ['StringEquals', 'r*', 'red', false],
    ['StringEquals', 'Red', 'red', false],
    ['StringEqualsIgnoreCase', 'Red', 'red', true],
    ['StringNotEqualsIgnoreCase', 'Red', 'red', false],
    ['StringNotEquals', 'blue', 'red', true],
    ['StringNotEquals', ['blue', 'red'], 'red', false],
    ['StringLike', 'r*', 'red', true],
    ['StringLike', 'r?', 'red', false],
    ['StringNotLike', ['b*', 'r*'], 'red', false],
    ['StringNotLike', 'b*', 'red', true],
    ['ArnLike', 'arn:aws:s3:::*', 'arn:aws:s3:::b', true],
    ['ArnEquals', 'arn:aws:*:*:*:c', 'arn:aws:s3:::b', false],
    ['ArnEquals', '*', 'arn:aws:s3:::b', true],
    ['ArnLike', 'arn:aws:s3:*', 'arn:aws:s3:::b', true],
    ['ArnNotLike', 'arn:aws:s3:::*', 'arn:aws:s3:::b', false],
    ['BinaryEquals', 'QQ==', 'QQ==', true],
  ]
  for (const [operator, wanted, given, expected] of cases) {
    assert.equal(
      holds({ [operator]: { [KEY]: wanted } }, team(given)),
      expected,
      `${operator} ${wanted} ${given}`,
    )
  }
  assert.equal(holds({ StringEquals: { 'AWS:resourcetag/TEAM': 'red' } }, team('red')), true)
  const mine = { StringEquals: { [KEY]: '${aws:username}' } }
  assert.equal(holds(mine, { ...team('ann'), 'aws:username': 'ann' }), true)
  assert.equal(holds(mine, { ...team('bob'), 'aws:username': 'ann' }), false)
})

test('an absent key fails all but negations, IfExists, ForAllValues and Null', () => {
  const cases: [string, string, boolean][] = [
    ['StringEquals', 'red', false],
    ['StringLike', '*', false],
    ['NumericLessThan', '1', false],
    ['Bool', 'false', false],
    ['StringNotEquals', 'red', true],
    ['NotIpAddress', '10.0.0.0/8', true],
    ['StringEqualsIfExists', 'red', true],
    ['BoolIfExists', 'true', true],
    ['ForAllValues:StringEquals', 'red', true],
    ['ForAnyValue:StringEquals', 'red', false],
    ['ForAnyValue:StringNotEquals', 'red', false],
    ['ForAnyValue:StringEqualsIfExists', 'red', true],
    ['Null', 'true', true],
    ['Null', 'false', false],
  ]
  for (const [operator, wanted, expected] of cases) {
    assert.equal(holds({ [operator]: { [KEY]: wanted } }), expected, operator)
  }
  assert.equal(holds({ Null: { [KEY]: 'false' } }, team('red')), true)
  assert.equal(holds({ StringEqualsIfExists: { [KEY]: 'blue' } }, team('red')), false)
})

test('all values, or any, of a key with several', () => {
  const keys = (...given: string[]) => ({ 'aws:TagKeys': given })
  const asked = (operator: string, ...wanted: string[]) => ({
    [operator]: { 'aws:TagKeys': wanted },
  })
  assert.equal(holds(asked('ForAllValues:StringEquals', 'a', 'b'), keys('a', 'b')), true)
  assert.equal(holds(asked('ForAllValues:StringEquals', 'a', 'b'), keys('a', 'c')), false)
  assert.equal(holds(asked('ForAllValues:StringLike', 'a*'), keys()), true)
  assert.equal(holds(asked('ForAnyValue:StringEquals', 'a', 'b'), keys('b', 'c')), true)
  assert.equal(holds(asked('ForAnyValue:StringEquals', 'a'), keys('b', 'c')), false)
  assert.equal(holds(asked('ForAnyValue:StringNotEquals', 'a'), keys('a', 'c')), true)
  assert.equal(holds(asked('ForAllValues:StringNotEquals', 'a'), keys('a', 'c')), false)
})

test('numbers, dates, truths and addresses', () => {
  const at = (value: string) => ({ 'aws:CurrentTime': value })
  const date = (operator: string, wanted: string) => ({ [operator]: { 'aws:CurrentTime': wanted } })
  const noon = at('2026-05-01T12:00:00.000Z')
  assert.equal(holds(date('DateLessThan', '2026-05-01T12:00:01Z'), noon), true)
  assert.equal(holds(date('DateGreaterThanEquals', '2026-05-01T12:00:00Z'), noon), true)
  assert.equal(holds(date('DateEquals', '1777636800'), noon), true)
  assert.equal(holds(date('DateNotEquals', '2026-05-01T14:00:00+02:00'), noon), false)
  assert.equal(
    holds({ NumericLessThanEquals: { 's3:max-keys': 10 } }, { 's3:max-keys': '10' }),
    true,
  )
  assert.equal(
    holds({ NumericGreaterThan: { 's3:max-keys': '10' } }, { 's3:max-keys': '9' }),
    false,
  )
  assert.equal(
    holds({ NumericNotEquals: { 's3:max-keys': '10' } }, { 's3:max-keys': 'many' }),
    false,
  )
  assert.equal(
    holds({ Bool: { 'aws:SecureTransport': true } }, { 'aws:SecureTransport': 'true' }),
    true,
  )
  assert.equal(
    holds({ Bool: { 'aws:SecureTransport': 'False' } }, { 'aws:SecureTransport': 'true' }),
    false,
  )
  const from = (operator: string, range: string, ip: string) =>
    holds({ [operator]: { 'aws:SourceIp': range } }, { 'aws:SourceIp': ip })
  assert.equal(from('IpAddress', '10.1.0.0/16', '10.1.255.3'), true)
  assert.equal(from('IpAddress', '10.1.0.0/16', '10.2.0.0'), false)
  assert.equal(from('IpAddress', '0.0.0.0/0', '10.2.0.0'), true)
  assert.equal(from('IpAddress', '0.0.0.0/0', '::1'), false)
  assert.equal(from('IpAddress', '2001:db8::/32', '2001:db8:0:1::9'), true)
  assert.equal(from('NotIpAddress', '2001:db8::/32', '2001:db9::9'), true)
  assert.equal(from('IpAddress', '10.1.2.3', '::ffff:10.1.2.3'), true)
})

test('all conditions of a statement must hold', () => {
  const condition = {
    StringEquals: { [KEY]: 'red', 'aws:username': 'ann' },
    Bool: { 'aws:SecureTransport': 'true' },
  }
  const good = { ...team('red'), 'aws:username': 'ann', 'aws:SecureTransport': 'true' }
  assert.equal(holds(condition, good), true)
  for (const name of Object.keys(good))
    assert.equal(holds(condition, { ...good, [name]: 'x' }), false, name)
})

test('a denial names who, what, on what and why', () => {
  const request = { action: START, resource: WORLD, context: new RequestContext({}) }
  const decision = evaluate(request, { policies: [] })
  assert.ok(!decision.allowed)
  assert.equal(
    denialMessage('arn:aws:iam::111122223333:user/ann', request, decision),
    `User: arn:aws:iam::111122223333:user/ann is not authorized to perform: ${START} on ` +
      `resource: ${WORLD} ` +
      `because no identity-based policy allows the ${START} action`,
  )
})

test('a faulty policy is refused with the place of the fault', () => {
  const good = { Effect: 'Allow', Action: 's3:*', Resource: '*' }
  const conditions = (name: string, cases: [operator: string, value: unknown, reason: RegExp][]) =>
    cases.map(([operator, value, reason]): [unknown, string, RegExp] => {
      const Condition = { [operator]: { [`aws:${name}`]: value } }
      const policy = { Version: '2012-10-17', Statement: { ...good, Condition } }
      return [policy, `Statement.Condition.${operator}.aws:${name}`, reason]
    })
  const cases: [unknown, string, RegExp][] = [
    ['text', '', /must be an object/],
    [{ Version: '2012-10-17' }, '', /needs a Statement/],
    [{ Version: '2020-01-01', Statement: good }, 'Version', /2012-10-17/],
    [{ Statement: [good, { ...good, Effect: 'allow' }] }, 'Statement.1.Effect', /Allow or Deny/],
    [{ Statement: { ...good, Principal: '*' } }, 'Statement.Principal', /no place here/],
    [{ Statement: { ...good, NotAction: 's3:*' } }, 'Statement', /Action or NotAction/],
    [{ Statement: { ...good, Action: [] } }, 'Statement.Action', /empty/],
    [{ Statement: { ...good, Action: 'GetObject' } }, 'Statement.Action', /no action/],
    [{ Statement: { ...good, Resource: 'bucket/*' } }, 'Statement.Resource', /no resource/],
    [
      { Statement: { ...good, Resource: ['*', 'arn:aws:s3:::'] } },
      'Statement.Resource.1',
      /names no resource/,
    ],
    [
      { Statement: { ...good, Resource: 'arn:aws:simspaceweave' } },
      'Statement.Resource',
      /"simspaceweaver"/,
    ],
    [
      { Statement: { ...good, NotResource: 'arn:a:s3:::b', Resource: undefined } },
      'Statement.NotResource',
      /partition/,
    ],
    ...conditions('username', [
      ['Equals', 'b', /no condition operator 'Equals'/],
      ['NullIfExists', true, /./],
    ]),
    ...conditions('SecureTransport', [
      ['Bool', 'yes', /no value/],
      ['Bool', '${aws:username}', /no value/],
    ]),
    ...conditions('SourceIp', [
      ['IpAddress', '10.0.0.0/33', /no value/],
      ['NotIpAddress', '${aws:username}', /no value/],
    ]),
    ...conditions('PrincipalArn', [
      ['ArnLike', 'arn:aws:iam', /no value/],
      ['ArnNotEquals', 'arn:aws:*:user/ann', /no value/],
      ['ArnEquals', 'ann', /no value/],
    ]),
  ]
  for (const [source, path, reason] of cases) {
    const parsed = parsePolicy(source)
    assert.ok('fault' in parsed, JSON.stringify(source))
    assert.equal(parsed.fault.path.join('.'), path)
    assert.match(parsed.fault.reason, reason)
  }
})

test('a pattern matches as a regular expression of the same meaning does', () => {
  const letters = fc.string({
    unit: fc.constantFrom('a', 'b', '😀', '*', '?'),
    minLength: 1,
    maxLength: 8,
  })
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '😀'), maxLength: 10 })
  fc.assert(
    fc.property(letters, text, (pattern, name) => {
      const expected = new RegExp(
        `^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`,
        'u',
      ).test(name)
      const resource = `arn:aws:s3:::${name}`
      assert.equal(allows({ Resource: `arn:aws:s3:::${pattern}` }, { resource }), expected)
    }),
  )
})

test('a resource matches as a regular expression of the same meaning does', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', ':', '*', '?', '**'), maxLength: 14 })
  const text = fc.string({ unit: fc.constantFrom('a', 'b', ':'), maxLength: 12 })
  const expressionOf = (pattern: string) => {
    const steps = [...pattern].map((character, index) => {
      const isLast = pattern.slice(0, index).split(':').length > 5
      if (character === '?') return isLast ? '.' : '[^:]'
      if (character === '*')
        return isLast || /^(:|$)/.test(pattern.slice(index + 1)) ? '.*' : '[^:]*'
      return character
    })
    return steps.join('')
  }
  fc.assert(
    fc.property(letters, text, (pattern, name) => {
      const expected = new RegExp(`^${expressionOf(`arn:${pattern}`)}$`).test(`arn:${name}`)
      const parsed = resourcePattern(
        parsePattern(`arn:${pattern}`, { wildcards: true, variables: false }),
      )
      assert.equal(
        matchesPattern(parsed, `arn:${name}`, () => undefined),
        expected,
      )
    }),
    { numRuns: 5000 },
  )
})

test('a pattern of many stars takes no time to speak of', () => {
  const resource = `arn:aws:s3:::${'a'.repeat(1024)}`
  assert.equal(allows({ Resource: `arn:aws:s3:::${'*a'.repeat(200)}b` }, { resource }), false)
})
