// Worlds of 2 × 2 cells whose apps are programs of several languages: the same world as in
// TypeScript has to come of them, tick by tick, whoever is killed.
// Owns the worlds' start, the kills and the comparison; the tests choose the programs.

import assert from 'node:assert/strict'
import type { Heddle } from './heddle.ts'
import { type DomainSettings, schema } from './packages.ts'
import { hashEvery, type Simulation } from './simulation.ts'

export type Hashes = ReturnType<Simulation['hashes']>

interface TwinSettings {
  readonly heddle: Heddle
  /** Holds the programs. */
  readonly folder: string
  /** The worlds are compared up to this one. */
  readonly ticks: number
  /** Further domains. */
  readonly domains?: Readonly<Record<string, DomainSettings>>
}

/** What a shell does for each app: two cells run the one program, and two the other. */
export function inBoth(one: string, other: string): string {
  return `case $HEDDLE_APP in Cells-0-0|Cells-1-1) ${one} ;; *) ${other} ;; esac`
}

export class TwinWorlds {
  readonly #settings: TwinSettings

  constructor(settings: TwinSettings) {
    this.#settings = settings
  }

  /** The schema of a world; `launch` is what a shell does for each of its cells. */
  schema(launch: string, tickRate = 'unlimited'): string {
    const { folder, domains } = this.#settings
    const command = ['sh', '-c', launch]
    const Cells = { kind: 'spatial', grid: [2, 2], package: `file://${folder}`, command } as const
    return schema({ tickRate, domains: { Cells, ...domains } })
  }

  /** Starts a world and its clock. */
  async start(name: string, launch: string, tickRate?: string): Promise<Simulation> {
    const text = this.schema(launch, tickRate)
    const world = await this.#settings.heddle.startSimulation(name, text, hashEvery(1))
    await world.startClock()
    return world
  }

  /** Runs a world to the last tick that is compared. */
  async run(name: string, launch: string): Promise<Simulation> {
    const world = await this.start(name, launch)
    await world.reaches(this.#settings.ticks)
    await world.stop()
    assert.equal(world.errors(), '')
    return world
  }

  /**
   * Runs a world for each launch, by name. Throws where one differs from the first; returns the
   * hashes of that.
   */
  async runAlike(launches: Readonly<Record<string, string>>): Promise<Hashes> {
    let expected: Hashes | undefined
    for (const [name, launch] of Object.entries(launches)) {
      const world = await this.run(name, launch)
      expected ??= world.hashes()
      this.assertEqual(world, expected)
    }
    assert.ok(expected)
    return expected
  }

  /** Kills an app after the other while a world runs, and runs it to the last tick. */
  async runAmidKills(
    name: string,
    launch: string,
    { apps, everyTicks }: { apps: readonly string[]; everyTicks: number },
  ): Promise<Simulation> {
    const world = await this.start(name, launch, '20')
    for (const app of apps) {
      await world.ticksOn(everyTicks)
      const pid = await world.appPid('Cells', app)
      await world.kill(pid)
      await world.appPid('Cells', app, pid)
    }
    await world.reaches(this.#settings.ticks)
    await world.stop()
    return world
  }

  /** Throws where a world is not the expected one in some tick, or nobody changed cells there. */
  assertEqual(world: Simulation, expected: Hashes): void {
    const { ticks } = this.#settings
    const found = world.hashes()
    assert.ok(expected.get(ticks)!.handoffs > 0, 'nobody changed cells')
    for (let tick = 1; tick <= ticks; tick++)
      assert.deepEqual(found.get(tick), expected.get(tick), `${world.name}, tick ${tick}`)
  }
}

/**
 * Throws unless an app of wanderers in a language began `times` times in all, and got an Add for
 * each entity that it owned whenever it began again.
 */
export function assertBeginsAgain(world: Simulation, language: string, times: number): void {
  const [stream = ''] = world.streams().filter((name) => name.endsWith('/Cells-0-0'))
  const begins = world.log(stream).filter((line) => line.startsWith(`language=${language} tick=`))
  assert.equal(begins.length, times, 'it began, and began again where its tick was')
  for (const line of begins.slice(1)) {
    const [, adds, owned] = /adds=(\d+) owned=(\d+)/.exec(line) ?? []
    assert.ok(Number(adds) > 0 && adds === owned, line)
  }
}
