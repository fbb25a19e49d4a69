// Checks every exchange of the suite against the table of operations, and the suite for operations
// and errors that it has never seen.
// Owns what conforms; reads requests and answers by the table alone, never with the server's own
// validation.

import {
  OPERATION_NAMES,
  type OperationName,
  operationOf,
  SERVICE_NAME,
} from '../../src/core/api/operations.ts'
import { type Member, shapeOf } from '../../src/core/api/shapes.ts'
import { faultOfApi } from '../fuzz/judge.ts'
import type { Exchange } from './exchange.ts'

interface Verdict {
  exchangeCount: number
  /** Exchanges that don't conform, each fault once, with its first exchange. */
  faults: string[]
  /** Operations that never succeeded, and declared errors that were never answered. */
  unseen: string[]
}

/**
 * Errors that the service's model declares but that are never answered. StopSimulation is valid in
 * every state: a simulation that is stopping or over already has the target status.
 */
const NEVER_ANSWERED: readonly string[] = ['StopSimulation ConflictException']

/** Patterns for ARNs that the service's own pattern does not fit. */
const ANSWERED_PATTERNS: Readonly<Record<string, string>> = {
  LogGroupArn: 'arn:aws:logs:[a-z0-9-]+:\\d{12}:log-group:.+',
}

const SUCCESS = 'success'
const EXCERPT_LENGTH = 300
/** Seconds since the epoch, to the millisecond; a number of milliseconds would have more digits. */
const TIMESTAMP = /^\d{10}(\.\d{1,3})?$/

export function checkExchanges(exchanges: Iterable<Exchange>): Verdict {
  const faults = new Map<string, string>()
  const seen = new Set<string>()
  let exchangeCount = 0
  for (const exchange of exchanges) {
    const { pathname, searchParams } = new URL(
      exchange.url.replace(/^\/*/, '/'),
      'http://localhost',
    )
    if (pathname === '/health' || pathname === '/metrics') continue
    exchangeCount++
    const name = operationAt(exchange.method, pathname)
    const outcome = `${name} ${exchange.headers['x-amzn-errortype'] ?? SUCCESS}`
    seen.add(outcome)
    for (const fault of faultsOf(exchange, name, pathname, searchParams)) {
      const text = `${name ?? 'no operation'}: ${fault}`
      if (!faults.has(text)) faults.set(text, excerptOf(exchange))
    }
    if (NEVER_ANSWERED.includes(outcome))
      faults.set(`${outcome} is thought to be never answered`, excerptOf(exchange))
  }
  const expected = OPERATION_NAMES.flatMap((name) =>
    [SUCCESS, ...operationOf(name).errors].map((outcome) => `${name} ${outcome}`),
  )
  return {
    exchangeCount,
    faults: [...faults].map(([fault, excerpt]) => `${fault}\n    ${excerpt}`),
    unseen: expected.filter((outcome) => !seen.has(outcome) && !NEVER_ANSWERED.includes(outcome)),
  }
}

function operationAt(method: string, pathname: string): OperationName | undefined {
  return OPERATION_NAMES.find((name) => {
    const operation = operationOf(name)
    if (operation.method !== method) return false
    const label = operation.path.indexOf('{')
    return label === -1
      ? pathname === operation.path
      : pathname.startsWith(operation.path.slice(0, label))
  })
}

function faultsOf(
  exchange: Exchange,
  name: OperationName | undefined,
  pathname: string,
  query: URLSearchParams,
): string[] {
  const { status, headers, answerBody } = exchange
  const answer = {
    status,
    headers: new Map(Object.entries(headers)),
    body: Buffer.from(answerBody),
  }
  const fault = faultOfApi(answer, name)
  if (fault !== undefined) return [fault]
  if (status !== 200) return []
  if (name === undefined) return ['success where there is no operation']
  return [
    ...structureFaults('answer', operationOf(name).output, JSON.parse(answerBody), ''),
    ...requestFaults(exchange, name, pathname, query),
  ]
}

/** Faults of a request that succeeded. Ignores unknown members and null, as the service does. */
function requestFaults(
  exchange: Exchange,
  name: OperationName,
  pathname: string,
  query: URLSearchParams,
): string[] {
  const { path, input } = operationOf(name)
  const body: Record<string, unknown> =
    exchange.method === 'POST' ? JSON.parse(exchange.requestBody || '{}') : {}
  const asked = Object.entries(input).map(([member, { location, wireName = member, shape }]) => {
    if (location === 'path') return [member, decodeURIComponent(pathname.slice(path.indexOf('{')))]
    if (location === 'body') return [member, Object.hasOwn(body, member) ? body[member] : undefined]
    const values = query.getAll(wireName)
    if (values.length === 0) return [member, undefined]
    if (shapeOf(shape).type === 'list') return [member, values]
    return [member, shapeOf(shape).type === 'integer' ? Number(values[0]) : values[0]]
  })
  return structureFaults('request', input, Object.fromEntries(asked), '')
}

type Side = 'request' | 'answer'

function structureFaults(
  side: Side,
  members: Readonly<Record<string, Member>>,
  value: unknown,
  path: string,
): string[] {
  if (!isObject(value)) return [`${side}${path} is no object`]
  const faults: string[] = []
  for (const [name, { shape, required, always }] of Object.entries(members)) {
    const member = Object.hasOwn(value, name) ? value[name] : undefined
    const isAbsent = member === undefined || (side === 'request' && member === null)
    if (!isAbsent) faults.push(...valueFaults(side, shape, member, `${path}.${name}`))
    else if (required || (side === 'answer' && always))
      faults.push(`${side}${path}.${name} is absent`)
  }
  if (side === 'request') return faults
  const others = Object.keys(value).filter((name) => !Object.hasOwn(members, name))
  faults.push(...others.map((name) => `${side}${path}.${name} is not in the table`))
  if (members.Arn && members.Name && !namesSimulation(value.Arn, value.Name)) {
    faults.push(`${side}${path}.Arn is not that of the simulation`)
  }
  return faults
}

function valueFaults(side: Side, shapeName: string, value: unknown, path: string): string[] {
  const shape = shapeOf(shapeName)
  const wrong = (what: string) => [`${side}${path} ${what}`]
  switch (shape.type) {
    case 'string': {
      if (typeof value !== 'string') return wrong('is no string')
      const { lengthMin = 0, lengthMax = Number.POSITIVE_INFINITY, values } = shape
      const pattern = ANSWERED_PATTERNS[shapeName] ?? shape.pattern
      const length = [...value].length
      if (length < lengthMin || length > lengthMax) return wrong('is too short or too long')
      if (values !== undefined && !values.includes(value))
        return wrong(`is ${value}, which is not in the table`)
      if (pattern !== undefined && !new RegExp(`^(?:${pattern})$`, 'u').test(value))
        return wrong(`is not ${pattern}`)
      return []
    }
    case 'integer': {
      const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = shape
      if (!Number.isInteger(value)) return wrong('is no integer')
      return Number(value) < min || Number(value) > max ? wrong('is out of bounds') : []
    }
    case 'timestamp':
      return typeof value === 'number' && TIMESTAMP.test(String(value))
        ? []
        : wrong('is no time in seconds')
    case 'list':
      if (!Array.isArray(value)) return wrong('is no list')
      return [
        ...countFaults(side, shape, value.length, path),
        ...value.flatMap((item) => valueFaults(side, shape.item, item, `${path}[]`)),
      ]
    case 'map':
      if (!isObject(value)) return wrong('is no map')
      return [
        ...countFaults(side, shape, Object.keys(value).length, path),
        ...Object.entries(value).flatMap(([key, item]) => [
          ...valueFaults(side, shape.key, key, `${path} key`),
          ...valueFaults(side, shape.value, item, `${path} value`),
        ]),
      ]
    case 'structure':
      return structureFaults(side, shape.members, value, path)
  }
}

/** Skips the least count: it is a rule for callers, and answers may be empty. */
function countFaults(
  side: Side,
  { countMin = 0, countMax = Number.POSITIVE_INFINITY }: { countMin?: number; countMax?: number },
  count: number,
  path: string,
): string[] {
  const isWrong = count > countMax || (side === 'request' && count < countMin)
  return isWrong ? [`${side}${path} has too few or too many items`] : []
}

function namesSimulation(arn: unknown, name: unknown): boolean {
  return (
    new RegExp(`^arn:aws:${SERVICE_NAME}:[a-z0-9-]+:\\d{12}:simulation/`).exec(String(arn))?.[0] +
      String(name) ===
    arn
  )
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function excerptOf({ method, url, requestBody, status, answerBody }: Exchange): string {
  const cut = (text: string) =>
    text.length > EXCERPT_LENGTH ? `${text.slice(0, EXCERPT_LENGTH)}…` : text
  return [method, cut(url), cut(requestBody), '→', status, cut(answerBody)].join(' ')
}
