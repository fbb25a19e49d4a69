// The native SDKs as one archive, for machines that build apps in C++, C, C# or Python without a
// clone. Owns what is in it: a prefix for CMake, in its `lib` what Heddle shows its apps, and in
// `share/heddle/csharp` the sources for C#. Takes the library that set-up has built; never builds
// one.

import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '..')
const LIBRARIES = join(ROOT, 'sdk', 'lib')

/** Writes the archive into `folder`. Returns its path; undefined if set-up has built no library. */
export function writeNativePackage(folder: string): string | undefined {
  if (!existsSync(join(LIBRARIES, 'libheddle.so'))) return undefined
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  const name = `heddle-native-${version}-linux-${process.arch}`
  const work = mkdtempSync(join(tmpdir(), 'heddle-native-package-'))
  try {
    const prefix = join(work, name)
    const build = join(work, 'build')
    run('cmake', '-S', join(ROOT, 'sdk', 'cpp'), '-B', build)
    run('cmake', '--install', build, '--prefix', prefix)
    for (const module of readdirSync(LIBRARIES).filter(isPython))
      cpSync(join(LIBRARIES, module), join(prefix, 'lib', module), {
        recursive: true,
        dereference: true,
        filter: (path) => !path.endsWith('__pycache__'),
      })
    cpSync(join(ROOT, 'sdk', 'csharp'), join(prefix, 'share', 'heddle', 'csharp'), {
      recursive: true,
    })
    cpSync(join(ROOT, 'LICENSE'), join(prefix, 'LICENSE'))
    const archive = join(folder, `${name}.tar.gz`)
    run('tar', '-C', work, '-czf', archive, name)
    return archive
  } finally {
    rmSync(work, { recursive: true })
  }
}

function isPython(name: string): boolean {
  return name.endsWith('.py') || existsSync(join(LIBRARIES, name, '__init__.py'))
}

function run(command: string, ...words: string[]): void {
  const { status, stdout, stderr, error } = spawnSync(command, words, { encoding: 'utf8' })
  if (status === 0) return
  const what = `${command} failed: ${stdout}${stderr}`
  throw new Error(`the native SDKs could not be packed: ${what}`, { cause: error })
}
