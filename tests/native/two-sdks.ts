// A history of a small world lived twice: by apps of the SDK for TypeScript, and by apps of
// libheddle. Each call has to give the same to both, and each tick has to leave the same memory.
// Owns the comparison; which calls are made is in calls.ts.

import { deepEqual } from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createStandaloneApplication } from '../../sdk/typescript/src/index.ts'
import { LockstepWorld } from '../../sdk/typescript/src/testing/lockstep.ts'
import { APP_VARIABLES } from '../../src/base/app-variables.ts'
import { fabricFiles } from '../../src/core/fabric/memory/layout.ts'
import { SharedSegments } from '../../src/io/shm/shared-segments.ts'
import { Random } from '../simulator/random.ts'
import { type Call, nextCall, type Scene } from './calls.ts'
import { NativeProgram } from './native-program.ts'
import { type Program, TypeScriptProgram } from './program.ts'
import { visibleState } from './visible-state.ts'

type Options = NonNullable<ConstructorParameters<typeof LockstepWorld>[0]>

/** Files on a disk would be written to it. */
const SHARED = '/dev/shm'

/** How often each call was made, and how often with what outcome: `give`, `give NotFound`. */
export type Counts = Map<string, number>

/** Throws with the first answer or number that differs. */
export function compareHistory(seed: number, counts: Counts, ticks = 12): void {
  const random = new Random(seed)
  const isLarge = random.chance(0.15)
  const options: Options = {
    columns: random.between(1, 3),
    rows: random.between(1, 2),
    customApps: random.chance(0.6) ? ['maker'] : [],
    entitiesPerPartition: isLarge ? 1500 : random.between(6, 60),
    transfersPerTick: random.chance(0.3) ? random.between(0, 6) : undefined,
  }
  const folder = mkdtempSync(join(existsSync(SHARED) ? SHARED : tmpdir(), 'heddle-two-sdks-'))
  const worlds = [new TypeScriptWorld(options), new NativeWorld(options, folder)]
  try {
    const scene: Scene = { random, ids: [], subscriptions: [], isLarge }
    for (let tick = 1; tick <= ticks; tick++) {
      if (tick > 1 && random.chance(0.15)) {
        const partition = random.below(worlds[0].programs.length)
        for (const world of worlds) world.restart(partition)
      }
      for (const { world } of worlds) world.release()
      for (const partition of worlds[0].programs.keys())
        compute(
          worlds.map(({ programs }) => programs[partition]),
          { ...scene, place: `tick ${tick}, partition ${partition}` },
          counts,
        )
      for (const { world } of worlds) world.barrier()
      const [wanted, got] = worlds.map(({ world }) => visibleState(world.fabric, tick))
      deepEqual(got, wanted, `what is in memory after tick ${tick}`)
    }
  } catch (cause) {
    throw new Error(`two-sdks: seed ${seed}: ${(cause as Error).message}`, { cause })
  } finally {
    worlds[1].end()
    rmSync(folder, { recursive: true })
  }
}

/** The same of two standalone applications: they also have to end at the same tick. */
export function compareStandalone(seed: number, counts: Counts): void {
  const random = new Random(seed)
  const tickRate = random.pick(['unlimited', 'unlimited', 1000] as const)
  const options = {
    tickRate,
    seconds: random.between(0, 40) / (tickRate === 'unlimited' ? 30 : tickRate),
    domain: random.pick([undefined, 'Pond "1"']),
    bounds: random.pick([undefined, { minX: -100, minY: -100, maxX: 100, maxY: 100 }]),
    entitiesPerPartition: random.pick([undefined, 40]),
  }
  const reference = new TypeScriptProgram(createStandaloneApplication(options))
  const program = NativeProgram.standalone(options)
  try {
    const scene = { random, ids: [], subscriptions: [], isLarge: false }
    for (let tick = 1; ; tick++) {
      const place = `tick ${tick} of ${JSON.stringify(options)}`
      if (compute([reference, program], { ...scene, place }, counts) === 'over') return
    }
  } catch (cause) {
    throw new Error(`two-sdks: standalone, seed ${seed}: ${(cause as Error).message}`, { cause })
  } finally {
    program.destroy()
  }
}

function compute(
  [reference, program]: readonly Program[],
  scene: Scene & { place: string },
  counts: Counts,
): 'over' | 'goes on' {
  const both = (call: Call) => {
    const wanted = outcomeOf(reference, call)
    const got = outcomeOf(program, call)
    deepEqual(got, wanted, `${scene.place}: ${call.name} ${call.text ?? ''}`)
    for (const name of [call.name, ...('code' in wanted ? [`${call.name} ${wanted.code}`] : [])])
      counts.set(name, (counts.get(name) ?? 0) + 1)
    return wanted
  }
  if ('code' in both({ name: 'begin', make: (program) => program.begin() })) return 'over'
  const count = scene.random.between(0, scene.isLarge ? 12 : 20)
  for (let made = 0; made < count; made++) {
    const outcome = both(nextCall(scene, reference))
    if ('value' in outcome && typeof outcome.value === 'object') scene.ids.push(...idsIn(outcome))
  }
  // What was moved out of the world in bulk is refused at the commit, and can be moved back.
  const commit: Call = { name: 'commit', make: (program) => program.commit() }
  if ('code' in both(commit)) {
    both({ name: 'home', make: bringHome })
    both({ ...commit, name: 'commitAgain' })
  }
  return 'goes on'
}

function bringHome(program: Program): void {
  const rows = [...program.states().entries()].filter(([, state]) => state !== 0)
  program.writePlaces(
    rows.map(([row]) => row),
    rows.map(([row]) => [(row % 200) - 100, (row % 7) - 3, 0]),
  )
  program.moved(0, program.states().length)
}

type Outcome = { value: unknown } | { code: string }

function outcomeOf(program: Program, { make }: Call): Outcome {
  try {
    return { value: make(program) }
  } catch (error) {
    const { code } = error as { code?: string }
    if (code === undefined || !/^[A-Z]\w+$/.test(code) || code.startsWith('ERR')) throw error
    return { code }
  }
}

/** Entities that an answer names, to ask about later. */
function idsIn({ value }: { value: unknown }): number[] {
  if (!Array.isArray(value)) return []
  const ids = value.flat().filter((number) => Number.isInteger(number) && number >= 2 ** 32)
  return ids.slice(0, 3)
}

interface ProgramWorld {
  world: LockstepWorld
  programs: Program[]
  restart(partition: number): void
  end(): void
}

class TypeScriptWorld implements ProgramWorld {
  readonly world: LockstepWorld
  readonly programs: Program[]

  constructor(options: Options) {
    this.world = new LockstepWorld(options)
    this.programs = this.world.applications.map((app) => new TypeScriptProgram(app))
  }
  restart(partition: number): void {
    this.world.restart(partition)
    this.programs[partition] = new TypeScriptProgram(this.world.applications[partition])
  }
  end(): void {
    // It is memory of this process.
  }
}

class NativeWorld implements ProgramWorld {
  readonly world: LockstepWorld
  readonly programs: NativeProgram[]
  readonly #folder: string

  constructor(options: Options, folder: string) {
    this.#folder = folder
    this.world = new LockstepWorld({ ...options, segments: new SharedSegments(folder) })
    const { fabric } = this.world
    writeFileSync(join(folder, fabricFiles.world), JSON.stringify(fabric.world.description))
    this.programs = [...fabric.partitions()].map((partition) => this.#attach(partition))
  }
  restart(partition: number): void {
    const { control } = this.world.fabric
    const incarnation = control.partitionWord(partition, 'incarnation') + 1
    control.setPartitionWord(partition, 'incarnation', incarnation)
    const before = this.programs[partition]
    this.programs[partition] = this.#attach(partition)
    before.destroy()
  }
  end(): void {
    for (const program of this.programs) program.destroy()
  }
  #attach(partition: number): NativeProgram {
    const incarnation = this.world.fabric.control.partitionWord(partition, 'incarnation')
    process.env[APP_VARIABLES.fabric] = this.#folder
    process.env[APP_VARIABLES.partition] = String(partition)
    process.env[APP_VARIABLES.incarnation] = String(incarnation)
    return new NativeProgram()
  }
}
