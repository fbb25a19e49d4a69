// The wire form of calls, from the table of operations: input to request, answer to output or
// error.
// Owns the translation alone; never sends, signs or checks a rule (the service does).

import { percentEncoded } from '../../../src/core/api/canonical-request.ts'
import type { InputMember, OperationName, OutputOf } from '../../../src/core/api/operations.ts'
import { operationOf } from '../../../src/core/api/operations.ts'
import { isJsonObject, ownMember } from '../../../src/core/api/read-value.ts'
import { type Member, shapeOf } from '../../../src/core/api/shapes.ts'
import { HeddleApiError } from './errors.ts'

export interface WireRequest {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** Percent-encoded once. */
  readonly path: string
  /** Not encoded; repeated keys as lists. */
  readonly query: Readonly<Record<string, string | string[]>>
  /** Absent where the operation takes nothing in a body. */
  readonly body?: string
}

/** `freshToken` is asked where an idempotency token is left out. */
export function wireRequest(
  name: OperationName,
  input: object,
  freshToken: () => string,
): WireRequest {
  const operation = operationOf(name)
  const query: Record<string, string | string[]> = {}
  const body: Record<string, unknown> = {}
  let { path } = operation
  for (const [memberName, member] of Object.entries(operation.input)) {
    const given = (input as Readonly<Record<string, unknown>>)[memberName] ?? undefined
    const value = given === undefined && member.idempotencyToken ? freshToken() : given
    if (member.location === 'path')
      path = operation.path.replace(/\{.*\}/, () => percentEncoded(String(value ?? '')))
    else if (value === undefined) continue
    else if (member.location === 'query') query[wireNameOf(memberName, member)] = queryValue(value)
    else body[memberName] = value
  }
  const hasBody = Object.values(operation.input).some((member) => member.location === 'body')
  return { method: operation.method, path, query, ...(hasBody && { body: JSON.stringify(body) }) }
}

/** Path and query as they go on the request line, in the encoding that signatures are made over. */
export function requestTarget({ path, query }: WireRequest): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    [value].flat().map((item) => `${percentEncoded(name)}=${percentEncoded(item)}`),
  )
  return pairs.length === 0 ? path : `${path}?${pairs.join('&')}`
}

/**
 * Undefined where the text is not a JSON object. Members that the table does not name are left out.
 */
export function wireOutput<Name extends OperationName>(
  name: Name,
  text: string,
): OutputOf<Name> | undefined {
  const json = parsed(text)
  return isJsonObject(json)
    ? (readMembers(operationOf(name).output, json) as OutputOf<Name>)
    : undefined
}

export function wireError(
  name: OperationName,
  status: number,
  headers: Headers,
  text: string,
): HeddleApiError {
  const json = parsed(text)
  const member = (key: string) => {
    const value = isJsonObject(json) ? ownMember(json, key) : undefined
    return typeof value === 'string' ? value : undefined
  }
  // Some services write a namespace before the code, and an address behind it.
  const code = (headers.get('x-amzn-errortype') ?? member('__type') ?? '')
    .replace(/^.*#/, '')
    .replace(/:.*$/, '')
  const message =
    member('message') ?? member('Message') ?? `the answer has the HTTP status ${status}`
  return new HeddleApiError(
    name,
    code || `HTTP ${status}`,
    message,
    status,
    headers.get('x-amzn-requestid') ?? '',
  )
}

function wireNameOf(name: string, member: InputMember): string {
  return member.wireName ?? name
}

function queryValue(value: unknown): string | string[] {
  return Array.isArray(value) ? value.map(String) : String(value)
}

function readMembers(
  members: Readonly<Record<string, Member>>,
  json: Readonly<Record<string, unknown>>,
): object {
  const value: Record<string, unknown> = {}
  for (const [name, member] of Object.entries(members)) {
    const raw = ownMember(json, name)
    if (raw !== undefined && raw !== null) value[name] = readValue(member.shape, raw)
  }
  return value
}

/**
 * What has another form than the table says stays as it came: an answer is shown rather than
 * refused.
 */
function readValue(shapeName: string, raw: unknown): unknown {
  const shape = shapeOf(shapeName)
  // Seconds with fractions are not exact in binary: round to the millisecond they came from.
  if (shape.type === 'timestamp')
    return typeof raw === 'number' ? new Date(Math.round(raw * 1000)) : raw
  if (shape.type === 'list' && Array.isArray(raw))
    return raw.map((item) => readValue(shape.item, item))
  if (shape.type === 'structure' && isJsonObject(raw)) return readMembers(shape.members, raw)
  return raw
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
