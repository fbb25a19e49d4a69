// Reads a request as the input of an operation: turns body, query and path into typed members, or
// into an error. Owns the places of members and the error's message; the rules of single values are
// in read-value.ts. Never looks at state.

import { ApiError, MESSAGE_LENGTH_MAX } from './errors.ts'
import { jsonExcess } from './json-bounds.ts'
import type { InputMember, InputOf, Operation, OperationName } from './operations.ts'
import { OPERATION_NAMES, operationOf } from './operations.ts'
import { labelOf, type QueryPairs, queryPairs, splitTarget } from './raw-input.ts'
import {
  type BrokenRule,
  type Faults,
  isJsonObject,
  memberPathName,
  ownMember,
  readMembers,
} from './read-value.ts'
import { shapeOf } from './shapes.ts'

interface RequestInput {
  /** Raw path and query, as on the request line. */
  readonly url: string
  /** Empty means `{}`. Ignored if the operation has no member in the body. */
  readonly body: Uint8Array
}

type ValidatedInput<Name extends OperationName> =
  | { readonly ok: true; readonly input: InputOf<Name> }
  | { readonly ok: false; readonly error: ApiError }

/**
 * Refuses unreadable input with SerializationException, too many tags with TooManyTagsException if
 * the operation declares it, and broken rules with ValidationException. Unknown members and query
 * keys are ignored.
 */
export function validateInput<Name extends OperationName>(
  name: Name,
  request: RequestInput,
): ValidatedInput<Name> {
  const operation = operationOf(name)
  const { path, query } = splitTarget(request.url)
  const pairs = queryPairs(query)
  if (pairs === undefined) return unreadable('The query holds a broken percent-encoding')
  const label = labelOf(operation.path, path)
  if (label === undefined) return unreadable('The path holds a broken percent-encoding')
  const excess = WITH_BODY.has(name) ? jsonExcess(request.body) : undefined
  if (excess !== undefined) return unreadable(excess)
  const body = WITH_BODY.has(name) ? parseBody(request.body) : {}
  if (body === undefined) return unreadable('The body must be a JSON object in UTF-8')

  const faults: Faults = { malformed: [], broken: [] }
  const rawOf = (memberName: string, member: InputMember): unknown => {
    if (member.location === 'body') return ownMember(body, memberName)
    if (member.location === 'path') return label
    return rawFromQuery(pairs, memberName, member, faults)
  }
  const input = readMembers(operation.input, rawOf, '', faults)
  addExactlyOneOf(operation, input, faults)
  const error = errorOf(operation, faults)
  return error === undefined ? { ok: true, input: input as InputOf<Name> } : { ok: false, error }
}

/** A ValidationException in AWS's own words. */
export function validationError(broken: readonly BrokenRule[]): ApiError {
  const detected = `${broken.length} validation error${broken.length === 1 ? '' : 's'} detected: `
  const problems = broken.map(
    (rule) => `Value at '${rule.path}' failed to satisfy constraint: ${rule.constraint}`,
  )
  return new ApiError(
    'ValidationException',
    detected + joinWithin(problems, MESSAGE_LENGTH_MAX - detected.length),
  )
}

function joinWithin(problems: readonly string[], lengthMax: number): string {
  let text = ''
  for (const problem of problems) {
    const longer = text === '' ? problem : `${text}; ${problem}`
    if (longer.length > lengthMax) break
    text = longer
  }
  return text
}

const WITH_BODY: ReadonlySet<OperationName> = new Set(
  OPERATION_NAMES.filter((name) =>
    Object.values(operationOf(name).input).some(({ location }) => location === 'body'),
  ),
)

function parseBody(body: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  if (body.length === 0) return {}
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
    return isJsonObject(value) ? value : undefined
  } catch (error) {
    // SyntaxError from the parser, TypeError from the decoder.
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined
    throw error
  }
}

/**
 * A list is given by repeating the key. Other keys may be given only once, because it would not be
 * clear which value counts.
 */
function rawFromQuery(
  pairs: QueryPairs,
  name: string,
  member: InputMember,
  faults: Faults,
): unknown {
  const values = pairs.filter(([key]) => key === member.wireName).map(([, value]) => value)
  if (values.length === 0) return undefined
  if (shapeOf(member.shape).type === 'list') return values
  if (values.length > 1) {
    faults.broken.push({ path: memberPathName(name), constraint: 'Member must be given only once' })
  }
  return values[0]
}

function addExactlyOneOf(
  operation: Operation,
  input: Readonly<Record<string, unknown>>,
  faults: Faults,
): void {
  if (operation.exactlyOneOf === undefined) return
  const given = operation.exactlyOneOf.filter((name) => Object.hasOwn(input, name))
  if (given.length === 1) return
  const path = operation.exactlyOneOf.map(memberPathName).join(', ')
  faults.broken.push({ path, constraint: 'Exactly one of these members must be given' })
}

function errorOf(operation: Operation, faults: Faults): ApiError | undefined {
  if (faults.malformed.length > 0) {
    return new ApiError('SerializationException', joinWithin(faults.malformed, MESSAGE_LENGTH_MAX))
  }
  if (faults.broken.length === 0) return undefined
  const [first] = faults.broken
  if (
    faults.broken.length === 1 &&
    first?.countMax !== undefined &&
    operation.errors.includes('TooManyTagsException')
  ) {
    return new ApiError(
      'TooManyTagsException',
      `A resource can have at most ${first.countMax} tags`,
    )
  }
  return validationError(faults.broken)
}

function unreadable(message: string): { readonly ok: false; readonly error: ApiError } {
  return { ok: false, error: new ApiError('SerializationException', message) }
}
