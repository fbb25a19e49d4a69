// A world of four cells whose apps are written in four languages, held against the same world in
// TypeScript alone: entities with fields wander over all borders, and apps are killed.
// Owns the programs and the comparison of state hashes; never decides who is killed when.

import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compile, missingCompiler } from '../cpp/programs.ts'
import { compileCsharp, missingCsharp } from '../csharp/compile.ts'
import { missingPython } from '../python/python.ts'
import { type Heddle, startHeddle } from '../support/heddle.ts'
import { appsFolder, schema } from '../support/packages.ts'
import { hashEvery, type Simulation } from '../support/simulation.ts'

const ROOT = join(import.meta.dirname, '../..')
const SANITIZED_FOLDER = join(ROOT, 'sdk/native/build-sanitized')

/** The program of each cell, by the app's name. */
const COMMANDS = {
  'Cells-0-0': 'node wanderers.ts',
  'Cells-1-0': './wanderers',
  'Cells-0-1': 'python3 wanderers.py',
  'Cells-1-1': 'mono Wanderers.exe',
} as const
/** A sanitized world is slow. */
const REACH_LIMIT_MS = 600_000
export const APPS = Object.keys(COMMANDS)

interface MixedOptions {
  seed: number
  /** Ticks of the world. */
  ticks: number
  /** Entities that each app makes in the first tick. */
  entities: number
  tickRate: string
  /** Programs use libheddle as it is built with AddressSanitizer. */
  sanitized?: boolean
}

/** Why such a world can't run here; false where it can. */
export function missingLanguages(): string | false {
  return missingCompiler() || missingCsharp() || missingPython()
}

export class MixedWorlds implements AsyncDisposable {
  readonly #heddle: Heddle
  readonly #folder: string

  private constructor(heddle: Heddle, folder: string) {
    this.#heddle = heddle
    this.#folder = folder
  }

  /** Builds the programs, and starts a Heddle. */
  static async open(): Promise<MixedWorlds> {
    const folder = mkdtempSync(join(tmpdir(), 'heddle-mixed-'))
    try {
      const tests = join(import.meta.dirname, '..')
      for (const file of ['wanderers.ts', 'random.ts'])
        copyFileSync(join(appsFolder, file), join(folder, file))
      for (const file of ['wanderers.py', 'chance.py'])
        copyFileSync(join(tests, 'python/apps', file), join(folder, file))
      compile([join(import.meta.dirname, 'apps/wanderers.cpp')], join(folder, 'wanderers'))
      compileCsharp([join(tests, 'csharp/apps/Wanderers.cs')], join(folder, 'Wanderers.exe'))
      const configuration = `package_folders: [${folder}]\n`
      return new MixedWorlds(await startHeddle({ appTimeoutSeconds: 60, configuration }), folder)
    } catch (error) {
      rmSync(folder, { recursive: true })
      throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#heddle.stop()
    } finally {
      rmSync(this.#folder, { recursive: true })
    }
  }

  /**
   * Runs the world once in TypeScript and once in all languages. `disturb` gets the second while it
   * runs. Throws if the worlds differ in a tick; returns the handoffs.
   */
  async compare(
    options: MixedOptions,
    disturb: (world: Simulation) => Promise<void>,
  ): Promise<number> {
    const { seed, ticks } = options
    const undisturbed = async () => undefined
    const wanted = await this.#run(`alone-${seed}`, options, { mixed: false }, undisturbed)
    const found = await this.#run(`mixed-${seed}`, options, { mixed: true }, disturb)
    for (let tick = 1; tick <= ticks; tick++) {
      const [one, other] = [wanted, found].map((hashes) => JSON.stringify(hashes.get(tick)))
      if (one === undefined || one !== other)
        throw new Error(
          `seed ${seed}, tick ${tick}: in TypeScript alone ${one}, in all languages ${other}`,
        )
    }
    return wanted.get(ticks)!.handoffs
  }

  async #run(
    name: string,
    { seed, ticks, entities, tickRate, sanitized }: MixedOptions,
    { mixed }: { mixed: boolean },
    disturb: (world: Simulation) => Promise<void>,
  ): Promise<ReturnType<Simulation['hashes']>> {
    const words = `--seed ${seed} --entities ${entities} --until ${ticks}`
    const cases = Object.entries(COMMANDS).map(([app, command]) => {
      const program = mixed ? command : COMMANDS['Cells-0-0']
      const isNative = !program.startsWith('node')
      return `${app}) ${sanitized && isNative ? SANITIZED : ''} exec ${program} ${words} ;;`
    })
    const Cells = {
      kind: 'spatial',
      grid: [2, 2],
      package: `file://${this.#folder}`,
      command: ['sh', '-c', `case $HEDDLE_APP in ${cases.join(' ')} esac`],
    } as const
    const text = schema({ tickRate: mixed ? tickRate : 'unlimited', domains: { Cells } })
    const world = await this.#heddle.startSimulation(name, text, hashEvery(1))
    await world.startClock()
    try {
      await disturb(world)
      await world.reaches(ticks, REACH_LIMIT_MS)
    } catch (cause) {
      throw new Error(`${name}: ${(cause as Error).message}; ${world.errors()}`, { cause })
    }
    await world.stop()
    const hashes = world.hashes()
    await this.#heddle.weaver.deleteSimulation({ Simulation: name }).promise()
    return hashes
  }
}

/** What a shell does before it starts a program with the sanitized library. */
const SANITIZED =
  // The sanitizer looks for throw when it is loaded: before the library would load libstdc++.
  'LD_PRELOAD="$(gcc -print-file-name=libasan.so) $(gcc -print-file-name=libstdc++.so)" ' +
  `LD_LIBRARY_PATH=${SANITIZED_FOLDER}:$LD_LIBRARY_PATH ` +
  // The interpreters of Python and C# keep memory to their end, and use SIGSEGV themselves.
  `ASAN_OPTIONS=detect_leaks=0:handle_segv=0`
