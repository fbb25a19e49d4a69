// Programs in C++ of bench/native: compiled for a benchmark into a folder that goes with it, and
// asked for measurements by lines.
// Owns the compiler's options and the conversation; never knows what is measured.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import type { Bench } from './benchmark.ts'

const ROOT = join(import.meta.dirname, '../..')
const SOURCES = join(ROOT, 'bench/native')
const LIBRARIES = join(ROOT, 'sdk/lib')
const INCLUDES = ['sdk/cpp/include', 'sdk/native/include'].map((path) => `-I${join(ROOT, path)}`)

/** Why programs of these compilers cannot be built here; undefined where they can. */
export function missingFor(...compilers: readonly ('g++' | 'mpicxx')[]): string | undefined {
  for (const compiler of compilers) {
    if (!spawnSync(compiler, ['--version']).error) continue
    const packages = compiler === 'g++' ? 'g++ cmake' : 'libopenmpi-dev openmpi-bin'
    return `${compiler} is missing: apt-get install ${packages}`
  }
  if (existsSync(join(LIBRARIES, 'libheddle.so'))) return undefined
  return 'libheddle is not built: run npm test, or node scripts/setup.mjs'
}

/** Compiles programs by the names of their sources; returns the folder that holds them. */
export function compileAll(
  bench: Bench,
  sources: Readonly<Record<string, 'g++' | 'mpicxx'>>,
): string {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-bench-'))
  bench.defer(() => rmSync(folder, { recursive: true }))
  for (const [name, compiler] of Object.entries(sources)) {
    bench.say(`compiling ${name}.cpp`)
    const options = ['-std=c++17', '-O3', '-ffp-contract=off', '-Wall', '-Wextra', '-Werror']
    const libraries = compiler === 'g++' ? [`-L${LIBRARIES}`, '-lheddle'] : []
    const files = [join(SOURCES, `${name}.cpp`), '-o', join(folder, name)]
    const { status, stderr } = spawnSync(
      compiler,
      [...options, ...INCLUDES, ...files, ...libraries],
      { encoding: 'utf8' },
    )
    if (status !== 0) throw new Error(`${name}.cpp does not compile:\n${stderr}`)
  }
  return folder
}

/** A program that answers each line with a line of JSON. It ends at the end of its input. */
export class LineProgram {
  readonly #command: string
  readonly #child
  readonly #lines: Interface
  readonly #exited: Promise<unknown[]>

  constructor(bench: Bench, command: string, words: readonly (string | number)[]) {
    this.#command = command
    this.#child = spawn(command, words.map(String), { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#lines = createInterface({ input: this.#child.stdout })
    this.#exited = once(this.#child, 'exit')
    bench.defer(async () => {
      this.#child.stdin.end()
      await this.#exited
    })
  }

  /** Throws if the program ends instead. */
  async ask<Answer>(line: string | number): Promise<Answer> {
    const answered = once(this.#lines, 'line')
    this.#child.stdin.write(`${line}\n`)
    const ended = this.#exited.then((how) =>
      Promise.reject(new Error(`${this.#command} has ended: ${how}`)),
    )
    const [answer] = await Promise.race([answered, ended])
    return JSON.parse(answer) as Answer
  }
}

/** Runs a program over MPI with as many ranks. */
export function startRanks(
  bench: Bench,
  ranks: number,
  program: string,
  words: readonly (string | number)[],
): LineProgram {
  const mpi = ['--allow-run-as-root', '--oversubscribe', '-n', ranks, program]
  return new LineProgram(bench, 'mpirun', [...mpi, ...words])
}
