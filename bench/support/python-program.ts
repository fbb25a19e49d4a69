// Programs in Python of bench/python. Owns how they are started, and why they cannot be.

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Bench } from './benchmark.ts'
import { LineProgram } from './native-program.ts'

const SOURCES = join(import.meta.dirname, '../python')
const EXTENSION = join(import.meta.dirname, '../../sdk/python/heddle/_native.abi3.so')

/** Why programs that import these modules cannot run here; undefined where they can. */
export function missingForPython(...modules: readonly string[]): string | undefined {
  for (const module of modules)
    if (spawnSync('python3', ['-c', `import ${module}`]).status !== 0)
      return `python3 with ${module} is missing: apt-get install python3-${module}`
  return existsSync(EXTENSION)
    ? undefined
    : 'the Python SDK is not built: run node scripts/setup.mjs'
}

/** What an app of a world is started by. */
export function pythonCommand(file: string, words: readonly (string | number)[]): string[] {
  return ['python3', join(SOURCES, file), ...words.map(String)]
}

/** Starts one that answers each line with a line of JSON. */
export function startPython(
  bench: Bench,
  file: string,
  words: readonly (string | number)[],
): LineProgram {
  const [program, ...rest] = pythonCommand(file, words)
  return new LineProgram(bench, program, rest)
}
