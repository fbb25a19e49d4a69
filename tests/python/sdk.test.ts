// What of the Python SDK needs no simulation: its own unit tests, its syntax, its installation, and
// what it says where a part of it is missing.

import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { missingTools } from '../support/tools.ts'
import { missingPython } from './python.ts'

const ROOT = join(import.meta.dirname, '../..')
const SDK = join(ROOT, 'sdk/python')
const env = { PATH: process.env.PATH, PYTHONPATH: SDK, PYTHONDONTWRITEBYTECODE: '1' }
const skip = missingPython()
/** One whose packages are Debian's. */
const DEBIAN_PYTHON = '/usr/bin/python3'

function run(...args: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync('python3', args, { env, cwd: '/', encoding: 'utf8' })
  return { status, output: `${stdout}${stderr}` }
}

test('the unit tests of the SDK pass, with numpy and without', { skip }, () => {
  const discover = ['-m', 'unittest', 'discover', '-s', join(SDK, 'tests')]
  const { status, output } = run(...discover)
  assert.equal(status, 0, output)
  assert.match(output, /Ran \d\d tests/)
  const isolated = 'import sys; sys.modules["numpy"] = None; import unittest; unittest.main(None)'
  const without = run('-c', isolated, 'discover', '-s', join(SDK, 'tests'))
  assert.equal(without.status, 0, without.output)
  assert.match(without.output, /OK \(skipped=3\)/)
})

test('the unit tests pass in every Python that this machine has', { skip }, (context) => {
  for (const minor of [9, 10, 11, 12, 13, 14]) {
    const python = `python3.${minor}`
    if (spawnSync(python, ['--version']).status !== 0) continue
    const discover = ['-m', 'unittest', 'discover', '-s', join(SDK, 'tests')]
    const { status, stderr } = spawnSync(python, discover, { env, cwd: '/', encoding: 'utf8' })
    assert.equal(status, 0, `${python}: ${stderr}`)
    context.diagnostic(python)
  }
})

test('all of its sources are Python 3.9', { skip: missingTools('python3') }, () => {
  const check = `
import ast, pathlib, sys
paths = [path for path in pathlib.Path(sys.argv[1]).rglob("*.py") if "build" not in path.parts]
for path in paths:
    ast.parse(path.read_text(), str(path), feature_version=(3, 9))
print(len(paths))`
  const { status, output } = run('-c', check, SDK)
  assert.equal(status, 0, output)
  assert.ok(Number(output) > 15, output)
})

test('without the extension module, importing says in a sentence what to install', {
  skip: missingTools('python3'),
}, () => {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-python-'))
  try {
    const filter = (path: string) => !path.includes('_native.abi3.so')
    cpSync(join(SDK, 'heddle'), join(folder, 'heddle'), { recursive: true, filter })
    const { status, stderr } = spawnSync('python3', ['-c', 'import heddle'], {
      env: { ...env, PYTHONPATH: folder },
      encoding: 'utf8',
    })
    assert.equal(status, 1)
    assert.match(stderr, /\nImportError: heddle's extension for Python is not built: .*\n$/)
    assert.match(stderr, /: install g\+\+, .* python3-dev, and run "node scripts\/setup.mjs" in /)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('pip installs the SDK from its folder, without a network', {
  skip: skip || missingPip(),
}, () => {
  const clone = mkdtempSync(join(tmpdir(), 'heddle-pip-'))
  try {
    mkdirSync(join(clone, 'sdk/native'), { recursive: true })
    cpSync(SDK, join(clone, 'sdk/python'), { recursive: true })
    cpSync(join(ROOT, 'sdk/native/include'), join(clone, 'sdk/native/include'), { recursive: true })
    cpSync(join(ROOT, 'sdk/lib/libheddle.so'), join(clone, 'sdk/lib/libheddle.so'))
    const site = join(clone, 'site')
    const options = ['--no-build-isolation', '--no-index', '--no-deps', '--target', site]
    const install = ['-m', 'pip', 'install', '--quiet', ...options, join(clone, 'sdk/python')]
    const { PATH } = process.env
    execFileSync(DEBIAN_PYTHON, install, { env: { PATH, HOME: clone }, stdio: 'pipe' })
    rmSync(join(clone, 'sdk'), { recursive: true })
    const use = `
import heddle, libweaver_app_sdk_python_v1 as api
try:
    api.create_application()
except heddle.NotConnected:
    print(heddle.__file__)`
    const printed = execFileSync(DEBIAN_PYTHON, ['-c', use], {
      env: { ...env, PYTHONPATH: site },
      encoding: 'utf8',
    })
    assert.equal(printed.trim(), join(site, 'heddle/__init__.py'))
  } finally {
    rmSync(clone, { recursive: true })
  }
})

function missingPip(): string | false {
  const { status } = spawnSync(DEBIAN_PYTHON, ['-c', 'import setuptools, wheel, pip'])
  if (status === 0) return false
  const why = 'this machine lacks python3-pip, python3-setuptools or python3-wheel'
  if (process.env.CI === 'true') throw new Error(why)
  return why
}
