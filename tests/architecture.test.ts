// Holds the structure of the project (ARCHITECTURE.md): who may import whom, what core may use, how
// files look. The rules are proved on a small world of faulty files first, then held against the
// project.

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import {
  beyondBounds,
  DANGLING_COMMENTS_MAX,
  LONG_LINES_MAX,
  LOWER_CONSTANTS_MAX,
} from './architecture/bounds.ts'
import { findUnusedExports } from './architecture/exports.ts'
import {
  findDanglingComments,
  findDeadNames,
  findLongLines,
  findLowerConstants,
  findPrivateWords,
  listFiles,
} from './architecture/files.ts'
import { findDeadLinks, findWideProse } from './architecture/pages.ts'
import { findFaults } from './architecture/rules.ts'
import { readSources, type Source } from './architecture/sources.ts'

const ROOT = join(import.meta.dirname, '..')

const FAULTY_FILES: Record<string, string> = {
  'src/base/a.ts': "// base\nimport type { X } from '../core/pure.ts'\nexport type A = X",
  'src/core/pure.ts':
    "// Date.now() and import './nothing.ts' in a comment\nexport type X = 1\nexport const text = `await import('../io/b.ts')`",
  'src/core/impure.ts': [
    "import { readFileSync } from 'node:fs'",
    "import { createHash, randomBytes } from 'node:crypto'",
    "export type { B } from '../io/b.ts'",
    "export type C = import('../io/b.ts').B",
    'export const now = () => [Date.now(), new Date(), new Date(0), Math.random(), Math.floor(1)]',
    'export const later = async (rows: AsyncIterable<string>) => { for await (const row of rows) await row }',
    'setTimeout(() => process.exit(), performance.now())',
  ].join('\n'),
  'src/core/impure.test.ts': "import { readFileSync } from 'node:fs'\nDate.now()",
  'src/core/fabric/memory/words.ts': '// words\nexport type Words = 1',
  'src/core/fabric/reader/look.ts':
    "// looks\nimport '../memory/words.ts'\nimport '../owner/write.ts'",
  'src/core/fabric/reader/look.test.ts': "import '../owner/write.ts'",
  'src/core/fabric/owner/write.ts': '// writes',
  'src/io/b.ts': "// io\nexport type B = 1\nexport const load = () => import('../core/pure.ts')",
  'src/io/extension.ts': "// io\nexport { load } from './b.js'\nexport * from './b'",
  'src/io/members.ts': [
    '// two dialects',
    'export class Both {',
    '  private readonly old = 1',
    '  #young = 2',
    '  private constructor() {}',
    '  private get sum() { return this.old + this.#young }',
    '}',
  ].join('\n'),
  'src/io/testing/tool.ts': "// a tool of tests\nimport '../b.ts'",
  'src/io/testing/tool.test.ts': "import { after, before } from 'node:test'",
  'src/io/uses-tool.ts': "// io\nimport './testing/tool.ts'",
  'src/io/one.ts': "// a circle of three\nimport './two.ts'",
  'src/io/two.ts': "// a circle of three\nimport './three.ts'",
  'src/io/three.ts': "// a circle of three\nimport './b.ts'\nimport type {} from './one.ts'",
  'src/worker/main.ts':
    "// worker\nimport '../control/main.ts'\nimport '../io/b.ts'\nimport '../core/pure.ts'",
  'src/worker/clock/clock.ts': "// a room\nimport '../apps/app.ts'\nimport '../../core/tick/a.ts'",
  'src/worker/apps/app.ts': "// another room\nimport '../start/parts.ts'",
  'src/worker/start/parts.ts': '// what other rooms may use',
  'src/core/tick/a.ts': '// a room of another zone',
  'src/joints/snapshot.ts': "// a joint\nimport '../io/b.ts'\nimport '../worker/main.ts'",
  'src/control/main.ts':
    "#!/usr/bin/env node\n// control\nimport '@heddle/sdk'\nimport '../base/a.ts'",
  'src/cli/main.ts': "// cli\nimport '../control/main.ts'\nimport '../core/impure.test.ts'",
  'sdk/typescript/src/index.ts':
    "// sdk\nimport '../../../src/io/b.ts'\nimport '../../../src/worker/main.ts'",
  'samples/small/app.ts':
    "// a sample\nimport '@heddle/sdk'\nimport './own.ts'\nimport 'node:net'\nimport 'ws'",
  'samples/small/own.ts':
    "// a sample\nimport '../../sdk/typescript/src/index.ts'\nimport '../other/app.ts'",
  'samples/small/own.test.ts': "import '../../sdk/typescript/src/testing/tool.ts'",
  'samples/other/app.ts': '// another sample',
}

test('each kind of fault is found, with its file and line, and nothing else is', () => {
  assert.deepEqual(findFaults(parse(FAULTY_FILES)), [
    'samples/small/own.ts:2 a sample imports sdk/typescript/src/index.ts instead of @heddle/sdk or its own files',
    'samples/small/own.ts:3 a sample imports samples/other/app.ts instead of @heddle/sdk or its own files',
    'sdk/typescript/src/index.ts:3 sdk/typescript imports src/worker',
    'src/base/a.ts:2 src/base imports src/core',
    'src/cli/main.ts:3 imports the test src/core/impure.test.ts',
    'src/control/main.ts:3 src/control imports sdk/typescript',
    'src/core/fabric/reader/look.ts:3 src/core/fabric/reader imports src/core/fabric/owner',
    'src/core/impure.ts:1 core imports node:fs',
    'src/core/impure.ts:1 opens without a comment on what it owns',
    'src/core/impure.ts:2 core uses randomBytes',
    'src/core/impure.ts:3 src/core imports src/io',
    'src/core/impure.ts:4 src/core imports src/io',
    'src/core/impure.ts:5 core uses Date.now',
    'src/core/impure.ts:5 core uses Math.random',
    'src/core/impure.ts:5 core uses new Date()',
    'src/core/impure.ts:6 core uses await',
    'src/core/impure.ts:6 core uses for await',
    'src/core/impure.ts:7 core uses performance.now',
    'src/core/impure.ts:7 core uses process.exit',
    'src/core/impure.ts:7 core uses setTimeout()',
    'src/io/b.ts:3 src/io imports src/core',
    'src/io/extension.ts:2 ./b.js does not end in .ts',
    'src/io/extension.ts:3 ./b does not end in .ts',
    'src/io/members.ts:3 old is private, and not #old',
    'src/io/members.ts:6 sum is private, and not #sum',
    'src/io/testing/tool.test.ts:1 uses before of node:test, not hooks.ts',
    'src/io/three.ts:3 closes a circle: src/io/one.ts → src/io/two.ts → src/io/three.ts → src/io/one.ts',
    'src/io/uses-tool.ts:2 imports src/io/testing/tool.ts, which is for tests',
    'src/joints/snapshot.ts:3 src/joints imports src/worker',
    'src/worker/clock/clock.ts:2 src/worker/clock imports src/worker/apps',
    'src/worker/main.ts:2 src/worker imports src/control',
  ])
})

test('exports that no file imports are found, and those that are imported in any way are not', () => {
  const files = {
    'src/a.ts': [
      'export const used = 1, unused = 2',
      'export function called(): Told {}',
      'export interface Told {}',
      'export class Base {}',
      'export type { Far } from "./far.ts"',
      'const own = 1',
    ].join('\n'),
    'src/far.ts': 'export interface Far {}\nexport interface Farther {}',
    'src/whole.ts': 'export const one = 1',
    'src/late.ts': 'export const two = 2',
    'src/b.ts': [
      "import { used as mine, type Base } from './a.ts'",
      "import * as whole from './whole.ts'",
      "const late = await import('./late.ts')",
    ].join('\n'),
    'src/b.test.ts': "import { called } from './a.ts'",
  }
  const unused = findUnusedExports(parse(files))
  assert.deepEqual(unused, ['src/a.ts:1 unused', 'src/a.ts:3 Told', 'src/far.ts:2 Farther'])
})

test('a folder with more faults than it may have is told with all of them', () => {
  const faults = ['src/a.ts:1', 'src/io/b.ts:2', 'src/io/c.ts:3']
  assert.deepEqual(beyondBounds(faults, { src: 1, 'src/io': 2 }), [])
  assert.deepEqual(beyondBounds(faults, { src: 1, 'src/io': 1 }), [
    'src/io may have 1:',
    ...faults.slice(1),
  ])
  assert.deepEqual(beyondBounds(faults, { 'src/io': 2 }), [' may have 0:', 'src/a.ts:1'])
})

test('lines beyond 100 columns are found, and told by columns, not bytes', () => {
  const text = `${'x'.repeat(100)}\n${'×'.repeat(100)}\n${'x'.repeat(101)}`
  assert.deepEqual(findLongLines('a.ts', text), ['a.ts:3'])
  assert.deepEqual(findLongLines('a.md', text), [])
})

test('a constant of a module is told from what only looks like one', () => {
  const text = [
    'export const waitMs = 1000 * 60',
    "const name: string = 'a'",
    'const WAIT_MS = 1',
    '  const inner = 1',
    'const made = make(1)',
    'let counter = 0',
  ].join('\n')
  assert.deepEqual(findLowerConstants('a.ts', text), ['a.ts:1 waitMs', 'a.ts:2 name'])
})

test('no folder has more constants in the other dialect than it has had', (context) => {
  const files = listFiles(ROOT)
  if (files === undefined) return context.skip('this is no clone: git does not know its files')
  const found = files.flatMap(({ path, text }) => findLowerConstants(path, text))
  assert.deepEqual(beyondBounds(found, LOWER_CONSTANTS_MAX), [])
})

test('no folder has more long lines than it has had', (context) => {
  const files = listFiles(ROOT)
  if (files === undefined) return context.skip('this is no clone: git does not know its files')
  const found = files.flatMap(({ path, text }) => findLongLines(path, text))
  assert.deepEqual(beyondBounds(found, LONG_LINES_MAX), [])
})

test('a comment that opens with a dangling "Of" is found, however it is written', () => {
  const text = [
    `/${'/'} Of all rows, the first`,
    `const a = 1 /${'/'} Of a`,
    `/${'**'} Of b */`,
    ` ${'*'} Of c`,
    '// The first of all rows. Offsets count from it.',
    "const b = 'Of b'",
  ].join('\n')
  assert.deepEqual(findDanglingComments('a.ts', text), ['a.ts:1', 'a.ts:2', 'a.ts:3', 'a.ts:4'])
  assert.deepEqual(findDanglingComments('a.md', text), [])
})

test('no folder has more comments that open with "Of" than it has had', (context) => {
  const files = listFiles(ROOT)
  if (files === undefined) return context.skip('this is no clone: git does not know its files')
  const found = files.flatMap(({ path, text }) => findDanglingComments(path, text))
  assert.deepEqual(beyondBounds(found, DANGLING_COMMENTS_MAX), [])
})

const SOURCES = readSources(ROOT)

test('nothing is exported that no other file needs', () => {
  assert.deepEqual(findUnusedExports(SOURCES), [])
})

test('every source of the project keeps the rules', () => {
  const sources = SOURCES
  assert.ok(sources.length > 50, `only ${sources.length} sources were found`)
  assert.deepEqual(findFaults(sources), [])
})

test('paths of a machine and hosts of a registry are recognised', () => {
  const faulty = [
    "const folder = '/srv/somebody/heddle/src'",
    `see /${'work'}/tree and ./work/tree and /networks/tree`,
    `"resolved": "https://${'registry'}.example.org/zod"`,
    'image: "registry/repository:tag", "resolved": "sdk/typescript"',
  ].join('\n')
  assert.deepEqual(findPrivateWords('a.txt', faulty, ['/srv/somebody']), [
    'a.txt:1 /srv/somebody',
    `a.txt:2 /${'work'}/tree`,
    `a.txt:3 ${'registry'}.example.org`,
  ])
})

test('no file names a path of somebody’s machine or a registry’s host', (context) => {
  const files = listFiles(ROOT)
  if (files === undefined) return context.skip('this is no clone: git does not know its files')
  // A folder right under the root, as containers have it, is nobody's.
  const folders = [homedir(), ROOT].filter((folder) => dirname(folder) !== '/')
  assert.deepEqual(
    files.flatMap(({ path, text }) => findPrivateWords(path, text, folders)),
    [],
  )
})

test('names of files that are not there are recognised', () => {
  const known = ['src/core/a.ts', 'docs/glossary.md']
  const page =
    'see `src/core/a.ts`, `src/core`, `src/core/b.ts`\n[it](docs/glossary.md), [that](docs/none.md#part)'
  assert.deepEqual(findDeadNames('README.md', page, known), [
    'README.md:1 src/core/b.ts',
    'README.md:2 docs/none.md',
  ])
  const source = '// Source: none.md. See glossary.md, docs/glossary.md, docs/a/glossary.md.'
  assert.deepEqual(findDeadNames('a.ts', source, known), [
    'a.ts:1 none.md',
    'a.ts:1 docs/a/glossary.md',
  ])
})

test('no page names a file, and no source a page, that is not there', (context) => {
  const files = listFiles(ROOT)
  if (files === undefined) return context.skip('this is no clone: git does not know its files')
  const known = files.map(({ path }) => path)
  // Tests write pages of their own.
  const named = files.filter(({ path }) => !path.endsWith('.test.ts'))
  assert.deepEqual(
    named.flatMap(({ path, text }) => findDeadNames(path, text, known)),
    [],
  )
})

test('links that lead nowhere are recognised', () => {
  const pages = new Map([
    [
      'docs/a.md',
      [
        '# A page: `with` [code](b.md)',
        '[up](../README.md#the-start) [down](b.md) [self](#a-page-with-code) [web](https://a.b)',
        '[none](c.md) [no part](../README.md#end) [nor here](#a-page) [folder](../src/)',
        '`[code](d.md)`',
        '```',
        '[code](e.md)',
        '# no heading',
        '```',
        '[the block has none](#no-heading)',
        '## Twice',
        '## Twice',
        '[second](#twice-1) [third](#twice-2)',
      ].join('\n'),
    ],
    ['README.md', '# The start'],
    ['docs/b.md', ''],
  ])
  assert.deepEqual(findDeadLinks('docs/a.md', pages, [...pages.keys(), 'src/a.ts']), [
    'docs/a.md:3 c.md',
    'docs/a.md:3 ../README.md#end',
    'docs/a.md:3 #a-page',
    'docs/a.md:9 #no-heading',
    'docs/a.md:12 #twice-2',
  ])
})

test('prose beyond 100 columns is found, and tables and blocks of code may be wider', () => {
  const wide = 'x '.repeat(60)
  const page = ['×'.repeat(100), `- ${wide}`, `| ${wide}`, '```', wide, '```', `\`${wide}\``]
  assert.deepEqual(findWideProse('a.md', page.join('\n')), ['a.md:2', 'a.md:7'])
})

test('prose of pages is wrapped at 100 columns', (context) => {
  const files = listFiles(ROOT)
  if (files === undefined) return context.skip('this is no clone: git does not know its files')
  const pages = files.filter(({ path }) => path.endsWith('.md'))
  assert.deepEqual(
    pages.flatMap(({ path, text }) => findWideProse(path, text)),
    [],
  )
})

test('every relative link of a page leads to a file, and to a heading of it', (context) => {
  const files = listFiles(ROOT)
  if (files === undefined) return context.skip('this is no clone: git does not know its files')
  const known = files.map(({ path }) => path)
  const pages = new Map(
    files.filter(({ path }) => path.endsWith('.md')).map(({ path, text }) => [path, text]),
  )
  assert.ok(pages.size > 20, `only ${pages.size} pages were found`)
  assert.deepEqual(
    [...pages.keys()].flatMap((path) => findDeadLinks(path, pages, known)),
    [],
  )
})

function parse(files: Record<string, string>): Source[] {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-architecture-'))
  try {
    const config = {
      compilerOptions: { allowImportingTsExtensions: true, noEmit: true, types: [] },
    }
    for (const [path, text] of Object.entries({
      ...files,
      'tsconfig.json': JSON.stringify(config),
    })) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), text)
    }
    return readSources(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
