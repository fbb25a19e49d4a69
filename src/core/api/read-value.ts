// Reads one raw value as a shape says: checks its type and every limit, and builds the typed value.
// Owns the rules of shapes and their messages; never knows operations or where a value travelled.

import { assert } from '../../base/assert.ts'
import type { IntegerShape, ListShape, MapShape, StringShape, StructureShape } from './shapes.ts'
import { shapeOf } from './shapes.ts'

/** The faults of an input, collected while it is read. */
export interface Faults {
  /** Values of the wrong type. */
  readonly malformed: string[]
  /** Values of the right type that break a rule. */
  readonly broken: BrokenRule[]
}

export interface BrokenRule {
  /** The member, e.g. `schemaS3Location.bucketName`. */
  readonly path: string
  /** E.g. `Member must not be null`. */
  readonly constraint: string
  /** The limit, if a list or map has too many items. */
  readonly countMax?: number
}

const INTEGER_LIMIT = 2 ** 31

/**
 * `raw` is JSON data, or text from a query if an integer is expected. Never null or undefined: see
 * `readMembers`.
 */
function readValue(shapeName: string, raw: unknown, path: string, faults: Faults): unknown {
  const shape = shapeOf(shapeName)
  switch (shape.type) {
    case 'string':
      return readString(shape, raw, path, faults)
    case 'integer':
      return readInteger(shape, raw, path, faults)
    case 'list':
      return readList(shape, raw, path, faults)
    case 'map':
      return readMap(shape, raw, path, faults)
    case 'structure':
      return readStructure(shape, raw, path, faults)
    case 'timestamp':
      assert(false, `an input has a timestamp at ${path}, and none is expected`)
  }
}

/**
 * Reads all members of a structure; `rawOf` gives a member's raw value, null or undefined if it is
 * absent.
 */
export function readMembers<M extends { readonly shape: string; readonly required?: true }>(
  members: Readonly<Record<string, M>>,
  rawOf: (name: string, member: M) => unknown,
  parentPath: string,
  faults: Faults,
): Record<string, unknown> {
  const value: Record<string, unknown> = {}
  for (const [name, member] of Object.entries(members)) {
    const path = parentPath + memberPathName(name)
    const raw = rawOf(name, member)
    if (raw !== undefined && raw !== null) value[name] = readValue(member.shape, raw, path, faults)
    else if (member.required) faults.broken.push({ path, constraint: 'Member must not be null' })
  }
  return value
}

/** The name of a member in messages: `maxResults` for `MaxResults`. */
export function memberPathName(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1)
}

function readString(shape: StringShape, raw: unknown, path: string, faults: Faults): unknown {
  if (typeof raw !== 'string') return wrongType('a string', path, faults)
  for (const constraint of brokenStringRules(shape, raw)) faults.broken.push({ path, constraint })
  return raw
}

function brokenStringRules(shape: StringShape, text: string): string[] {
  const rules = lengthRules(codePointCount(text), shape.lengthMin, shape.lengthMax)
  if (shape.values !== undefined && !shape.values.includes(text)) {
    rules.push(`Member must satisfy enum value set: [${shape.values.join(', ')}]`)
  }
  if (shape.pattern !== undefined && !wholeMatch(shape.pattern).test(text)) {
    rules.push(`Member must satisfy regular expression pattern: ${shape.pattern}`)
  }
  if (shape.prefixRefused !== undefined && text.toLowerCase().startsWith(shape.prefixRefused)) {
    rules.push(`Member must not begin with ${shape.prefixRefused}`)
  }
  if (shape.dotsRefused === true && /^\.+$/.test(text))
    rules.push('Member must not be made of dots alone')
  return rules
}

function readInteger(shape: IntegerShape, raw: unknown, path: string, faults: Faults): unknown {
  const value = typeof raw === 'string' && /^-?\d+$/.test(raw) ? Number(raw) : raw
  if (
    typeof value !== 'number' ||
    !Number.isInteger(value) ||
    value < -INTEGER_LIMIT ||
    value >= INTEGER_LIMIT
  ) {
    return wrongType('a 32-bit integer', path, faults)
  }
  if (shape.min !== undefined && value < shape.min) {
    faults.broken.push({
      path,
      constraint: `Member must have value greater than or equal to ${shape.min}`,
    })
  }
  if (shape.max !== undefined && value > shape.max) {
    faults.broken.push({
      path,
      constraint: `Member must have value less than or equal to ${shape.max}`,
    })
  }
  return value
}

function readList(shape: ListShape, raw: unknown, path: string, faults: Faults): unknown {
  if (!Array.isArray(raw)) return wrongType('a list', path, faults)
  addCountRules(raw.length, shape, path, faults)
  if (isTooMany(raw.length, shape)) return raw
  return raw.map((item, index) =>
    readValue(shape.item, item, `${path}.${index + 1}.member`, faults),
  )
}

/**
 * Broken rules of keys and values are reported once for the whole map, so that no message contains
 * a key.
 */
function readMap(shape: MapShape, raw: unknown, path: string, faults: Faults): unknown {
  if (!isJsonObject(raw)) return wrongType('a map', path, faults)
  const entries = Object.entries(raw)
  addCountRules(entries.length, shape, path, faults)
  if (isTooMany(entries.length, shape)) return raw
  const keyFaults: Faults = { malformed: faults.malformed, broken: [] }
  const valueFaults: Faults = { malformed: faults.malformed, broken: [] }
  const read = entries.map(([key, value]) => [
    readValue(shape.key, key, path, keyFaults) as string,
    readValue(shape.value, value, path, valueFaults),
  ])
  addMapRules('Map keys', keyFaults, path, faults)
  addMapRules('Map values', valueFaults, path, faults)
  return Object.fromEntries(read)
}

function addMapRules(what: string, inner: Faults, path: string, faults: Faults): void {
  const constraints = [...new Set(inner.broken.map((rule) => rule.constraint))]
  if (constraints.length === 0) return
  faults.broken.push({
    path,
    constraint: `${what} must satisfy constraint: [${constraints.join(', ')}]`,
  })
}

function readStructure(shape: StructureShape, raw: unknown, path: string, faults: Faults): unknown {
  if (!isJsonObject(raw)) return wrongType('a structure', path, faults)
  return readMembers(shape.members, (name) => ownMember(raw, name), `${path}.`, faults)
}

/** A member of JSON data, never something it inherits. */
export function ownMember(object: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined
}

export function isJsonObject(raw: unknown): raw is Readonly<Record<string, unknown>> {
  return typeof raw === 'object' && raw !== null && !Array.isArray(raw)
}

function wrongType(expected: string, path: string, faults: Faults): undefined {
  faults.malformed.push(`Value at '${path}' must be ${expected}`)
}

function addCountRules(
  count: number,
  shape: ListShape | MapShape,
  path: string,
  faults: Faults,
): void {
  for (const constraint of lengthRules(count, shape.countMin, undefined))
    faults.broken.push({ path, constraint })
  for (const constraint of lengthRules(count, undefined, shape.countMax)) {
    faults.broken.push({ path, constraint, countMax: shape.countMax })
  }
}

/** Whether there are too many items. If so, the items are not read. */
function isTooMany(
  count: number,
  { countMax = Number.POSITIVE_INFINITY }: ListShape | MapShape,
): boolean {
  return count > countMax
}

function lengthRules(length: number, min: number | undefined, max: number | undefined): string[] {
  if (min !== undefined && length < min)
    return [`Member must have length greater than or equal to ${min}`]
  if (max !== undefined && length > max)
    return [`Member must have length less than or equal to ${max}`]
  return []
}

/**
 * Counts code points rather than UTF-16 units: an emoji counts once, as in clients of other
 * languages.
 */
function codePointCount(text: string): number {
  if (!/[\ud800-\udfff]/.test(text)) return text.length
  let count = 0
  for (const _ of text) count += 1
  return count
}

const wholeMatches = new Map<string, RegExp>()

function wholeMatch(pattern: string): RegExp {
  let regExp = wholeMatches.get(pattern)
  if (regExp === undefined) {
    regExp = new RegExp(`^(?:${pattern})$`, 'u')
    wholeMatches.set(pattern, regExp)
  }
  return regExp
}
