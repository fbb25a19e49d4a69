// Conditions of policy statements: the operators of IAM's language and how they compare. Owns the
// operators' meaning; never decides about a whole statement. Source: IAM's reference of condition
// operators.

import { isInRange, parseIpRange } from './ip-range.ts'
import {
  ANY_MANY,
  matchesPattern,
  type Pattern,
  parsePattern,
  splitPattern,
  textOf,
} from './pattern.ts'
import type { RequestContext } from './request-context.ts'

/** One operator with one key. All conditions of a statement must hold. */
export interface Condition {
  readonly operator: OperatorParts
  readonly key: string
  readonly values: readonly string[]
  /** Whether values may contain variables (`${...}`). */
  readonly variables: boolean
}

/**
 * Builds a condition. `operator` is the name as written, such as
 * `ForAnyValue:StringEqualsIfExists`. Returns the reason if there is no such operator or it cannot
 * use the values.
 */
export function conditionOf(
  operator: string,
  key: string,
  values: readonly string[],
  variables: boolean,
): Condition | { readonly reason: string } {
  const parts = partsOf(operator)
  if (parts === undefined) return { reason: `there is no condition operator '${operator}'` }
  const wrong = values.find((value) => !parts.base.accepts(value, variables))
  if (wrong !== undefined) return { reason: `'${wrong}' is no value for ${operator}` }
  return { operator: parts, key, values, variables }
}

export function conditionHolds(condition: Condition, context: RequestContext): boolean {
  const parts = condition.operator
  const given = context.valuesOf(condition.key)
  if (parts.isNull)
    return condition.values.some(
      (value) => (value.toLowerCase() === 'true') === (given === undefined),
    )
  if (given === undefined)
    return parts.ifExists || parts.set === 'all' || (parts.set === undefined && parts.negated)
  const holdsFor = (value: string) => {
    const matched = condition.values.some((wanted) =>
      parts.base.matches(value, wanted, condition.variables, context),
    )
    return parts.negated ? !matched && parts.base.comparable(value) : matched
  }
  // A key without a set operator should have one value. If it has several, a negated operator must
  // hold for each of them.
  const every = parts.set === 'all' || (parts.set === undefined && parts.negated)
  return every ? given.every(holdsFor) : given.some(holdsFor)
}

/**
 * True if the request does not say enough to evaluate a negated condition. Such a condition must
 * not allow anything.
 */
export function leavesOpen(
  { operator, values, variables }: Condition,
  context: RequestContext,
): boolean {
  if (!variables || !operator.negated) return false
  const options = { wildcards: false, variables }
  return values.some(
    (value) => textOf(parsePattern(value, options), (name) => context.variable(name)) === undefined,
  )
}

/** The type of values that an operator compares. */
export type ValueKind = 'text' | 'ARNs' | 'addresses' | 'booleans' | 'numbers' | 'dates'

/** How one request value is compared with one policy value. */
interface Comparison {
  readonly kind: ValueKind
  /** Whether a policy may use the value; with `variables`, it may contain variables. */
  accepts(wanted: string, variables: boolean): boolean
  /**
   * Whether a request's value can be compared. If not, it satisfies neither the operator nor its
   * negation.
   */
  comparable(value: string): boolean
  matches(value: string, wanted: string, variables: boolean, context: RequestContext): boolean
}

/** The parts of an operator's name. */
interface OperatorParts {
  base: Comparison
  negated: boolean
  isNull: boolean
  ifExists: boolean
  set: 'all' | 'any' | undefined
}

function partsOf(operator: string): OperatorParts | undefined {
  const [, set, name = ''] = /^(?:(ForAllValues|ForAnyValue):)?(.*)$/i.exec(operator) ?? []
  const folded = name.toLowerCase()
  const ifExists = folded.endsWith('ifexists')
  const bare = ifExists ? folded.slice(0, -'ifexists'.length) : folded
  const found = OPERATORS.get(bare)
  const isNull = bare === 'null'
  if (found === undefined || (isNull && (ifExists || set !== undefined))) return undefined
  const setKind =
    set === undefined ? undefined : set.toLowerCase() === 'forallvalues' ? 'all' : 'any'
  return { ...found, isNull, ifExists, set: setKind }
}

function textual(wildcards: boolean, fold: (text: string) => string = (text) => text): Comparison {
  return {
    kind: 'text',
    accepts: () => true,
    comparable: () => true,
    matches: (value, wanted, variables, context) => {
      const pattern = parsePattern(wanted, { wildcards, variables })
      const variableOf = (name: string) => context.variable(name)
      if (wildcards) return matchesPattern(pattern, value, variableOf)
      const text = textOf(pattern, variableOf)
      return text !== undefined && fold(text) === fold(value)
    },
  }
}

/** Compares ARNs piece by piece: a `*` does not match a colon, except at the end of the pattern. */
const ARN: Comparison = {
  kind: 'ARNs',
  accepts: (wanted, variables) => {
    const pattern = parsePattern(wanted, { wildcards: true, variables })
    const end = pattern.at(-1)
    // A variable may contain a whole ARN.
    const isOpen = end === ANY_MANY || (pattern.length === 1 && typeof end === 'object')
    return isOpen || splitPattern(pattern, ARN_PIECES).length === ARN_PIECES
  },
  comparable: () => true,
  matches: (value, wanted, variables, context) =>
    matchesArn(parsePattern(wanted, { wildcards: true, variables }), value, (name) =>
      context.variable(name),
    ),
}

const ARN_PIECES = 6

/** Whether an ARN matches a pattern. A pattern that ends early with a `*` leaves the rest open. */
function matchesArn(
  pattern: Pattern,
  arn: string,
  variableOf: (name: string) => string | undefined,
): boolean {
  const wanted = arnPieces(pattern)
  const given = wanted.length === 1 ? undefined : piecesOfArn(arn)
  if (given === undefined) return matchesPattern(pattern, arn, variableOf)
  if (wanted.length < ARN_PIECES && wanted.at(-1)!.at(-1) !== ANY_MANY) return false
  return wanted.every((piece, index) => matchesPattern(piece, given[index]!, variableOf))
}

/**
 * The pieces of an ARN; undefined if it is not one, such as the `*` of a request without a
 * resource.
 */
function piecesOfArn(arn: string): readonly string[] | undefined {
  const pieces: string[] = []
  let from = 0
  while (pieces.length < ARN_PIECES - 1) {
    const colon = arn.indexOf(':', from)
    if (colon === -1) return undefined
    pieces.push(arn.slice(from, colon))
    from = colon + 1
  }
  pieces.push(arn.slice(from))
  return pieces
}

/** Pieces of each pattern. The parser caches patterns, so this caches their pieces too. */
const piecesOf = new WeakMap<Pattern, readonly Pattern[]>()

function arnPieces(pattern: Pattern): readonly Pattern[] {
  const known = piecesOf.get(pattern)
  if (known !== undefined) return known
  const pieces = splitPattern(pattern, ARN_PIECES)
  piecesOf.set(pattern, pieces)
  return pieces
}

function ordered(
  kind: 'numbers' | 'dates',
  parse: (text: string) => number,
  compare: (value: number, wanted: number) => boolean,
): Comparison {
  return {
    kind,
    accepts: (wanted, variables) =>
      !Number.isNaN(parse(wanted)) || (variables && wanted.includes('${')),
    comparable: (value) => !Number.isNaN(parse(value)),
    matches: (value, wanted, variables, context) => {
      const text = textOf(parsePattern(wanted, { wildcards: false, variables }), (name) =>
        context.variable(name),
      )
      return text !== undefined && compare(parse(value), parse(text))
    },
  }
}

function numberOf(text: string): number {
  return /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text.trim()) ? Number(text) : Number.NaN
}

/** Milliseconds since the epoch, from ISO 8601 or from seconds since the epoch. */
function dateOf(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text) && text.length > 4) return Number(text) * 1000
  return /^\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?)?)?$/.test(text)
    ? Date.parse(/T.*\d$/.test(text) && !/[+-]\d\d:?\d\d$/.test(text) ? `${text}Z` : text)
    : Number.NaN
}

const IP: Comparison = {
  kind: 'addresses',
  accepts: (wanted) => parseIpRange(wanted) !== undefined,
  comparable: (value) => parseIpRange(value) !== undefined,
  matches: (value, wanted) => {
    const address = parseIpRange(value)
    const range = parseIpRange(wanted)
    return address !== undefined && range !== undefined && isInRange(address, range)
  },
}

const isBoolean = (text: string) => /^(true|false)$/i.test(text)
const BOOL: Comparison = {
  kind: 'booleans',
  accepts: isBoolean,
  comparable: isBoolean,
  matches: (value, wanted) => value.toLowerCase() === wanted.toLowerCase(),
}

const fold = (text: string) => text.toLowerCase()
const plain = (base: Comparison) => ({ base, negated: false })
const negated = (base: Comparison) => ({ base, negated: true })

const OPERATORS: ReadonlyMap<string, { base: Comparison; negated: boolean }> = new Map([
  ['stringequals', plain(textual(false))],
  ['stringnotequals', negated(textual(false))],
  ['stringequalsignorecase', plain(textual(false, fold))],
  ['stringnotequalsignorecase', negated(textual(false, fold))],
  ['stringlike', plain(textual(true))],
  ['stringnotlike', negated(textual(true))],
  ['arnequals', plain(ARN)],
  ['arnlike', plain(ARN)],
  ['arnnotequals', negated(ARN)],
  ['arnnotlike', negated(ARN)],
  ['binaryequals', plain(textual(false))],
  ['bool', plain(BOOL)],
  ['null', plain(BOOL)],
  ['ipaddress', plain(IP)],
  ['notipaddress', negated(IP)],
  ...orderedOperators('numeric', 'numbers', numberOf),
  ...orderedOperators('date', 'dates', dateOf),
])

function orderedOperators(
  name: string,
  kind: 'numbers' | 'dates',
  parse: (text: string) => number,
) {
  const operator = (compare: (value: number, wanted: number) => boolean) =>
    ordered(kind, parse, compare)
  const equal = operator((value, wanted) => value === wanted)
  return [
    [`${name}equals`, plain(equal)],
    [`${name}notequals`, negated(equal)],
    [`${name}lessthan`, plain(operator((value, wanted) => value < wanted))],
    [`${name}lessthanequals`, plain(operator((value, wanted) => value <= wanted))],
    [`${name}greaterthan`, plain(operator((value, wanted) => value > wanted))],
    [`${name}greaterthanequals`, plain(operator((value, wanted) => value >= wanted))],
  ] as const
}
