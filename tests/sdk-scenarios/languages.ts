// The languages that apps are written in: how the driver of each is built and started, and which
// calls it can't make. Owns nothing of what the calls do.

import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { compile, missingCompiler } from '../cpp/programs.ts'
import { compileCsharp, missingCsharp } from '../csharp/compile.ts'
import { missingPython } from '../python/python.ts'

const ROOT = join(import.meta.dirname, '../..')
const DRIVERS = join(import.meta.dirname, 'drivers')

export interface Language {
  readonly name: string
  /** Why its programs can't run here; false where they can. */
  missing(): string | false
  /** Puts its driver into a package. */
  build(folder: string): void
  /** Starts the driver in the package; what it reads is added. */
  readonly command: readonly string[]
  /** What its programs need where no worker starts them. */
  readonly environment: Readonly<Record<string, string>>
  /**
   * Calls that its SDK has no counterpart of, each with the reason. Scenarios that need one of them
   * are not compared.
   */
  readonly gaps: Readonly<Record<string, string>>
}

const PYTHON = {
  missing: missingPython,
  build: (folder: string) => copyFileSync(join(DRIVERS, 'driver.py'), join(folder, 'driver.py')),
  environment: { PYTHONPATH: join(ROOT, 'sdk/python') },
  gaps: {},
}

export const LANGUAGES: readonly Language[] = [
  {
    name: 'TypeScript',
    missing: () => false,
    build: (folder) => copyFileSync(join(DRIVERS, 'driver.ts'), join(folder, 'driver.ts')),
    command: ['node', 'driver.ts'],
    environment: { NODE_OPTIONS: `--import ${join(ROOT, 'sdk/typescript/register.mjs')}` },
    gaps: {},
  },
  {
    name: 'C++',
    missing: missingCompiler,
    build: (folder) => compile([join(DRIVERS, 'driver.cpp')], join(folder, 'driver')),
    command: ['./driver'],
    environment: { LD_LIBRARY_PATH: join(ROOT, 'sdk/lib') },
    gaps: {},
  },
  {
    name: 'C#',
    missing: missingCsharp,
    build: (folder) => compileCsharp([join(DRIVERS, 'Driver.cs')], join(folder, 'Driver.exe')),
    command: ['mono', 'Driver.exe'],
    environment: { LD_LIBRARY_PATH: join(ROOT, 'sdk/lib') },
    gaps: {},
  },
  { ...PYTHON, name: 'Python', command: ['python3', 'driver.py'] },
  { ...PYTHON, name: 'Python without numpy', command: ['python3', 'driver.py', '--without-numpy'] },
]
