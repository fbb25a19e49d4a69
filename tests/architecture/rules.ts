// The rules of the project's structure, as data and as functions from facts to faults.
// Owns what may import what; never reads a file (that is sources.ts).

import { posix } from 'node:path'
import type { Source } from './sources.ts'

/**
 * Each zone of the source, and the zones that it may import besides itself. Tests, scripts and
 * benchmarks may import all.
 */
const ZONES: Record<string, string[]> = {
  'src/base': [],
  'src/core': ['src/base'],
  'src/io': ['src/base'],
  'src/joints': ['src/base', 'src/core', 'src/io'],
  'src/control': ['src/base', 'src/core', 'src/io', 'src/joints'],
  'src/worker': ['src/base', 'src/core', 'src/io', 'src/joints'],
  'src/cli': ['src/base', 'src/core', 'src/io', 'src/joints', 'src/control', 'clients/typescript'],
  'sdk/typescript': ['src/base', 'src/core', 'src/io'],
  'clients/typescript': ['src/base', 'src/core'],
}

/**
 * Rooms of core and of the worker, and the rooms of their zone that they may import. What is no
 * room here may import, and be imported by, all of its zone.
 */
const ROOMS: Record<string, string[]> = {
  'src/core/entities': [],
  'src/core/tick': [],
  'src/core/snapshot': ['src/core/entities'],
  'src/core/fabric/memory': ['src/core/entities', 'src/core/tick'],
  'src/core/fabric/owner': ['src/core/entities', 'src/core/fabric/memory'],
  'src/core/fabric/reader': ['src/core/entities', 'src/core/fabric/memory'],
  'src/core/fabric/worker': [
    'src/core/entities',
    'src/core/tick',
    'src/core/fabric/memory',
    'src/core/fabric/owner',
  ],
  'src/worker/clock': [],
  'src/worker/snapshots': [],
  'src/worker/start': ['src/worker/snapshots'],
  'src/worker/reports': ['src/worker/start'],
  'src/worker/apps': ['src/worker/clock', 'src/worker/start', 'src/worker/reports'],
}

/** The one file that uses Node's own: its `after` waits for `before`. */
const HOOKS = 'src/base/testing/hooks.ts'
const SDK_NAME = '@heddle/sdk'

/** What core may use from outside: pure computation only. */
const CORE_PACKAGES = new Set([
  'node:assert/strict',
  'node:crypto',
  'node:zlib',
  'apache-arrow',
  'yaml',
  'zod',
])
const CHANCE = /^(random|getRandomValues|generateKey)/

const RULES: ((source: Source) => string[])[] = [
  opensWithComment,
  importsDownwards,
  keepsBorders,
  staysInSample,
  namesFileExtension,
  leavesTestsAlone,
  startsByTheHooks,
  keepsCorePure,
  hidesMembersAtRunTime,
]

/** All faults of all sources, one line each: `path:line what is wrong`. */
export function findFaults(sources: readonly Source[]): string[] {
  return [
    ...sources.flatMap((source) => RULES.flatMap((rule) => rule(source))),
    ...findCycles(sources),
  ].sort()
}

/** A test's names say what it is about. */
function opensWithComment({ path, text }: Source): string[] {
  if (isTest(path)) return []
  const first = text.replace(/^#!.*\n/, '').trimStart()
  return /^\/[/*]/.test(first) ? [] : [`${path}:1 opens without a comment on what it owns`]
}

function importsDownwards({ path, imports }: Source): string[] {
  const zone = zoneOf(path)
  if (zone === undefined) return []
  return imports.flatMap(({ target, specifier, line }) => {
    const to = target ?? (specifier === SDK_NAME ? 'sdk/typescript/' : undefined)
    if (to === undefined) return []
    const targetZone = zoneOf(to)
    if (targetZone === zone || (targetZone !== undefined && ZONES[zone]!.includes(targetZone)))
      return []
    return [`${path}:${line} ${zone} imports ${targetZone ?? to}`]
  })
}

/** Tests may look into other rooms. */
function keepsBorders({ path, imports }: Source): string[] {
  const room = roomOf(path)
  if (room === undefined || isForTests(path)) return []
  return imports.flatMap(({ target, line }) => {
    const to = target === undefined ? undefined : roomOf(target)
    if (to === undefined || to === room || ROOMS[room]!.includes(to)) return []
    if (zoneOf(to) !== zoneOf(room)) return []
    return [`${path}:${line} ${room} imports ${to}`]
  })
}

function staysInSample({ path, imports }: Source): string[] {
  const sample = /^samples\/[^/]+\//.exec(path)?.[0]
  if (sample === undefined || isForTests(path)) return []
  return imports
    .filter(({ target }) => target !== undefined && !target.startsWith(sample))
    .map(
      ({ target, line }) =>
        `${path}:${line} a sample imports ${target} instead of ${SDK_NAME} or its own files`,
    )
}

function namesFileExtension({ path, imports }: Source): string[] {
  return imports
    .filter(({ target }) => target !== undefined && !/\.(ts|mjs|json)$/.test(target))
    .map(({ specifier, line }) => `${path}:${line} ${specifier} does not end in .ts`)
}

function leavesTestsAlone({ path, imports }: Source): string[] {
  return imports.flatMap(({ target, line }) => {
    if (target === undefined) return []
    if (isTest(target)) return [`${path}:${line} imports the test ${target}`]
    return isForTests(target) && !isForTests(path)
      ? [`${path}:${line} imports ${target}, which is for tests`]
      : []
  })
}

function startsByTheHooks({ path, imports }: Source): string[] {
  if (path === HOOKS) return []
  return imports
    .filter(({ specifier, names }) => specifier === 'node:test' && names.includes('before'))
    .map(({ line }) => `${path}:${line} uses before of node:test, not hooks.ts`)
}

function keepsCorePure({ path, imports, impurities }: Source): string[] {
  if (zoneOf(path) !== 'src/core' || isForTests(path)) return []
  return [
    ...imports
      .filter(({ target, specifier }) => target === undefined && !CORE_PACKAGES.has(specifier))
      .map(({ specifier, line }) => `${path}:${line} core imports ${specifier}`),
    ...imports
      .flatMap(({ names, specifier, line }) => names.map((name) => ({ name, specifier, line })))
      .filter(({ name, specifier }) => specifier === 'node:crypto' && CHANCE.test(name))
      .map(({ name, line }) => `${path}:${line} core uses ${name}`),
    ...impurities.map(({ what, line }) => `${path}:${line} core uses ${what}`),
  ]
}

/** One dialect: `#member`, which no caller can reach. Only a constructor has no such form. */
function hidesMembersAtRunTime({ path, privateMembers }: Source): string[] {
  return privateMembers.map(
    ({ name, line }) => `${path}:${line} ${name} is private, and not #${name}`,
  )
}

function roomOf(path: string): string | undefined {
  return Object.keys(ROOMS).find((room) => path.startsWith(`${room}/`))
}

function zoneOf(path: string): string | undefined {
  return Object.keys(ZONES).find((zone) => path.startsWith(`${zone}/`))
}

function isTest(path: string): boolean {
  return path.endsWith('.test.ts')
}

/**
 * Tests and their tools: `testing/` folders and `.testing.ts` files; and what stands outside the
 * product.
 */
function isForTests(path: string): boolean {
  return isTest(path) || /[./]testing\.ts$|\/testing\/|^(tests|scripts|bench)\//.test(path)
}

/** One fault for each import that closes a circle, with the circle written out. */
function findCycles(sources: readonly Source[]): string[] {
  const byPath = new Map(sources.map((source) => [source.path, source]))
  const faults: string[] = []
  const done = new Set<string>()
  const walk = (source: Source, trail: readonly string[]): void => {
    for (const { target, line } of source.imports) {
      const next = target === undefined ? undefined : byPath.get(posix.normalize(target))
      if (next === undefined || done.has(next.path)) continue
      const start = trail.indexOf(next.path)
      if (start >= 0)
        faults.push(
          `${source.path}:${line} closes a circle: ${[...trail.slice(start), next.path].join(' → ')}`,
        )
      else walk(next, [...trail, next.path])
    }
    done.add(source.path)
  }
  for (const source of sources) if (!done.has(source.path)) walk(source, [source.path])
  return faults
}
