// A simulation under measurement, run by a whole Heddle: real processes, real clock, every
// guarantee on. Its clock runs only while it is measured.
// Owns the start and the counting of ticks; the apps are in bench/apps.

import { join } from 'node:path'
import { ControlBlock } from '../../src/core/fabric/memory/control-block.ts'
import { appDurations, ClockMeter, PartitionMeter } from '../../src/core/fabric/memory/meters.ts'
import { PartitionMemory } from '../../src/core/fabric/memory/partition-memory.ts'
import { type Futex, futexAt } from '../../src/io/shm/futex.ts'
import { type SharedSegment, SharedSegments } from '../../src/io/shm/shared-segments.ts'
import { type Heddle, startHeddle } from '../../tests/support/heddle.ts'
import { type SchemaSettings, schema } from '../../tests/support/packages.ts'
import type { Simulation } from '../../tests/support/simulation.ts'
import { waitFor } from '../../tests/support/waiting.ts'
import type { Bench } from './benchmark.ts'
import { appsFolder } from './other-process.ts'

/** Ticks before a measurement counts: the caches are cold after each start of the clock. */
const WARM_TICKS = 30
/**
 * Time that the clock runs before the first measurement: the first ticks make the world, and then
 * all apps are compiled at once, some functions three times.
 */
const DEFAULT_COMPILE_MS = 10_000

export class MeasuredWorld {
  readonly heddle: Heddle
  readonly simulation: Simulation
  readonly #control: ControlBlock
  readonly #segments: SharedSegments
  readonly #released: Futex
  /** Time that the clock must still run before a measurement. */
  #compileMs: number

  constructor(heddle: Heddle, simulation: Simulation, compileMs: number) {
    this.heddle = heddle
    this.simulation = simulation
    this.#compileMs = compileMs
    const segments = new SharedSegments(join(heddle.fabricFolder, simulation.executionId))
    this.#control = ControlBlock.open(segments, { writable: false })
    const { segment, releaseWordOffset } = this.#control
    this.#released = futexAt(segment as SharedSegment, releaseWordOffset)
    this.#segments = segments
  }

  /** The newest committed tick. */
  get tick(): number {
    return this.#control.committedTick
  }

  /** Runs the clock for this long; returns the mean time of a tick, in ms. */
  async tickMs(durationMs: number): Promise<number> {
    const { passedMs, ticks } = await this.#run(durationMs)
    return passedMs / ticks
  }

  /** Does the same for an app's time between the start and the commit of its ticks. */
  async simulateMs(partition: number, durationMs: number): Promise<number> {
    const memory = new PartitionMemory(this.#segments, this.#control, partition, {
      writable: false,
      pagesOfOthers: () => 0,
    })
    const { simulate } = appDurations(memory)
    const { growth, ticks } = await this.#run(durationMs, () => simulate.read().sumMs)
    return growth / ticks
  }

  /** Runs the clock for this long; returns the handoffs a second. */
  async handoffsPerSecond(durationMs: number): Promise<number> {
    const meters = Array.from({ length: this.#control.partitionCount }, (_, partition) =>
      this.#meter(partition),
    )
    const handoffs = () => meters.reduce((sum, meter) => sum + meter.get('handedOut'), 0)
    const { growth, passedMs } = await this.#run(durationMs, handoffs)
    return (growth * 1000) / passedMs
  }

  /**
   * Runs the clock, already warm, until `body` is done. Returns the times between releases of ticks
   * in order, in ms, and the result of the body.
   */
  async gapsMs<Result>(body: () => Promise<Result>): Promise<{ gapsMs: number[]; result: Result }> {
    await this.#warmUp()
    const clock = new ClockMeter({ control: this.#control })
    const releasedAtMs: number[] = []
    let goesOn = true
    const watching = (async () => {
      for (let word = this.#control.loadReleaseWord(); goesOn; ) {
        await this.#released.waitAsync(word, 1000)
        word = this.#control.loadReleaseWord()
        // Uses the clock's own time: a watcher may be woken late.
        const atMs = clock.releasedAtMs
        if (atMs !== releasedAtMs.at(-1)) releasedAtMs.push(atMs)
      }
    })()
    const result = await body()
    goesOn = false
    await watching
    await this.simulation.stopClock()
    return {
      gapsMs: releasedAtMs.slice(1).map((atMs, before) => atMs - releasedAtMs[before]),
      result,
    }
  }

  /** Runs the clock for this long; `growth` is the growth of what `read` returns. */
  async #run(
    durationMs: number,
    read = () => 0,
  ): Promise<{ ticks: number; passedMs: number; growth: number }> {
    await this.#warmUp()
    const start = { tick: this.tick, atMs: performance.now(), count: read() }
    await new Promise((resolve) => setTimeout(resolve, durationMs))
    const ticks = this.tick - start.tick
    const passedMs = performance.now() - start.atMs
    const growth = read() - start.count
    await this.simulation.stopClock()
    return { ticks, passedMs, growth }
  }

  async #warmUp(): Promise<void> {
    await this.simulation.startClock()
    await new Promise((resolve) => setTimeout(resolve, this.#compileMs))
    this.#compileMs = 0
    const first = this.tick
    await waitFor(
      () => this.tick >= first + WARM_TICKS,
      () => `the world to tick; ${this.simulation.errors()}`,
      100_000,
    )
  }

  #meter(partition: number): PartitionMeter {
    return new PartitionMeter({ control: this.#control }, partition)
  }
}

/**
 * Starts the schema's world with its clock stopped; packages default to bench/apps. The world ends
 * with the benchmark.
 */
export async function startWorld(
  bench: Bench,
  settings: SchemaSettings,
  { compileMs = DEFAULT_COMPILE_MS } = {},
): Promise<MeasuredWorld> {
  const heddle = await startHeddle({ appTimeoutSeconds: 60 })
  bench.defer(() => heddle.stop())
  const domains = Object.fromEntries(
    Object.entries(settings.domains).map(([name, domain]) => [
      name,
      { package: `file://${appsFolder}`, ...domain },
    ]),
  )
  bench.say('the simulation starts')
  const simulation = await heddle.startSimulation(
    'bench',
    schema({ tickRate: 'unlimited', ...settings, domains }),
  )
  return new MeasuredWorld(heddle, simulation, compileMs)
}
