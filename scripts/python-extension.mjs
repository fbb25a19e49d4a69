// The extension module of the Python SDK, built into its package where a compiler and Python's
// headers are. One file serves all Pythons from 3.9 on. Owns the commands. Plain JavaScript for any
// Node from 16 on; never fails: without it, importing `heddle` says what to install.

import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const sources = join(root, 'sdk', 'python', 'src')
const headers = join(root, 'sdk', 'native', 'include')
const extension = join(root, 'sdk', 'python', 'heddle', '_native.abi3.so')
const FIND_HEADERS = 'import sysconfig; print(sysconfig.get_path("include"))'

/** Builds it if its sources are newer. Returns nothing, or what to say of a failure. */
export function buildPythonExtension(libraryFolder) {
  if (!existsSync(sources) || isFresh() || !existsSync(join(libraryFolder, 'libheddle.so'))) return
  const compiler = ['cc', 'gcc', 'clang'].find((tool) => !spawnSync(tool, ['--version']).error)
  const python = pythonHeaders()
  if (compiler === undefined || python === undefined) return
  const partial = `${extension}.${process.pid}`
  const { status, stderr } = spawnSync(
    compiler,
    [
      ...['-std=c11', '-O2', '-Wall', '-Wextra', '-Werror', '-fPIC', '-shared'],
      ...['-fvisibility=hidden', '-isystem', python, '-I', headers],
      ...namesIn(sources, '.c'),
      ...['-o', partial, '-L', libraryFolder, '-lheddle'],
      ...['-Wl,--enable-new-dtags', '-Wl,-rpath,$ORIGIN:$ORIGIN/../../lib'],
    ],
    { encoding: 'utf8' },
  )
  if (status === 0) {
    renameSync(partial, extension)
    return
  }
  rmSync(partial, { force: true })
  rmSync(extension, { force: true })
  const fault = stderr.split('\n').find((line) => /error/i.test(line)) ?? stderr
  return `the Python SDK can't be built, so apps in Python don't start: ${fault.trim()}`
}

function isFresh() {
  if (!existsSync(extension)) return false
  const builtAtMs = statSync(extension).mtimeMs
  const inputs = [...namesIn(sources, ''), ...namesIn(headers, '.h')]
  return inputs.every((path) => statSync(path).mtimeMs <= builtAtMs)
}

function namesIn(folder, end) {
  const names = readdirSync(folder).filter((name) => name.endsWith(end))
  return names.map((name) => join(folder, name))
}

function pythonHeaders() {
  for (const python of ['python3', '/usr/bin/python3']) {
    const { stdout } = spawnSync(python, ['-c', FIND_HEADERS], { encoding: 'utf8' })
    const folder = String(stdout ?? '').trim()
    if (folder !== '' && existsSync(join(folder, 'Python.h'))) return folder
  }
}
