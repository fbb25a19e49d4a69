// A whole small world in this process, for testing an app alone: one spatial partition and a clock.
// Owns pacing and the end after a given time; never shares memory.

import { ControlBlock } from '../../../src/core/fabric/memory/control-block.ts'
import { Fabric } from '../../../src/core/fabric/memory/fabric.ts'
import { World } from '../../../src/core/fabric/memory/world.ts'
import { ClockWork, throwIfWrong } from '../../../src/core/fabric/worker/clock-work.ts'
import type { Bounds } from '../../../src/core/schema/grid.ts'
import { ClockMachine } from '../../../src/core/tick/clock-machine.ts'
import { MemorySegments } from '../../../src/io/shm/memory-segments.ts'
import type { Host } from './host.ts'

export interface StandaloneOptions {
  /** How long to run, in seconds of ticks: at tick rate 30, `seconds: 2` is 60 ticks. */
  seconds: number
  /**
   * Ticks per second, or 'unlimited': then a second counts as 30 ticks, and none is waited for.
   * Default 30.
   */
  tickRate?: number | 'unlimited'
  /** The world, all of it this app's. Default -1000 to 1000 on both axes. */
  bounds?: Bounds
  /** Default 'Standalone'. */
  domain?: string
  /** Default 8,192. */
  entitiesPerPartition?: number
}

/** @internal */
export function createStandaloneHost(options: StandaloneOptions): Host {
  const domain = options.domain ?? 'Standalone'
  const bounds = options.bounds ?? { minX: -1000, maxX: 1000, minY: -1000, maxY: 1000 }
  const rate = options.tickRate ?? 30
  const segments = new MemorySegments()
  const sizes = {
    partitionCapacity: 1,
    entityLimit: options.entitiesPerPartition ?? 8192,
    fieldBytesMax: 1024,
    messageLimit: 128,
    messageBytesMax: 256,
    messageHeapBytes: 128 * 256,
  }
  const control = ControlBlock.create(segments, sizes, {
    tickRate: rate === 'unlimited' ? 0 : rate,
    tick: 0,
  })
  const world = new World({
    simulationName: 'standalone',
    executionId: 'standalone',
    domains: [
      {
        name: domain,
        lifecycle: 'BySpatialSubdivision',
        area: { bounds, columns: 1, rows: 1, firstPartition: 0 },
      },
    ],
  })
  const fabric = new Fabric(segments, control, world, () => true)
  const partition = fabric.addPartition({ domain: 0, cell: 0, name: `${domain}-0-0` })
  return new StandaloneHost(fabric, partition, rate, options.seconds)
}

class StandaloneHost implements Host {
  readonly fabric: Fabric
  readonly partition: number
  readonly ports = new Map<number, number>()
  readonly attempt = 1
  readonly #machine: ClockMachine
  readonly #work: ClockWork
  readonly #ticks: number
  #nextDueMs = 0

  constructor(fabric: Fabric, partition: number, rate: number | 'unlimited', seconds: number) {
    this.fabric = fabric
    this.partition = partition
    this.#ticks = Math.round(seconds * (rate === 'unlimited' ? 30 : rate))
    this.#machine = new ClockMachine({
      partitionCapacity: fabric.control.sizes.partitionCapacity,
      partitions: fabric.partitions(),
      committedTick: 0,
      tickRate: fabric.control.tickRate,
    })
    this.#work = new ClockWork(this.#machine, fabric, { report: throwIfWrong })
    this.#machine.obey({ kind: 'join', partition }, performance.now())
    this.#machine.obey({ kind: 'start' }, performance.now())
    this.#endInTime()
  }

  poll(): 'tick' | 'shutdown' | 'wait' {
    const { control } = this.fabric
    this.#goOn()
    if (this.fabric.commits.isAsked(this.partition)) return 'tick'
    return control.shutdown ? 'shutdown' : 'wait'
  }

  wait(): void {
    const ms = this.#nextDueMs - performance.now()
    if (ms > 0) Atomics.wait(sleepWord, 0, 0, ms)
  }

  async waitAsync(): Promise<void> {
    await new Promise((resolve) =>
      setTimeout(resolve, Math.max(0, this.#nextDueMs - performance.now())),
    )
  }

  committed(): void {
    this.fabric.commits.commit(this.partition)
    this.#endInTime()
    this.#goOn()
  }

  destroy(): void {
    this.fabric.control.setShutdown()
  }

  #goOn(): void {
    const nowMs = performance.now()
    this.#nextDueMs = nowMs + this.#work.goOn(nowMs)
  }

  /** The tick that was released is the last one, where the time is up. */
  #endInTime(): void {
    if (this.fabric.control.tick >= this.#ticks)
      this.#machine.obey({ kind: 'finish', force: false }, performance.now())
  }
}

const sleepWord = new Int32Array(new SharedArrayBuffer(4))
