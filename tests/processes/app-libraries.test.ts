import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { after, before } from '../../src/base/testing/hooks.ts'
import { explainLoading } from '../../src/io/launch/app-libraries.ts'
import { missingTools } from '../support/tools.ts'

/** What each loader says about a library that is not there. The programs are started for real. */
const LOADERS = {
  gcc: [
    'printf "int heddle(void){return 0;}" > lib.c',
    'printf "int heddle(void);int main(void){return heddle();}" > app.c',
    'gcc -shared -fPIC lib.c -Wl,-soname,libheddle.so -o libheddle.so',
    'gcc app.c -L. -lheddle -o app',
    'rm libheddle.so',
    './app',
  ],
  python3: [`python3 -c 'import ctypes; ctypes.CDLL("libheddle.so")'`],
  mcs: [
    'printf "using System.Runtime.InteropServices; class App { [DllImport(\\"heddle\\")] ' +
      'static extern int heddle(); static int Main() { return heddle(); } }" > app.cs',
    'mcs app.cs',
    'mono app.exe',
  ],
}
let folder: string
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'heddle-libraries-'))
})
after(() => rmSync(folder, { recursive: true }))

for (const [tool, commands] of Object.entries(LOADERS)) {
  test(`a program without libheddle is told what to do (${tool})`, {
    skip: missingTools(tool),
  }, () => {
    const cwd = mkdtempSync(join(folder, 'program-'))
    for (const command of commands.slice(0, -1)) execFileSync('sh', ['-c', command], { cwd })
    const { status, stderr } = spawnSync('sh', ['-c', commands.at(-1)!], {
      cwd,
      encoding: 'utf8',
      env: { ...process.env, LD_LIBRARY_PATH: cwd },
    })
    assert.notEqual(status, 0)
    assert.match(
      explainLoading(stderr, cwd) ?? stderr,
      /^it needs libheddle\.so, which is not built: install cmake, make and g\+\+, and run /,
    )
    writeFileSync(join(cwd, 'libheddle.so'), '')
    assert.match(explainLoading(stderr, cwd) ?? stderr, /must keep the folder that Heddle has put/)
  })
}

test('a program of the original SDK is told to be built anew, and others are told nothing', () => {
  const missing = './app: symbol lookup error: ./app: undefined symbol: _ZN3Aws13WeaverRuntime3Ap'
  assert.match(explainLoading(missing) ?? '', /build it with the SDK/)
  assert.equal(explainLoading('libheddle says: the map has no exit'), undefined)
  assert.equal(explainLoading('libm.so: cannot open shared object file'), undefined)
})
