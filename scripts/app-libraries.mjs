// What apps load, in sdk/lib: libheddle, built where a compiler is, and links to the Python SDK.
// Owns when libheddle is built again and what is said if that fails. Plain JavaScript for any Node
// from 16 on; never fails, and never asks for a compiler: TypeScript apps need none.

import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { cpus } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildPythonExtension } from './python-extension.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const sources = join(root, 'sdk', 'native')
const python = join(root, 'sdk', 'python')
const libraries = join(root, 'sdk', 'lib')
const library = join(libraries, 'libheddle.so')
/** The name that the original SDK's library has in build files. */
const SERVICE_NAME = 'libweaver_app_sdk_cxx_v1_full.so'

/**
 * Brings sdk/lib up to date. `forTests` also builds what tests drive, and all of it once more with
 * sanitizers.
 */
export function makeAppLibraries(forTests) {
  mkdirSync(libraries, { recursive: true })
  linkPythonPackages()
  makeRuntime(forTests)
  report(buildPythonExtension(libraries))
}

function makeRuntime(forTests) {
  if ((isFresh() && !forTests) || !hasCompiler()) return
  if (forTests) {
    const sanitized = ['-DHEDDLE_SANITIZE=address,undefined', '-DCMAKE_BUILD_TYPE=RelWithDebInfo']
    report(build('build', [], []))
    report(build('build-sanitized', sanitized, []))
  }
  if (isFresh()) return
  const failure = build('build', [], ['--target', 'heddle'])
  if (failure === undefined) install()
  // A library of other sources would fail in ways that nobody can explain.
  else rmSync(library, { force: true })
  report(failure)
}

/** Packages, and modules beside them. */
function linkPythonPackages() {
  if (!existsSync(python)) return
  for (const name of readdirSync(python)) {
    const isModule = name.endsWith('.py') && name !== 'setup.py'
    if (isModule || existsSync(join(python, name, '__init__.py')))
      link(relative(libraries, join(python, name)), name)
  }
}

function link(target, name) {
  const path = join(libraries, name)
  if (existsSync(path)) return
  rmSync(path, { force: true })
  symlinkSync(target, path)
}

/** CMake's own choice of a generator and of compilers needs these. */
function hasCompiler() {
  const answers = (tool) => !spawnSync(tool, ['--version']).error
  return ['cmake', 'make'].every(answers) && ['c++', 'g++', 'clang++'].some(answers)
}

function isFresh() {
  if (!existsSync(library)) return false
  const builtAtMs = statSync(library).mtimeMs
  const isOlder = (path) => {
    const stats = statSync(path)
    if (stats.mtimeMs > builtAtMs) return false
    return !stats.isDirectory() || readdirSync(path).every((name) => isOlder(join(path, name)))
  }
  return ['CMakeLists.txt', 'include', 'src'].every((name) => isOlder(join(sources, name)))
}

/**
 * Builds into a folder of sdk/native. Returns nothing, or what to say of a failure. CMake refuses a
 * folder that was moved with its clone: such a one is made anew.
 */
function build(folder, options, targets) {
  const place = join(sources, folder)
  const isNew = !existsSync(join(place, 'CMakeCache.txt'))
  if (isNew) console.log(`set-up: building libheddle in sdk/native/${folder} …`)
  const output =
    failureOf('cmake', '-S', sources, '-B', place, '-DHEDDLE_TESTING=ON', ...options) ??
    failureOf('cmake', '--build', place, ...targets, '--parallel', String(cpus().length))
  if (output === undefined) return undefined
  if (!isNew && /CMakeCache\.txt/.test(output)) {
    rmSync(place, { recursive: true })
    return build(folder, options, targets)
  }
  const log = join(place, 'set-up.log')
  mkdirSync(place, { recursive: true })
  writeFileSync(log, output)
  const fault = output.split('\n').find((line) => /error/i.test(line)) ?? output
  return (
    `libheddle can't be built, so apps in C++, Python and C# don't start: ${fault.trim()} ` +
    `(all of it: ${relative(root, log)})`
  )
}

/** Replaces the file at once: an app that starts meanwhile loads the old one or the new one. */
function install() {
  const partial = join(libraries, `.libheddle-${process.pid}`)
  copyFileSync(join(sources, 'build', 'libheddle.so'), partial)
  renameSync(partial, library)
  link('libheddle.so', SERVICE_NAME)
}

function report(failure) {
  if (failure === undefined) return
  console.log(`set-up: ${failure}`)
  if (process.env.CI === 'true') process.exit(1)
}

/** What a command has printed, if it failed. */
function failureOf(command, ...args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  if (status === 0) return undefined
  return `${stdout}${stderr}` || `${command}: error: ${error ? error.message : status}`
}
