// A simulation under measurement, run by a whole Heddle: real processes, real clock, every guarantee on. Its clock goes only while it is measured.
// Owns the starting and the counting of ticks; what the apps do is in bench/apps.

import { join } from 'node:path'
import { ControlBlock } from '../../src/core/fabric/control-block.ts'
import { PartitionMeter } from '../../src/core/fabric/meters.ts'
import { SharedSegments } from '../../src/io/shm/shared-segments.ts'
import { startHeddle } from '../../tests/support/heddle.ts'
import { type SchemaSettings, schema } from '../../tests/support/packages.ts'
import type { Simulation } from '../../tests/support/simulation.ts'
import { waitFor } from '../../tests/support/waiting.ts'
import type { Bench } from './benchmark.ts'
import { appsFolder } from './other-process.ts'

/** Ticks before a measurement counts: the first ones make the world, and compile the code. */
const warmTicks = 30

export class MeasuredWorld {
  readonly simulation: Simulation
  readonly #control: ControlBlock

  constructor(simulation: Simulation, control: ControlBlock) {
    this.simulation = simulation
    this.#control = control
  }

  /** The newest tick that is committed. */
  get tick(): number {
    return this.#control.committedTick
  }

  /** Lets the clock go for so long; how long a tick took on average, in ms. */
  async tickMs(durationMs: number): Promise<number> {
    return this.#growth(durationMs, () => performance.now())
  }

  /** The same, of what an app did between the begin and the commit of its ticks. */
  async simulateMs(partition: number, durationMs: number): Promise<number> {
    const { simulate } = new PartitionMeter({ control: this.#control }, partition).phases
    return this.#growth(durationMs, () => simulate.read().sumMs)
  }

  /** Lets the clock go for so long; by how much what is read has grown in a tick on average. */
  async #growth(durationMs: number, read: () => number): Promise<number> {
    await this.simulation.startClock()
    const first = this.tick
    await waitFor(
      () => this.tick >= first + warmTicks,
      () => `the world to tick; ${this.simulation.errors()}`,
      100_000,
    )
    const startTick = this.tick
    const start = read()
    await new Promise((resolve) => setTimeout(resolve, durationMs))
    const ticks = this.tick - startTick
    const growth = read() - start
    await this.simulation.stopClock()
    return growth / ticks
  }
}

/** Starts the schema's world with its clock stopped; packages default to bench/apps. It is taken down with the benchmark. */
export async function startWorld(bench: Bench, settings: SchemaSettings): Promise<MeasuredWorld> {
  const heddle = await startHeddle({ appTimeoutSeconds: 60 })
  bench.defer(() => heddle.stop())
  const domains = Object.fromEntries(
    Object.entries(settings.domains).map(([name, domain]) => [name, { package: `file://${appsFolder}`, ...domain }]),
  )
  bench.say('the simulation starts')
  const simulation = await heddle.startSimulation('bench', schema({ tickRate: 'unlimited', ...settings, domains }))
  const folder = join(heddle.fabricFolder, simulation.executionId)
  return new MeasuredWorld(simulation, ControlBlock.open(new SharedSegments(folder)))
}
