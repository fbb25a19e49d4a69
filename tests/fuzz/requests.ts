// The fuzzer's requests: each depends on seed and number alone, so that any can be repeated.
// Owns what is sent and what the answer may be; never sends anything.

import { OPERATION_NAMES, type OperationName, operationOf } from '../../src/core/api/operations.ts'
import type { Random } from '../simulator/random.ts'
import { s3Request } from './s3-requests.ts'
import { type PlainRequest, signatureHeaders } from './signer.ts'
import {
  anyName,
  anything,
  brokenValue,
  mutatedText,
  oddText,
  rightValue,
  SCHEMA_KEY,
  STEADY_WORLD,
} from './values.ts'
import {
  type FuzzRequest,
  headerValue,
  type Target,
  wellFormed,
  whole,
  wirePath,
} from './wire-request.ts'

type Maker = (random: Random, target: Target) => FuzzRequest

/** Weights of the kinds, in per cent. */
const kinds: readonly (readonly [weight: number, make: Maker])[] = [
  [28, rightRequest],
  [28, nearlyRightRequest],
  [12, garbageRequest],
  [10, wronglySigned],
  [17, s3Request],
  [5, brokenBytes],
]

export function fuzzRequest(random: Random, target: Target): FuzzRequest {
  let dice = random.below(100)
  for (const [weight, make] of kinds) {
    if (dice < weight) return make(random, target)
    dice -= weight
  }
  return rightRequest(random, target)
}

/** Operations that cost processes or files are rare, or the fuzzer would measure those. */
const rare = {
  StartSimulation: 0.01,
  StartApp: 0.02,
  DeleteSimulation: 0.05,
  DeleteApp: 0.05,
  CreateSnapshot: 0.01,
}

function pickOperation(random: Random): OperationName {
  for (;;) {
    const name = random.pick(OPERATION_NAMES)
    if (random.chance(rare[name as keyof typeof rare] ?? 1)) return name
  }
}

interface Input {
  name: OperationName
  members: Record<string, unknown>
}

function rightInput(name: OperationName, random: Random): Input {
  const { input, exactlyOneOf } = operationOf(name)
  const given = Object.entries(input).filter(([, member]) => member.required || random.chance(0.4))
  const members = Object.fromEntries(
    given.map(([key, { shape }]) => [key, rightValue(shape, key, random)]),
  )
  // Never ends the world that runs all the time.
  if (/^(Stop|Delete)Simulation$/.test(name) && members.Simulation === STEADY_WORLD)
    members.Simulation = 'passing-1'
  if (exactlyOneOf) {
    for (const key of exactlyOneOf) delete members[key]
    members.SchemaS3Location = { BucketName: 'test-bucket', ObjectKey: SCHEMA_KEY }
  }
  return { name, members }
}

function rightRequest(random: Random, target: Target): FuzzRequest {
  const input = rightInput(pickOperation(random), random)
  return apiRequest('right', plainRequest(input, target), target, input.name)
}

function nearlyRightRequest(random: Random, target: Target): FuzzRequest {
  // Broken in a harmless way, the request would act like a right one.
  const input = rightInput(pickOperation(random), random)
  for (let count = random.between(1, 3); count > 0; count--) {
    const keys = [...Object.keys(operationOf(input.name).input), anyName(random)]
    const key = random.pick(keys)
    if (random.chance(0.2)) delete input.members[key]
    else input.members[key] = brokenValue(input.members[key], random)
  }
  if (input.members.Simulation === STEADY_WORLD && /^(Stop|Delete)Simulation$/.test(input.name))
    input.members.Simulation = ''
  const request = plainRequest(input, target)
  if (random.chance(0.1)) request.query += `&${request.query || 'simulation=x'}`
  return apiRequest('nearly right', request, target, input.name)
}

function garbageRequest(random: Random, target: Target): FuzzRequest {
  const input = rightInput(pickOperation(random), random)
  const request = plainRequest(input, target)
  let operation: OperationName | undefined = input.name
  const kind = random.below(6)
  if (kind === 0) {
    request.body = garbageBody(random)
  } else if (kind === 1) {
    request.method = random.pick([
      'GET',
      'POST',
      'DELETE',
      'PUT',
      'PATCH',
      'HEAD',
      'OPTIONS',
      'TRACE',
      'PURGE',
      'LOCK',
    ])
    operation = undefined
  } else if (kind === 2) {
    request.path = wirePath(
      random.chance(0.5) ? mutatedText(request.path, random) : `/${oddText(random)}`,
      random,
    )
    operation = undefined
  } else if (kind === 3) {
    request.query = wirePath(
      random.chance(0.5) ? mutatedText(request.query, random) : oddText(random),
      random,
    )
  } else if (kind === 4) {
    request.headers = request.headers.filter(([name]) => name !== 'content-type')
    request.headers.push(['content-type', headerValue(oddText(random))])
  } else {
    for (let count = random.between(1, 5); count > 0; count--) {
      const name = random.pick([
        'accept',
        'x-odd',
        'cookie',
        'x-amz-odd',
        'user-agent',
        'range',
        'origin',
        'x-forwarded-for',
        '__proto__',
        'te',
      ])
      request.headers.push([name, headerValue(oddText(random))])
    }
  }
  return apiRequest('garbage', request, target, operation)
}

function garbageBody(random: Random): Buffer {
  const depth = random.pick([10, 1000, 100_000])
  const kind = random.below(8)
  if (kind === 0) return Buffer.from('['.repeat(depth))
  if (kind === 1) return Buffer.from(`{"Simulation":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}`)
  if (kind === 2) return Buffer.from(`{"Name":${'['.repeat(depth)}${']'.repeat(depth)}}`)
  if (kind === 3)
    return Buffer.from(Array.from({ length: random.below(300) }, () => random.below(256)))
  if (kind === 4) return Buffer.from(JSON.stringify(anything(random, 4)))
  if (kind === 5)
    return Buffer.from(
      random.pick([
        '',
        ' ',
        'null',
        '1',
        '""',
        '[]',
        '{',
        '{}x',
        '\ufeff{}',
        '{"a":1,}',
        "{'a':1}",
        '{"Name":"\\ud800"}',
      ]),
    )
  if (kind === 6)
    return Buffer.concat([
      Buffer.from('{"Name":"'),
      Buffer.from([0xff, 0xfe, 0xc0]),
      Buffer.from('"}'),
    ])
  return random.chance(0.02)
    ? Buffer.alloc(1024 * 1024 + random.below(3), 0x20)
    : Buffer.from(`{"${oddText(random)}":"${oddText(random)}"}`)
}

function wronglySigned(random: Random, target: Target): FuzzRequest {
  const input = rightInput(pickOperation(random), random)
  const request = plainRequest(input, target)
  const signing = {
    credentials: target.credentials,
    service: 'simspaceweaver',
    region: 'us-west-2',
    date: target.now,
  }
  const kind = random.below(7)
  if (kind === 0) return whole('unsigned', request, [], 'api', input.name)
  if (kind === 1) signing.credentials = { ...target.credentials, secretAccessKey: 'wrong' }
  if (kind === 2)
    signing.credentials = { ...target.credentials, accessKeyId: headerValue(oddText(random)) }
  if (kind === 3) signing.date = new Date(random.below(2 ** 31) * 1000)
  if (kind === 4) signing.region = 'eu-west-1'
  if (kind === 5) signing.service = 'logs'
  const headers = signatureHeaders(request, signing)
  if (kind === 6) {
    const at = random.below(headers.length)
    headers[at] = [headers[at][0], headerValue(mutatedText(headers[at][1], random))]
  }
  // Only the API rejects a service other than S3; a broken header may name either.
  return whole('wrongly signed', request, headers, kind === 6 ? 'any' : 'api', input.name)
}

/** A right request with some bytes changed, or bytes that are no request. */
function brokenBytes(random: Random, target: Target): FuzzRequest {
  const before = random.chance(0.7) ? rightRequest(random, target) : s3Request(random, target)
  // Among several answers, those to HEAD can't be recognised.
  if (!before.hasBodyInAnswer) return before
  const right = before.bytes
  let bytes = right
  const kind = random.below(7)
  if (kind === 0)
    bytes = Buffer.from(Array.from({ length: random.between(1, 500) }, () => random.below(256)))
  if (kind === 1) bytes = right.subarray(0, random.below(right.length))
  if (kind >= 2 && kind < 5) {
    bytes = Buffer.from(right)
    for (let count = random.between(1, 8); count > 0; count--)
      bytes[random.below(bytes.length)] = random.below(256)
  }
  if (kind === 5) {
    const header = random.pick([
      'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n',
      'Content-Length: 5\r\nContent-Length: 6\r\n',
      'Content-Length: -1\r\n',
      'Transfer-Encoding: gzip, chunked\r\n',
      'Expect: 100-continue\r\n',
      'Expect: nothing\r\n',
      'Upgrade: websocket\r\nConnection: Upgrade\r\n',
      'Host: other\r\n',
      `X-Long: ${'x'.repeat(20_000)}\r\n`,
      'X-Many: 1\r\n'.repeat(2500),
      'No colon at all\r\n',
      'X-Folded: a\r\n b\r\n',
    ])
    const lineEnd = right.indexOf('\r\n') + 2
    bytes = Buffer.concat([
      right.subarray(0, lineEnd),
      Buffer.from(header),
      right.subarray(lineEnd),
    ])
  }
  if (kind === 6) bytes = Buffer.concat(Array.from({ length: random.between(2, 10) }, () => right))
  return { kind: 'broken bytes', bytes, service: 'any', hasBodyInAnswer: true, isWhole: false }
}

function apiRequest(
  kind: string,
  request: PlainRequest,
  target: Target,
  operation?: OperationName,
): FuzzRequest {
  const signing = {
    credentials: target.credentials,
    service: 'simspaceweaver',
    region: 'us-west-2',
    date: target.now,
  }
  return whole(kind, request, signatureHeaders(request, signing), 'api', operation)
}

function plainRequest({ name, members }: Input, target: Target): PlainRequest {
  const { method, path, input } = operationOf(name)
  const body: Record<string, unknown> = {}
  const query: string[] = []
  let label = ''
  for (const [key, value] of Object.entries(members)) {
    const member = Object.hasOwn(input, key) ? input[key] : undefined
    if (member?.location === 'path') label = textOf(value)
    else if (member?.location === 'query')
      for (const one of [value].flat()) query.push(`${member.wireName}=${wellFormed(textOf(one))}`)
    else if (value !== undefined)
      Object.defineProperty(body, key, { value, enumerable: true, configurable: true })
  }
  const hasBody = method === 'POST'
  return {
    method,
    path: path.replace(/\{.*\}/, () => wellFormed(label).slice(0, 8000)),
    query: query.join('&').slice(0, 8000).replace(/%.?$/, ''),
    headers: [
      ['host', target.host],
      ...(hasBody ? ([['content-type', 'application/json']] as [string, string][]) : []),
    ],
    body: hasBody ? Buffer.from(JSON.stringify(body)) : Buffer.alloc(0),
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}
