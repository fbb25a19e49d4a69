import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { OPERATION_NAMES, type OperationName, operationOf } from './operations.ts'
import { validateInput } from './validate.ts'

const ROLE = 'arn:aws:iam::111122223333:role/weaver'
const ARN = 'arn:aws:simspaceweaver:us-west-2:111122223333:simulation/world'
const ARN_PATH = `/tags/${encodeURIComponent(ARN)}`
const SCHEMA = { BucketName: 'bucket', ObjectKey: 'schema.yaml' }
const START = { Name: 'world', RoleArn: ROLE, SchemaS3Location: SCHEMA }
const NAME_RULE = 'Member must satisfy regular expression pattern: ^[a-zA-Z0-9_.-]+$'

/** `request` is the body of a POST, or the path and query of the others, or both. */
interface Case {
  readonly operation: OperationName
  readonly url?: string
  readonly body?: unknown
  readonly rawBody?: string | Uint8Array
}

const accepted: Record<string, Case & { readonly input: unknown }> = {
  'a whole StartSimulation': {
    operation: 'StartSimulation',
    body: {
      ...START,
      ClientToken: 'a'.repeat(32),
      Description: '',
      MaximumDuration: '14D',
      Tags: { a: '', b: 'c' },
    },
    input: {
      ...START,
      ClientToken: 'a'.repeat(32),
      Description: '',
      MaximumDuration: '14D',
      Tags: { a: '', b: 'c' },
    },
  },
  'unknown members and query keys, which are ignored': {
    operation: 'StopSimulation',
    url: '/stopsimulation?colour=red',
    body: { Simulation: 'world', Colour: 'red', SchemaS3Location: 5 },
    input: { Simulation: 'world' },
  },
  'null members, which are absent': {
    operation: 'StartApp',
    body: {
      Simulation: 's',
      Domain: 'd',
      Name: 'n',
      Description: null,
      LaunchOverrides: { LaunchCommands: null },
    },
    input: { Simulation: 's', Domain: 'd', Name: 'n', LaunchOverrides: {} },
  },
  'an empty body where nothing in it is required': {
    operation: 'ListSimulations',
    rawBody: '',
    input: {},
  },
  'a body that is no JSON where the operation has none': {
    operation: 'DeleteSimulation',
    url: '/deletesimulation?simulation=world',
    rawBody: 'not JSON',
    input: { Simulation: 'world' },
  },
  'a query with an integer': {
    operation: 'ListApps',
    url: '/listapps?simulation=world&maxResults=0005&nextToken=a%2Bb',
    input: { Simulation: 'world', MaxResults: 5, NextToken: 'a+b' },
  },
  'an ARN that is percent-encoded': {
    operation: 'ListTagsForResource',
    url: ARN_PATH,
    input: { ResourceArn: ARN },
  },
  'an ARN whose colons are raw': {
    operation: 'ListTagsForResource',
    url: `/tags/${ARN.replaceAll('/', '%2F')}`,
    input: { ResourceArn: ARN },
  },
  'an ARN that is all raw': {
    operation: 'ListTagsForResource',
    url: `/tags/${ARN}`,
    input: { ResourceArn: ARN },
  },
  'an ARN that is decoded once only': {
    operation: 'ListTagsForResource',
    url: `${ARN_PATH}%252F`,
    input: { ResourceArn: `${ARN}%2F` },
  },
  'repeated tag keys, in their order': {
    operation: 'UntagResource',
    url: `${ARN_PATH}?tagKeys=b&tagKeys=a%20c&tagKeys=b+c`,
    input: { ResourceArn: ARN, TagKeys: ['b', 'a c', 'b c'] },
  },
  'fifty tags': {
    operation: 'TagResource',
    url: ARN_PATH,
    body: { Tags: manyTags(50) },
    input: { ResourceArn: ARN, Tags: manyTags(50) },
  },
  'lengths in code points': {
    operation: 'StartApp',
    body: { Simulation: 's', Domain: 'd', Name: 'n', Description: '🧶'.repeat(500) },
    input: { Simulation: 's', Domain: 'd', Name: 'n', Description: '🧶'.repeat(500) },
  },
  'an app name of 256 characters to describe': {
    operation: 'DescribeApp',
    url: `/describeapp?simulation=s&domain=d&app=${'a'.repeat(256)}`,
    input: { Simulation: 's', Domain: 'd', App: 'a'.repeat(256) },
  },
}

const refused: Record<string, Case & { readonly code: string; readonly message: string | RegExp }> =
  {
    'an absent required member': {
      operation: 'StopSimulation',
      body: {},
      ...validation(`Value at 'simulation' failed to satisfy constraint: Member must not be null`),
    },
    'an empty body with a required member': {
      operation: 'StopSimulation',
      rawBody: '',
      ...validation(`Value at 'simulation' failed to satisfy constraint: Member must not be null`),
    },
    'an absent required key of the query': {
      operation: 'DescribeSimulation',
      url: '/describesimulation?Simulation=world',
      ...validation(`Value at 'simulation' failed to satisfy constraint: Member must not be null`),
    },
    'a name of dots alone': {
      operation: 'DescribeSimulation',
      url: '/describesimulation?simulation=..',
      ...validation(
        `Value at 'simulation' failed to satisfy constraint: Member must not be made of dots alone`,
      ),
    },
    'a name that does not match its pattern': {
      operation: 'DescribeSimulation',
      url: '/describesimulation?simulation=a%20b',
      ...validation(`Value at 'simulation' failed to satisfy constraint: ${NAME_RULE}`),
    },
    'a line end after a name that matches': {
      operation: 'StopSimulation',
      body: { Simulation: 'world\n' },
      ...validation(`Value at 'simulation' failed to satisfy constraint: ${NAME_RULE}`),
    },
    'an empty name, by two rules': {
      operation: 'DescribeSimulation',
      url: '/describesimulation?simulation',
      ...validation(
        `Value at 'simulation' failed to satisfy constraint: Member must have length ` +
          'greater than or equal to 1',
        `Value at 'simulation' failed to satisfy constraint: ${NAME_RULE}`,
      ),
    },
    'a name that is too long': {
      operation: 'StopApp',
      body: { Simulation: 's', Domain: 'd', App: 'a'.repeat(65) },
      ...validation(
        `Value at 'app' failed to satisfy constraint: Member must have length less than or ` +
          'equal to 64',
      ),
    },
    'several faults at once': {
      operation: 'StartSimulation',
      body: { ...START, Name: undefined, MaximumDuration: '14W' },
      ...validation(
        `Value at 'maximumDuration' failed to satisfy constraint: Member must satisfy ` +
          'regular expression pattern: ^\\d{1,5}[mhdMHD]$',
        `Value at 'name' failed to satisfy constraint: Member must not be null`,
      ),
    },
    'a fault in a nested member': {
      operation: 'StartSimulation',
      body: { ...START, SchemaS3Location: { BucketName: 'ab' } },
      ...validation(
        `Value at 'schemaS3Location.bucketName' failed to satisfy constraint: Member must ` +
          'have length greater than or equal to 3',
        `Value at 'schemaS3Location.objectKey' failed to satisfy constraint: Member must ` +
          'not be null',
      ),
    },
    'a fault in an item of a list': {
      operation: 'StartApp',
      body: {
        Simulation: 's',
        Domain: 'd',
        Name: 'n',
        LaunchOverrides: { LaunchCommands: ['run', ''] },
      },
      ...validation(
        `Value at 'launchOverrides.launchCommands.2.member' failed to satisfy constraint: ` +
          'Member must have length greater than or equal to 1',
      ),
    },
    'neither schema nor snapshot': {
      operation: 'StartSimulation',
      body: { Name: 'world', RoleArn: ROLE },
      ...validation(
        `Value at 'schemaS3Location, snapshotS3Location' failed to satisfy constraint: ` +
          'Exactly one of these members must be given',
      ),
    },
    'schema and snapshot': {
      operation: 'StartSimulation',
      body: { ...START, SnapshotS3Location: SCHEMA },
      ...validation(
        `Value at 'schemaS3Location, snapshotS3Location' failed to satisfy constraint: ` +
          'Exactly one of these members must be given',
      ),
    },
    'a page size of 0': {
      operation: 'ListSimulations',
      url: '/listsimulations?maxResults=0',
      ...validation(
        `Value at 'maxResults' failed to satisfy constraint: Member must have value ` +
          'greater than or equal to 1',
      ),
    },
    'a key of the query that is given twice': {
      operation: 'DescribeSimulation',
      url: '/describesimulation?simulation=a&simulation=b',
      ...validation(
        `Value at 'simulation' failed to satisfy constraint: Member must be given only once`,
      ),
    },
    'an ARN of another service': {
      operation: 'ListTagsForResource',
      url: '/tags/arn%3Aaws%3As3%3A%3A%3Abucket',
      code: 'ValidationException',
      message: /^1 validation error detected: Value at 'resourceArn' failed .* pattern: \^arn:/,
    },
    'no tags to add': {
      operation: 'TagResource',
      url: ARN_PATH,
      body: { Tags: {} },
      ...validation(
        `Value at 'tags' failed to satisfy constraint: Member must have length greater ` +
          'than or equal to 1',
      ),
    },
    'no tag keys to remove': {
      operation: 'UntagResource',
      url: ARN_PATH,
      ...validation(`Value at 'tagKeys' failed to satisfy constraint: Member must not be null`),
    },
    'tags that break rules, without saying which': {
      operation: 'TagResource',
      url: ARN_PATH,
      body: {
        Tags: {
          '': 'a',
          ['k'.repeat(129)]: 'b',
          'AWS:x': 'c',
          fine: 'v'.repeat(257),
          good: 'v'.repeat(258),
        },
      },
      ...validation(
        `Value at 'tags' failed to satisfy constraint: Map keys must satisfy constraint: ` +
          '[Member must have length greater than or equal to 1, ' +
          'Member must have length less than or equal to 128, ' +
          'Member must not begin with aws:]',
        `Value at 'tags' failed to satisfy constraint: Map values must satisfy constraint: ` +
          '[Member must have length less than or equal to 256]',
      ),
    },
    'more than fifty tags where the operation has an error for that': {
      operation: 'TagResource',
      url: ARN_PATH,
      body: { Tags: manyTags(51) },
      code: 'TooManyTagsException',
      message: 'A resource can have at most 50 tags',
    },
    'more than fifty tags where it has none': {
      operation: 'StartSimulation',
      body: { ...START, Tags: manyTags(51) },
      ...validation(
        `Value at 'tags' failed to satisfy constraint: Member must have length less than ` +
          'or equal to 50',
      ),
    },
    'a page size that is no integer': malformed(
      'ListSimulations',
      '/listsimulations?maxResults=1.5',
      'maxResults',
    ),
    'a page size that is a word': malformed(
      'ListSimulations',
      '/listsimulations?maxResults=ten',
      'maxResults',
    ),
    'a page size that is empty': malformed(
      'ListSimulations',
      '/listsimulations?maxResults=',
      'maxResults',
    ),
    'a page size beyond 32 bits': malformed(
      'ListSimulations',
      '/listsimulations?maxResults=2147483648',
      'maxResults',
    ),
    'a number for a string': malformed('StopSimulation', { Simulation: 5 }, 'simulation'),
    'a string for a structure': malformed(
      'StartSimulation',
      { ...START, SchemaS3Location: 's3://' },
      'schemaS3Location',
    ),
    'a list for a structure': malformed(
      'StartSimulation',
      { ...START, SchemaS3Location: [] },
      'schemaS3Location',
    ),
    'a list for a map': malformed('StartSimulation', { ...START, Tags: ['a'] }, 'tags'),
    'a null in a map': malformed('StartSimulation', { ...START, Tags: { a: null } }, 'tags'),
    'a string for a list': malformed(
      'StartApp',
      { Simulation: 's', Domain: 'd', Name: 'n', LaunchOverrides: { LaunchCommands: 'run' } },
      'launchOverrides.launchCommands',
    ),
    'a null in a list': malformed(
      'StartApp',
      { Simulation: 's', Domain: 'd', Name: 'n', LaunchOverrides: { LaunchCommands: [null] } },
      'launchOverrides.launchCommands.1.member',
    ),
    'a body that is no JSON': unreadableBody('{"Simulation":'),
    'a body that is a JSON list': unreadableBody('["world"]'),
    'a body that is JSON null': unreadableBody('null'),
    'a body that is not UTF-8': unreadableBody(new Uint8Array([0x7b, 0xff, 0x7d])),
    'a query with a broken percent-encoding': {
      operation: 'DescribeSimulation',
      url: '/describesimulation?simulation=%zz',
      code: 'SerializationException',
      message: /percent-encoding/,
    },
    'a path with a broken percent-encoding': {
      operation: 'ListTagsForResource',
      url: '/tags/%E0%A4%A',
      code: 'SerializationException',
      message: /percent-encoding/,
    },
    'more values than any input has': {
      operation: 'StartSimulation',
      body: { ...START, Tags: manyTags(2_000) },
      code: 'SerializationException',
      message: /more than 2000 values/,
    },
    'more values than any input has, in a member that is ignored': {
      operation: 'TagResource',
      url: ARN_PATH,
      body: { Tags: {}, Other: Array(2_000).fill([]) },
      code: 'SerializationException',
      message: /more than 2000 values/,
    },
    'a body that is nested without end': {
      operation: 'StopSimulation',
      rawBody: `{"Simulation":"world","Other":${'['.repeat(500_000)}`,
      code: 'SerializationException',
      message: /nested more than 64 deep/,
    },
  }

describe('validateInput accepts', () => {
  for (const [what, { input, ...request }] of Object.entries(accepted)) {
    test(what, () => {
      const result = validate(request)
      assert.ok(result.ok, result.ok ? '' : result.error.message)
      assert.deepEqual(result.input, input)
    })
  }
})

describe('validateInput refuses', () => {
  for (const [what, { code, message, ...request }] of Object.entries(refused)) {
    test(what, () => {
      const result = validate(request)
      assert.ok(!result.ok)
      assert.equal(result.error.code, code)
      if (typeof message === 'string') assert.equal(result.error.message, message)
      else assert.match(result.error.message, message)
    })
  }
})

test('a tag named __proto__ is a tag like any other', () => {
  const result = validate({
    operation: 'TagResource',
    url: ARN_PATH,
    rawBody: '{"Tags":{"__proto__":"a"}}',
  })
  assert.ok(result.ok)
  assert.deepEqual(Object.entries((result.input as { Tags: object }).Tags), [['__proto__', 'a']])
})

test('members that a body inherits are not members', () => {
  const result = validate({
    operation: 'StopSimulation',
    rawBody: '{"__proto__":{"Simulation":"world"}}',
  })
  assert.ok(!result.ok)
})

test('the message of very many faults counts them all and stays within its limit', () => {
  const LaunchCommands = Array.from({ length: 1900 }, () => '')
  const body = { Simulation: 's', Domain: 'd', Name: 'n', LaunchOverrides: { LaunchCommands } }
  const result = validate({ operation: 'StartApp', body })
  assert.ok(!result.ok)
  assert.match(result.error.message, /^1900 validation errors detected: Value at /)
  assert.ok(result.error.message.length <= 1600)
})

test('whatever comes in, the result is an input or one of three errors', () => {
  const operation = fc.constantFrom(...OPERATION_NAMES)
  const names = fc.constantFrom(
    'simulation',
    'domain',
    'app',
    'maxResults',
    'nextToken',
    'tagKeys',
    '%',
    '',
  )
  const query = fc
    .array(fc.tuple(names, fc.string()))
    .map((pairs) => pairs.map((pair) => pair.join('=')).join('&'))
  const memberNames = fc.constantFrom(
    'Name',
    'Simulation',
    'Tags',
    'RoleArn',
    'LaunchOverrides',
    'Destination',
  )
  const body = fc.oneof(
    fc.string(),
    fc.dictionary(memberNames, fc.jsonValue()).map((value) => JSON.stringify(value)),
  )
  fc.assert(
    fc.property(operation, fc.string(), query, body, (name, label, search, rawBody) => {
      const url = `${operationOf(name).path.replace(/\{.*\}/, label.replaceAll('?', ''))}?${search}`
      const result = validate({ operation: name, url, rawBody })
      if (result.ok) return
      const codes = ['ValidationException', 'SerializationException', 'TooManyTagsException']
      assert.ok(codes.includes(result.error.code))
      assert.ok(result.error.message.length > 0 && result.error.message.length <= 1600)
    }),
    { numRuns: 500 },
  )
})

function validate(request: Case) {
  const raw = request.rawBody ?? (request.body === undefined ? '' : JSON.stringify(request.body))
  return validateInput(request.operation, {
    url: request.url ?? operationOf(request.operation).path,
    body: typeof raw === 'string' ? new TextEncoder().encode(raw) : raw,
  })
}

function validation(...problems: string[]) {
  const detected =
    `${problems.length} validation ` + `error${problems.length === 1 ? '' : 's'} detected: `
  return { code: 'ValidationException', message: detected + problems.join('; ') }
}

function malformed(operation: OperationName, request: string | object, path: string) {
  const where = typeof request === 'string' ? { url: request } : { body: request }
  return {
    operation,
    ...where,
    code: 'SerializationException',
    message: new RegExp(`^Value at '${path}' must be a`),
  }
}

function unreadableBody(rawBody: string | Uint8Array) {
  return {
    operation: 'StopSimulation' as const,
    rawBody,
    code: 'SerializationException',
    message: /JSON object/,
  }
}

function manyTags(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`key${index}`, 'value']))
}
