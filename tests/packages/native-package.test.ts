// The archive of the native SDKs, unpacked where no clone is: a program of the service's SDK is
// built against it, C# is compiled with its sources, and Python imports from it.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { writeNativePackage } from '../../scripts/native-package.ts'
import { after, before } from '../../src/base/testing/hooks.ts'
import { missingCsharp } from '../csharp/compile.ts'
import { missingLibrary } from '../native/library.ts'
import { missingPython } from '../python/python.ts'

const CMAKE_LISTS = `cmake_minimum_required(VERSION 3.13)
project(MySpatialApp CXX)
find_package(SimSpaceWeaverAppSdk REQUIRED)
add_executable(MySpatialApp main.cpp)
target_link_libraries(MySpatialApp weaver)
`
const PROGRAM = `#include <aws/weaverruntime/WeaverRuntime.h>
#include <iostream>
int main() {
  auto made = Aws::WeaverRuntime::Api::CreateApplication();
  if (made) return 1;
  std::cout << Aws::WeaverRuntime::Api::LastErrorMessage() << std::endl;
}
`
const skip = missingLibrary() ?? missingPython()
let folder: string
let prefix: string

before(() => {
  if (skip) return
  folder = mkdtempSync(join(tmpdir(), 'heddle-native-project-'))
  const archive = writeNativePackage(folder)!
  assert.match(archive, /\/heddle-native-\d\S+-linux-\w+\.tar\.gz$/)
  assert.equal(run('tar', ['-xzf', archive]).status, 0)
  prefix = archive.replace('.tar.gz', '')
})
after(() => {
  if (folder) rmSync(folder, { recursive: true })
})

function run(command: string, words: string[], environment: Record<string, string> = {}) {
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, ...environment }
  return spawnSync(command, words, { cwd: folder, encoding: 'utf8', env })
}

test('a program in C++ is built against it', { skip }, () => {
  const project = join(folder, 'project')
  mkdirSync(project)
  writeFileSync(join(project, 'CMakeLists.txt'), CMAKE_LISTS)
  writeFileSync(join(project, 'main.cpp'), PROGRAM)
  for (const words of [
    ['-S', 'project', '-B', 'project/build', `-DCMAKE_PREFIX_PATH=${prefix}`],
    ['--build', 'project/build'],
  ]) {
    const { status, stdout, stderr } = run('cmake', words)
    assert.equal(status, 0, stdout + stderr)
  }
  const elsewhere = join(folder, 'MySpatialApp')
  copyFileSync(join(project, 'build', 'MySpatialApp'), elsewhere)
  const { stdout, stderr } = run('sh', ['-c', './MySpatialApp'], {
    LD_LIBRARY_PATH: join(prefix, 'lib'),
  })
  assert.match(stdout, /is not set: start this app through a simulation/, stderr)
})

test('Python imports both faces from it', { skip }, () => {
  const program = `import heddle, weaver_app_sdk_v1 as api
print(heddle.__file__, hasattr(api, "begin_update"))`
  const { stdout, stderr } = run('python3', ['-c', program], {
    PYTHONPATH: join(prefix, 'lib'),
    PYTHONDONTWRITEBYTECODE: '1',
  })
  assert.equal(stdout, `${prefix}/lib/heddle/__init__.py True\n`, stderr)
})

const CSHARP = `class Program { static void Main() { Heddle.Application.Create(); } }`

test('a program in C# is compiled with its sources', { skip: skip || missingCsharp() }, () => {
  writeFileSync(join(folder, 'Program.cs'), CSHARP)
  const compile = 'mcs -unsafe -out:app.exe Program.cs $PREFIX/share/heddle/csharp/Runtime/*.cs'
  assert.equal(run('sh', ['-c', compile], { PREFIX: prefix }).status, 0)
  const { stderr } = run('mono', ['app.exe'], { LD_LIBRARY_PATH: join(prefix, 'lib') })
  assert.match(stderr, /is not set: start this app through a simulation/)
})
