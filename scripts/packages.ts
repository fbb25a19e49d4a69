// `npm run packages`: packs the SDKs and the client for projects outside of this clone.
// Owns what an npm package holds: plain JavaScript, declarations, and the libraries that they
// import, at the versions that Heddle pins. The clone itself runs unbuilt; nothing in it uses what
// is made here.
//
//   npm run packages                 writes build/heddle-sdk-….tgz, build/heddle-client-….tgz and,
//                                    if set-up has built libheddle, build/heddle-native-….tar.gz
//   npm run packages -- --to FOLDER  writes them there

import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, posix, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { runTool } from './check.ts'
import { writeNativePackage } from './native-package.ts'

const ROOT = join(import.meta.dirname, '..')
/** Each has a package.json, a README.md and a src/index.ts. */
const PACKAGE_FOLDERS = ['sdk/typescript', 'clients/typescript']
/** Declares what the types need, whatever `target` and `lib` a project compiles with. */
const REFERENCES = '/// <reference lib="es2022" />\n'
const IMPORT = /(?<=(?:\bfrom |\bimport\(|^import )')[^']+(?=')/gm

interface Manifest {
  readonly name: string
  readonly version: string
  readonly [key: string]: unknown
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { to: { type: 'string', default: join(ROOT, 'build') } },
  })
  for (const file of writePackages(resolve(values.to))) console.log(file)
  console.log(
    writeNativePackage(resolve(values.to)) ??
      'no native SDKs: install cmake, make and g++, and run this again',
  )
}

/** Writes one tarball for each package into `folder`. Returns their paths. */
export function writePackages(folder: string): string[] {
  mkdirSync(folder, { recursive: true })
  const work = mkdtempSync(join(tmpdir(), 'heddle-packages-'))
  try {
    const emitted = join(work, 'emitted')
    emit(work, emitted)
    return PACKAGE_FOLDERS.map((from) => {
      const stage = join(work, from)
      stagePackage(from, emitted, stage)
      return pack(stage, folder)
    })
  } finally {
    rmSync(work, { recursive: true })
  }
}

function emit(work: string, outDir: string): void {
  const config = {
    extends: join(ROOT, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      declaration: true,
      stripInternal: true,
      rewriteRelativeImportExtensions: true,
      // For Nodes that are older than the pinned one.
      target: 'es2022',
      rootDir: ROOT,
      outDir,
      typeRoots: [join(ROOT, 'node_modules', '@types')],
    },
    include: [],
    files: PACKAGE_FOLDERS.map((folder) => join(ROOT, folder, 'src', 'index.ts')),
  }
  const file = join(work, 'tsconfig.json')
  writeFileSync(file, JSON.stringify(config))
  if (runTool('tsc', '-p', file) !== 0)
    throw new Error('the packages could not be compiled: see above')
}

function stagePackage(from: string, emitted: string, stage: string): void {
  const entry = posix.join(from, 'src', 'index')
  const libraries = new Set([
    ...copyReachable(emitted, `${entry}.js`, join(stage, 'dist')),
    ...copyReachable(emitted, `${entry}.d.ts`, join(stage, 'dist')),
  ])
  for (const [file, path] of [
    ['README.md', join(from, 'README.md')],
    ['LICENSE', 'LICENSE'],
  ])
    copyFileSync(join(ROOT, path), join(stage, file))
  const { scripts: _, private: __, ...own } = readManifest(join(ROOT, from))
  const paths = { types: `./dist/${entry}.d.ts`, default: `./dist/${entry}.js` }
  const manifest = {
    ...own,
    // For compilers that don't know `exports`.
    main: paths.default,
    types: paths.types,
    exports: { '.': paths, './package.json': './package.json' },
    files: ['dist'],
    dependencies: pinned([...libraries].sort()),
  }
  writeFileSync(join(stage, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
}

/**
 * Copies a file and what it imports, itself or through others. Returns the libraries among that.
 */
function copyReachable(from: string, entry: string, to: string): Set<string> {
  const libraries = new Set<string>()
  const seen = new Set([entry])
  // A set yields what is added to it while it is walked.
  for (const path of seen) {
    const text = forOtherCompilers(path, readFileSync(join(from, path), 'utf8'))
    for (const [specifier] of text.matchAll(IMPORT)) {
      if (specifier.startsWith('.')) {
        const target = posix.join(posix.dirname(path), specifier)
        seen.add(path.endsWith('.d.ts') ? target.replace(/\.js$/, '.d.ts') : target)
      } else if (!specifier.startsWith('node:')) {
        libraries.add(/^(@[^/]+\/)?[^/]+/.exec(specifier)![0])
      }
    }
    mkdirSync(dirname(join(to, path)), { recursive: true })
    writeFileSync(
      join(to, path),
      path === entry && path.endsWith('.d.ts') ? REFERENCES + text : text,
    )
  }
  return libraries
}

/**
 * What the compiler leaves in declarations, and other compilers don't take: imports of `.ts`, and
 * the mark of private members, where they compile for ES5. A quoted name, of its file's own, says
 * the same to them.
 */
function forOtherCompilers(path: string, text: string): string {
  return text
    .replace(IMPORT, (specifier) =>
      specifier.startsWith('.') ? specifier.replace(/\.ts$/, '.js') : specifier,
    )
    .replace(
      /^ {4}#private;$/gm,
      `    private readonly "#private of ${posix.basename(path, '.d.ts')}";`,
    )
}

function pinned(libraries: readonly string[]): Record<string, string> {
  const versions = readManifest(ROOT).dependencies as Record<string, string>
  return Object.fromEntries(
    libraries.map((name) => {
      const version = versions[name]
      if (version === undefined)
        throw new Error(`package.json pins no version of ${name}, which a package imports`)
      return [name, version]
    }),
  )
}

function pack(stage: string, folder: string): string {
  const { name, version } = readManifest(stage)
  const file = join(folder, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`)
  const { status, stderr, error } = spawnSync(
    'npm',
    ['pack', '--silent', '--pack-destination', folder],
    {
      cwd: stage,
      encoding: 'utf8',
    },
  )
  if (status !== 0 || !existsSync(file))
    throw new Error(`npm pack of ${name} failed: ${stderr}`, { cause: error })
  return file
}

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
}
