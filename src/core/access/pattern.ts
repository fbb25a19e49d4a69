// Patterns of the policy language: `*`, `?` and variables such as `${aws:username}`. Owns what a
// pattern matches; never knows what the text means.

/** One step of a pattern: a literal character, a wildcard or a variable. */
type PatternPart = string | Wildcard | PatternVariable
export type Pattern = readonly PatternPart[]

interface PatternVariable {
  readonly variable: string
  /** The text to use if the request has no such key. */
  readonly fallback?: string
}

const ANY_ONE = Symbol('?')
export const ANY_MANY = Symbol('*')
/** Like `ANY_ONE`, but does not match a colon. */
const ANY_ONE_IN_SEGMENT = Symbol('?')
const ANY_MANY_IN_SEGMENT = Symbol('*')
type Wildcard =
  | typeof ANY_ONE
  | typeof ANY_MANY
  | typeof ANY_ONE_IN_SEGMENT
  | typeof ANY_MANY_IN_SEGMENT

/**
 * The single value of a variable in a request; undefined if the key is absent or has several
 * values.
 */
type VariableValue = (name: string) => string | undefined

interface PatternOptions {
  readonly wildcards: boolean
  readonly variables: boolean
}

/**
 * Parses a pattern. `${*}`, `${?}` and `${$}` stand for the characters themselves. Source: IAM's
 * reference of policy variables.
 */
export function parsePattern(text: string, options: PatternOptions): Pattern {
  const kind = `${options.wildcards ? '*' : ''}${options.variables ? '$' : ''} `
  const known = parsed.get(kind + text)
  if (known !== undefined) return known
  const pattern = parse(text, options)
  if (parsed.size >= PARSED_MAX) parsed.delete(parsed.keys().next().value!)
  parsed.set(kind + text, pattern)
  return pattern
}

/** Parsed patterns by text: every request asks the same policies. */
const parsed = new Map<string, Pattern>()
const PARSED_MAX = 2000

function parse(text: string, options: PatternOptions): Pattern {
  const parts: PatternPart[] = []
  const characters = /\$\{([^}]*)\}|[\s\S]/gu
  for (const [whole, inner] of text.matchAll(characters)) {
    if (inner === undefined || !options.variables)
      parts.push(...(inner === undefined ? [whole] : whole))
    else parts.push(variableOf(inner))
  }
  return options.wildcards
    ? parts.map((part) => (part === '*' ? ANY_MANY : part === '?' ? ANY_ONE : part))
    : parts
}

function variableOf(inner: string): PatternPart {
  if (inner === '*' || inner === '?' || inner === '$') return { variable: '', fallback: inner }
  const [, variable = inner, fallback] = /^([^,]+?)\s*,\s*'(.*)'$/s.exec(inner) ?? []
  return fallback === undefined ? { variable } : { variable, fallback }
}

/**
 * Whether the pattern matches the whole `text`. A variable's value is text, never a pattern; a
 * variable without a value matches nothing. The worst case takes time in proportion to the product
 * of the lengths.
 */
export function matchesPattern(pattern: Pattern, text: string, variables: VariableValue): boolean {
  if (pattern.length === 1 && pattern[0] === ANY_MANY) return true
  const steps = resolved(pattern, variables)
  return steps !== undefined && matchesSteps(steps, SURROGATE.test(text) ? [...text] : text)
}

/**
 * How many of the texts that begin with `prefix` the pattern matches: all, none, or perhaps some.
 */
export function reachBelow(
  pattern: Pattern,
  prefix: string,
  variables: VariableValue,
): 'all' | 'some' | 'none' {
  const steps = resolved(pattern, variables)
  if (steps === undefined) return 'none'
  let places = withStars(new Set([0]), steps)
  for (const character of prefix) {
    const next = new Set<number>()
    for (const place of places) {
      const step = steps[place]
      if (step === undefined) continue
      const stays = step === ANY_MANY || (step === ANY_MANY_IN_SEGMENT && character !== ':')
      if (stays) next.add(place)
      else if (step !== ANY_MANY_IN_SEGMENT && fits(step, character)) next.add(place + 1)
    }
    places = withStars(next, steps)
  }
  if (places.has(steps.length - 1) && steps.at(-1) === ANY_MANY) return 'all'
  return places.size === 0 ? 'none' : 'some'
}

/** Adds the places behind each `*`, because a `*` may match nothing. */
function withStars(places: Set<number>, steps: readonly Step[]): Set<number> {
  for (const place of places) {
    if (steps[place] === ANY_MANY || steps[place] === ANY_MANY_IN_SEGMENT) places.add(place + 1)
  }
  return places
}

/** The pattern's text, for comparing it as a whole; undefined if a variable has no value. */
export function textOf(pattern: Pattern, variables: VariableValue): string | undefined {
  const steps = resolved(pattern, variables)
  return steps?.map((step) => (typeof step === 'symbol' ? step.description : step)).join('')
}

/** Cuts the pattern at each literal `:`, into at most `countMax` pieces. */
export function splitPattern(pattern: Pattern, countMax: number): Pattern[] {
  const pieces: PatternPart[][] = [[]]
  for (const part of pattern) {
    if (part === ':' && pieces.length < countMax) pieces.push([])
    else pieces.at(-1)!.push(part)
  }
  return pieces
}

/**
 * The pattern as one of a whole ARN: a `*` at the end of a segment matches colons, other wildcards
 * stay within their segment. Behind the fifth colon, a colon is an ordinary character. Source:
 * IAM's reference of the element Resource.
 */
export function resourcePattern(pattern: Pattern): Pattern {
  let colons = 0
  return pattern.map((part, index) => {
    if (part === ':') colons += 1
    if (colons >= ARN_COLONS) return part
    if (part === ANY_ONE) return ANY_ONE_IN_SEGMENT
    const next = pattern[index + 1]
    return part === ANY_MANY && next !== undefined && next !== ':' ? ANY_MANY_IN_SEGMENT : part
  })
}

const ARN_COLONS = 5

/**
 * Adds a `*` for each part that is missing at the end of an ARN. Source: IAM's reference, ARNs with
 * less than six parts.
 */
export function filledArn(pattern: Pattern): Pattern {
  const missing = ARN_COLONS - pattern.filter((part) => part === ':').length
  return missing <= 0
    ? pattern
    : [...pattern, ...Array.from({ length: missing }, () => [':', ANY_MANY] as const).flat()]
}

/** The names of the variables in a text, and the first syntax error in them, if any. */
export function variablesIn(
  text: string,
): { readonly names: readonly string[] } | { readonly reason: string } {
  if (text.replaceAll(/\$\{[^}]*\}/g, '').includes('${'))
    return { reason: `a variable in '${text}' has no end` }
  const variables = parse(text, { wildcards: false, variables: true }).filter(
    (part) => typeof part === 'object',
  )
  if (variables.some(({ variable, fallback }) => variable === '' && fallback === undefined)) {
    return { reason: `a variable in '${text}' has no name` }
  }
  return { names: variables.flatMap(({ variable }) => (variable === '' ? [] : [variable])) }
}

/** A text without surrogates has one character per index. */
const SURROGATE = /[\ud800-\udfff]/

type Step = string | Wildcard

function resolved(pattern: Pattern, variables: VariableValue): readonly Step[] | undefined {
  if (pattern.every((part) => typeof part !== 'object')) return pattern
  const steps: Step[] = []
  for (const part of pattern) {
    if (typeof part !== 'object') {
      steps.push(part)
      continue
    }
    const value = (part.variable === '' ? undefined : variables(part.variable)) ?? part.fallback
    if (value === undefined) return undefined
    steps.push(...value)
  }
  return steps
}

/**
 * On a mismatch, only the last `*` takes one character more: an earlier one could not do better. If
 * the last `*` may not match a colon, the last earlier one that may is extended instead; those in
 * between end at the next colon too.
 */
function matchesSteps(steps: readonly Step[], text: ArrayLike<string>): boolean {
  let step = 0
  let at = 0
  let lastStar = -1
  let lastStarAt = 0
  let wideStar = -1
  let wideStarAt = 0
  while (at < text.length) {
    const wanted = steps[step]
    if (wanted === ANY_MANY) {
      lastStar = wideStar = step
      lastStarAt = wideStarAt = at
      step += 1
    } else if (wanted === ANY_MANY_IN_SEGMENT) {
      lastStar = step
      lastStarAt = at
      step += 1
    } else if (wanted !== undefined && fits(wanted, text[at]!)) {
      step += 1
      at += 1
    } else if (lastStar !== wideStar && text[lastStarAt] !== ':') {
      lastStarAt += 1
      at = lastStarAt
      step = lastStar + 1
    } else if (wideStar !== -1) {
      wideStarAt += 1
      at = wideStarAt
      step = wideStar + 1
      lastStar = wideStar
    } else {
      return false
    }
  }
  while (steps[step] === ANY_MANY || steps[step] === ANY_MANY_IN_SEGMENT) step += 1
  return step === steps.length
}

function fits(wanted: Step, character: string): boolean {
  return (
    wanted === character ||
    wanted === ANY_ONE ||
    (wanted === ANY_ONE_IN_SEGMENT && character !== ':')
  )
}
