// Values for the members of the API and S3: right ones, nearly right ones, and arbitrary ones.
// Owns the pools; draws every choice from the seeded stream. Never knows operations.

import { type ShapeName, shapeOf } from '../../src/core/api/shapes.ts'
import type { Random } from '../simulator/random.ts'

/**
 * Simulations named in requests: the first one runs all the time, some come and go, some never
 * existed.
 */
export const STEADY_WORLD = 'steady'
const passingWorlds = ['passing-1', 'passing-2', 'passing-3']
export const BUCKET = 'test-bucket'
export const SCHEMA_KEY = 'small.yaml'

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-'
const oddTexts = [
  '', ' ', '.', '..', '../../etc/passwd', '/', '//', '\\', '\0', '\n', '\r\n', '\t', '%', '%00',
  '%zz', '%2F..%2F', '+', '&a=b', '?', '#',
  "'", '"', '`', '<b>', '&amp;', '{}', '[]', '$(x)', 'null', 'undefined', '__proto__',
  'constructor', 'toString', 'NaN', '-1', '1e400',
  'é', 'e\u0301', 'ß', '中文', '🧵', '👩‍👩‍👧', '\u202e', '\ufeff', '\u0000', '\uffff', '\ud800',
  '\udc00x', 'İ', 'ﬀ', 'a\u0300'.repeat(50), '\u2028',
  '9'.repeat(400), 'x'.repeat(63), 'x'.repeat(64), 'x'.repeat(65), 'x'.repeat(1601),
  '🧵'.repeat(300), 'aws:', 'AWS:x', 'arn:', 'a'.repeat(255),
] // biome-ignore format: a list to look things up in

export function oddText(random: Random): string {
  const kind = random.below(10)
  if (kind < 6) return random.pick(oddTexts)
  if (kind < 8) return Array.from({ length: random.below(40) }, () => oddCharacter(random)).join('')
  if (kind < 9) return random.pick(oddTexts) + random.pick(oddTexts)
  return random
    .pick(['x', '%', 'é', '\0', '"', '🧵'])
    .repeat(random.pick([100, 1000, 5000, 50_000]))
}

function oddCharacter(random: Random): string {
  const ranges = [0x20, 0x7f, 0x100, 0x3000, 0x10000, 0x110000]
  return String.fromCodePoint(random.below(random.pick(ranges)))
}

export function anyName(random: Random): string {
  return Array.from({ length: random.between(1, 70) }, () => random.pick([...LETTERS])).join('')
}

/** Returns a value that fits the shape. */
export function rightValue(name: string, member: string, random: Random): unknown {
  const shape = shapeOf(name as ShapeName)
  switch (shape.type) {
    case 'string':
      return rightText(name, member, random)
    case 'integer':
      return random.between(shape.min ?? 0, random.pick([1, 5, 100, 2 ** 31 - 1]))
    case 'list':
      return Array.from({ length: random.between(shape.countMin ?? 0, 3) }, () =>
        rightValue(shape.item, member, random),
      )
    case 'map':
      return Object.fromEntries(
        Array.from({ length: random.between(1, 3) }, () => [
          rightValue(shape.key, member, random),
          rightValue(shape.value, member, random),
        ]),
      )
    case 'structure':
      return Object.fromEntries(
        Object.entries(shape.members)
          .filter(([, inner]) => ('required' in inner && inner.required) || random.chance(0.5))
          .map(([key, inner]) => [key, rightValue(inner.shape, key, random)]),
      )
    case 'timestamp':
      return 0
  }
}

/** Replaces a right value by another, which may happen to be right too. */
export function brokenValue(right: unknown, random: Random): unknown {
  if (Array.isArray(right) && random.chance(0.5)) return [...right, anything(random, 2)]
  if (typeof right === 'object' && right !== null && random.chance(0.7)) {
    const copy: Record<string, unknown> = { ...right }
    const keys = Object.keys(copy)
    const key = keys.length > 0 && random.chance(0.7) ? random.pick(keys) : oddText(random)
    Object.defineProperty(copy, key, {
      value: brokenValue(copy[key], random),
      enumerable: true,
      configurable: true,
    })
    return copy
  }
  if (typeof right === 'string' && random.chance(0.5)) return mutatedText(right, random)
  return random.chance(0.5) ? oddText(random) : anything(random, 3)
}

export function mutatedText(text: string, random: Random): string {
  const at = random.below(text.length + 1)
  const kind = random.below(4)
  if (kind === 0) return text.slice(0, at) + oddCharacter(random) + text.slice(at)
  if (kind === 1) return text.slice(0, at) + text.slice(at + 1)
  if (kind === 2) return text.slice(0, at)
  return text.slice(0, at) + random.pick(oddTexts) + text.slice(at)
}

/** Returns any JSON. */
export function anything(random: Random, depth: number): unknown {
  const kind = random.below(depth > 0 ? 10 : 7)
  if (kind === 0) return null
  if (kind === 1) return random.chance(0.5)
  if (kind === 2) return random.pick([0, -1, 1.5, 1e308, 2 ** 31, 2 ** 53, -0])
  if (kind < 7) return oddText(random)
  const count = random.below(4)
  if (kind < 9) return Array.from({ length: count }, () => anything(random, depth - 1))
  return Object.fromEntries(
    Array.from({ length: count }, () => [oddText(random), anything(random, depth - 1)]),
  )
}

function rightText(shape: string, member: string, random: Random): string {
  const world = () =>
    random.chance(0.7) ? STEADY_WORLD : random.pick([...passingWorlds, 'nobody'])
  switch (shape) {
    case 'ResourceArn': {
      const account = random.pick(['111122223333', '111122223333', '999999999999'])
      return `arn:aws:simspaceweaver:us-west-2:${account}:simulation/${world()}`
    }
    case 'RoleArn':
      return 'arn:aws:iam::111122223333:role/fuzz'
    case 'ClientToken':
      return random.pick(['a', 'b', 'c', 'd', 'e', 'f']).repeat(36)
    case 'MaximumDuration':
      return random.pick(['1H', '14D', '20m', '0m'])
    case 'BucketName':
      return random.pick([BUCKET, BUCKET, 'no-such-bucket'])
    case 'ObjectKey':
      return random.pick([SCHEMA_KEY, SCHEMA_KEY, 'no-such.yaml'])
    case 'ObjectKeyPrefix':
      return 'saved'
    case 'TagKey':
      return random.pick(['team', 'é', 'a b', 'k'.repeat(128)])
    case 'TagValue':
      return random.pick(['', 'water', 'v'.repeat(256)])
  }
  if (member === 'Simulation') return world()
  if (member === 'Domain') return random.pick(['View', 'View', 'Cells', 'Nowhere'])
  if (member === 'App' || member === 'Name') return random.pick([...passingWorlds, 'Cells-0-0'])
  return random.pick(['some text', 'more é 🧵 text', 'x'])
}
