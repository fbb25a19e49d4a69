// Calls, users with their policies, and the calls that IAM's documented evaluation allows each
// user.
// Owns the table; never calls anything. Verdicts are written out from IAM's reference ("Policy
// evaluation logic", "IAM JSON policy elements", "Actions, resources, and condition keys for Amazon
// S3"), never computed.

/** A call of boto3: client, method and arguments. */
interface MatrixCall {
  readonly client: 'simspaceweaver' | 's3'
  readonly method: string
  readonly input: Readonly<Record<string, unknown>>
}

interface MatrixUser {
  readonly policies: readonly object[]
  /** Set if a session of that user makes the calls. */
  readonly sessionPolicy?: object
  /** The allowed calls; all others are denied. */
  readonly may: readonly string[]
}

export const BUCKET = 'worlds'
const arn = (name: string) => `arn:aws:simspaceweaver:us-west-2:111122223333:simulation/${name}`
const objects = (path: string) => `arn:aws:s3:::${BUCKET}/${path}`
const start = (Name: string, Tags?: Record<string, string>) => ({
  Name,
  RoleArn: 'arn:aws:iam::111122223333:role/any',
  SchemaS3Location: { BucketName: BUCKET, ObjectKey: 'none' },
  ...(Tags && { Tags }),
})
const weaver = (method: string, input: object = {}): MatrixCall => ({
  client: 'simspaceweaver',
  method,
  input: { ...input },
})
const s3 = (method: string, input: object = {}): MatrixCall => ({
  client: 's3',
  method,
  input: { Bucket: BUCKET, ...input },
})

/**
 * `red` and `blue` are ended simulations with the tag `team` set to their own name. An allowed call
 * changes only the tag `note`, or is a conflict. Keys in the bucket begin with a user's name.
 */
export const calls = {
  'list simulations': weaver('list_simulations'),
  'describe red': weaver('describe_simulation', { Simulation: 'red' }),
  'describe blue': weaver('describe_simulation', { Simulation: 'blue' }),
  'describe nothing': weaver('describe_simulation', { Simulation: 'gone' }),
  'apps of red': weaver('list_apps', { Simulation: 'red' }),
  'start clock of red': weaver('start_clock', { Simulation: 'red' }),
  'stop clock of red': weaver('stop_clock', { Simulation: 'red' }),
  'start app in red': weaver('start_app', { Simulation: 'red', Domain: 'View', Name: 'view' }),
  'delete nothing': weaver('delete_simulation', { Simulation: 'gone' }),
  'snapshot of red': weaver('create_snapshot', {
    Simulation: 'red',
    Destination: { BucketName: BUCKET },
  }),
  'start red untagged': weaver('start_simulation', start('red')),
  'start red for red': weaver('start_simulation', start('red', { team: 'red' })),
  'start red for blue': weaver('start_simulation', start('red', { team: 'blue' })),
  'start red for red, with a cost': weaver(
    'start_simulation',
    start('red', { team: 'red', cost: '1' }),
  ),
  'tags of red': weaver('list_tags_for_resource', { ResourceArn: arn('red') }),
  'note on red': weaver('tag_resource', { ResourceArn: arn('red'), Tags: { note: 'x' } }),
  'note on blue': weaver('tag_resource', { ResourceArn: arn('blue'), Tags: { note: 'x' } }),
  'no note on red': weaver('untag_resource', { ResourceArn: arn('red'), TagKeys: ['note'] }),

  'list buckets': { client: 's3', method: 'list_buckets', input: {} },
  'list red/': s3('list_objects_v2', { Prefix: 'red/' }),
  'list all': s3('list_objects_v2'),
  'head bucket': s3('head_bucket'),
  'make the bucket': s3('create_bucket', {
    CreateBucketConfiguration: { LocationConstraint: 'us-west-2' },
  }),
  'remove the bucket': s3('delete_bucket'),
  'get red': s3('get_object', { Key: 'red/a' }),
  'get blue': s3('get_object', { Key: 'blue/a' }),
  'head red': s3('head_object', { Key: 'red/a' }),
  'put red': s3('put_object', { Key: 'red/new', Body: 'x' }),
  'put blue': s3('put_object', { Key: 'blue/new', Body: 'x' }),
  'copy blue to red': s3('copy_object', { Key: 'red/copy', CopySource: `${BUCKET}/blue/a` }),
  'delete red': s3('delete_object', { Key: 'red/gone' }),
  'delete many': s3('delete_objects', {
    Delete: { Objects: [{ Key: 'red/gone' }, { Key: 'blue/gone' }] },
  }),
  'begin red in parts': s3('create_multipart_upload', { Key: 'red/parts' }),
} as const satisfies Record<string, MatrixCall>

type CallName = keyof typeof calls
const all = Object.keys(calls) as CallName[]
const of = (client: MatrixCall['client']) => all.filter((name) => calls[name].client === client)
const without = (names: readonly CallName[], ...left: CallName[]) =>
  names.filter((name) => !left.includes(name))

const onRed: CallName[] = [
  ...([
    'describe red',
    'apps of red',
    'start clock of red',
    'stop clock of red',
    'start app in red',
  ] as const),
  ...(['snapshot of red', 'tags of red', 'note on red', 'no note on red'] as const),
]
const starts: CallName[] = [
  ...([
    'start red untagged',
    'start red for red',
    'start red for blue',
    'start red for red, with a cost',
  ] as const),
]
const ofKeys: CallName[] = [
  ...([
    'get red',
    'get blue',
    'head red',
    'put red',
    'put blue',
    'copy blue to red',
    'delete red',
  ] as const),
  ...(['delete many', 'begin red in parts'] as const),
]

/** A variable of policies. */
const ownFolder = `\${aws:username}/*`
type Statement = Record<string, unknown>
const policy = (...statements: Statement[]) => ({
  Version: '2012-10-17',
  Statement: statements.map((statement) => ({
    Effect: 'Allow',
    ...('NotAction' in statement ? {} : { Action: '*' }),
    ...('NotResource' in statement ? {} : { Resource: '*' }),
    ...statement,
  })),
})
const user = (may: readonly CallName[], ...statements: Statement[]): MatrixUser => ({
  policies: [policy(...statements)],
  may,
})
const everything = {}

export const users: Record<string, MatrixUser> = {
  'without-policy': { policies: [], may: [] },
  administrator: user(all, everything),

  // Actions.
  'reads-by-wildcard': user(
    [
      'list simulations',
      'describe red',
      'describe blue',
      'describe nothing',
      'apps of red',
      'tags of red',
    ],
    { Action: ['simspaceweaver:Describe*', 'simspaceweaver:List*'] },
  ),
  'question-marks': user(['stop clock of red'], { Action: 'simspaceweaver:St??Clock' }),
  'actions-in-any-case': user(['describe red', 'describe blue', 'describe nothing'], {
    Action: 'SimSpaceWeaver:DESCRIBEsimulation',
  }),
  'one-service': user(of('s3'), { Action: 's3:*' }),
  'not-action': user(of('s3'), { NotAction: 'simspaceweaver:*' }),
  'not-several-actions': user(
    without(all, ...starts, 'list buckets', 'get red', 'get blue', 'head red', 'copy blue to red'),
    {
      NotAction: ['simspaceweaver:StartSim*', 's3:GetObject', 's3:ListAllMyBuckets'],
    },
  ),

  // Resources.
  'resource-by-name': user([...onRed, ...starts], {
    Action: 'simspaceweaver:*',
    Resource: arn('red'),
  }),
  'resource-by-wildcard': user([...onRed, ...starts], {
    Resource: 'arn:aws:simspaceweaver:*:111122223333:simulation/r?*',
  }),
  'resource-of-other-account': user([], {
    Resource: 'arn:aws:simspaceweaver:*:999999999999:simulation/*',
  }),
  'resources-in-their-case': user([], { Resource: arn('RED') }),
  'wildcard-at-the-end-of-a-segment': user([...onRed, ...starts], {
    Resource: 'arn:aws:*:simulation/red',
  }),
  'wildcard-within-a-segment': user([], {
    Resource: 'arn:aws:simspaceweaver:*-west-2:simulation/red',
  }),
  'resource-that-ends-early': user(without(of('simspaceweaver'), 'list simulations'), {
    Resource: 'arn:aws:simspaceweaver',
  }),
  'deny-that-ends-early': user(['list simulations', ...of('s3')], everything, {
    Effect: 'Deny',
    Resource: 'arn:aws:simspaceweaver:us-west-2',
  }),
  'deny-over-colons': user(without(all, ...onRed, ...starts), everything, {
    Effect: 'Deny',
    Resource: 'arn:aws:simspaceweaver:*:simulation/red',
  }),
  'not-resource': user(without(of('simspaceweaver'), 'describe blue', 'note on blue'), {
    Action: 'simspaceweaver:*',
    NotResource: arn('blue'),
  }),

  // Explicit denials.
  'deny-over-allow': user(
    without(
      all,
      'stop clock of red',
      'put red',
      'put blue',
      'copy blue to red',
      'begin red in parts',
    ),
    everything,
    { Effect: 'Deny', Action: ['simspaceweaver:Stop*', 's3:Put*'] },
  ),
  'deny-before-allow': user([], { Effect: 'Deny' }, everything),
  'deny-in-another-policy': {
    policies: [
      policy(everything),
      policy({ Effect: 'Deny', Resource: [arn('*'), `arn:aws:s3:::${BUCKET}*`] }),
    ],
    may: ['list simulations', 'list buckets'],
  },
  'deny-not-action': user(
    ['describe red', 'describe blue', 'describe nothing', 'get red', 'get blue', 'head red'],
    everything,
    { Effect: 'Deny', NotAction: ['simspaceweaver:Describe*', 's3:Get*'] },
  ),
  'deny-not-resource': user([...onRed, ...starts, ...of('s3')], everything, {
    Effect: 'Deny',
    Action: 'simspaceweaver:*',
    NotResource: arn('red'),
  }),

  // Tags of what is there.
  'team-red': user(onRed, { Condition: { StringEquals: { 'aws:ResourceTag/team': 'red' } } }),
  'team-in-any-case-of-the-key': user(onRed, {
    Condition: { StringEquals: { 'AWS:resourcetag/TEAM': 'red' } },
  }),
  'deny-other-teams': user(
    [...onRed],
    { Action: 'simspaceweaver:*' },
    {
      Effect: 'Deny',
      Condition: { StringNotEquals: { 'aws:ResourceTag/team': 'red' } },
    },
  ),
  // IfExists also holds if the tag is missing: it then allows, or denies.
  'team-red-if-tagged': user(without(of('simspaceweaver'), 'describe blue', 'note on blue'), {
    Action: 'simspaceweaver:*',
    Condition: { StringEqualsIfExists: { 'aws:ResourceTag/team': 'red' } },
  }),
  'deny-other-teams-if-tagged': user(
    onRed,
    { Action: 'simspaceweaver:*' },
    { Effect: 'Deny', Condition: { StringNotLikeIfExists: { 'aws:ResourceTag/team': 'r*' } } },
  ),
  'only-untagged': user(['list simulations', 'describe nothing', 'delete nothing', ...starts], {
    Action: 'simspaceweaver:*',
    Condition: { Null: { 'aws:ResourceTag/team': 'true' } },
  }),

  // Tags in the request.
  'starts-for-red': user(['start red for red', 'start red for red, with a cost'], {
    Action: 'simspaceweaver:StartSimulation',
    Condition: { StringEquals: { 'aws:RequestTag/team': 'red' } },
  }),
  'starts-for-red-with-no-other-tag': user(['start red for red'], {
    Action: 'simspaceweaver:StartSimulation',
    Condition: {
      StringEquals: { 'aws:RequestTag/team': 'red' },
      'ForAllValues:StringEquals': { 'aws:TagKeys': ['team', 'note'] },
    },
  }),
  // ForAllValues holds for an empty set: IAM documents it, with a warning.
  'all-tag-keys': user([...starts.slice(0, 3), 'note on red', 'note on blue', 'no note on red'], {
    Action: ['simspaceweaver:StartSimulation', 'simspaceweaver:*agResource'],
    Condition: { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['team', 'note'] } },
  }),
  'any-tag-key': user(
    ['start red for red, with a cost', 'note on red', 'note on blue', 'no note on red'],
    {
      Action: ['simspaceweaver:StartSimulation', 'simspaceweaver:*agResource'],
      Condition: { 'ForAnyValue:StringLike': { 'aws:TagKeys': ['co?t', 'no*'] } },
    },
  ),
  'must-name-a-team': user(without(starts, 'start red untagged'), {
    Action: 'simspaceweaver:StartSimulation',
    Condition: { Null: { 'aws:RequestTag/team': 'false' } },
  }),
  'notes-on-own-team': user(['note on red'], {
    Action: 'simspaceweaver:TagResource',
    Condition: {
      StringEquals: { 'aws:ResourceTag/team': 'red', 'aws:RequestTag/note': ['x', 'y'] },
    },
  }),

  // Buckets and keys.
  'bucket-alone': user(
    ['list red/', 'list all', 'head bucket', 'make the bucket', 'remove the bucket'],
    {
      Action: 's3:*',
      Resource: `arn:aws:s3:::${BUCKET}`,
    },
  ),
  'keys-alone': user(ofKeys, { Action: 's3:*', Resource: objects('*') }),
  red: user(
    ['get red', 'head red', 'put red', 'begin red in parts', 'list red/'],
    { Action: ['s3:GetObject', 's3:PutObject'], Resource: objects(ownFolder) },
    { Action: 's3:ListBucket', Condition: { StringLike: { 's3:prefix': [ownFolder, ''] } } },
  ),
  'variables-of-2008': {
    policies: [
      {
        Version: '2008-10-17',
        Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: objects(ownFolder) }],
      },
    ],
    may: [],
  },
  'copies-what-it-may-read': user(
    ['get blue', 'put red', 'copy blue to red', 'begin red in parts'],
    { Action: 's3:GetObject', Resource: objects('blue/*') },
    { Action: 's3:PutObject', Resource: objects('red/*') },
  ),
  'copies-nothing': user(['put red', 'begin red in parts'], {
    Action: 's3:PutObject',
    Resource: objects('red/*'),
  }),
  'deletes-half': user(['delete red'], { Action: 's3:DeleteObject', Resource: objects('red/*') }),

  // Where and how a request arrives.
  'from-here': user(all, { Condition: { IpAddress: { 'aws:SourceIp': '127.0.0.0/8' } } }),
  'from-elsewhere': user([], {
    Condition: { NotIpAddress: { 'aws:SourceIp': ['127.0.0.0/8', '::1/128'] } },
  }),
  'in-the-past': user([], {
    Condition: { DateLessThan: { 'aws:CurrentTime': '2020-01-01T00:00:00Z' } },
  }),
  'over-tls': user([], everything, {
    Effect: 'Deny',
    Condition: { Bool: { 'aws:SecureTransport': 'false' } },
  }),
  'in-this-region': user(all, {
    Condition: { StringEquals: { 'aws:RequestedRegion': 'us-west-2' } },
  }),

  // Sessions.
  'narrowed-session': {
    policies: [policy(everything)],
    sessionPolicy: policy({ Action: ['simspaceweaver:Describe*', 's3:GetObject'] }),
    may: ['describe red', 'describe blue', 'describe nothing', 'get red', 'get blue', 'head red'],
  },
  'session-never-widens': {
    policies: [policy({ Action: 'simspaceweaver:ListSimulations' })],
    sessionPolicy: policy(everything),
    may: ['list simulations'],
  },
  'session-with-denial': {
    policies: [policy(everything)],
    sessionPolicy: policy(everything, { Effect: 'Deny', Action: 's3:*' }),
    may: of('simspaceweaver'),
  },
  'session-by-tag': {
    policies: [policy({ Action: 'simspaceweaver:*' })],
    sessionPolicy: policy({ Condition: { StringEquals: { 'aws:ResourceTag/team': 'red' } } }),
    may: onRed,
  },
}
