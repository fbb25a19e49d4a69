// Several apps in one process, for tests of what happens between them: real applications over a
// real fabric in this process's memory. Owns the turns: `tick` runs every app's update in sequence
// under the product's clock, as if they ran side by side. Never waits.

import type { Segments } from '../../../../src/base/memory.ts'
import { ControlBlock } from '../../../../src/core/fabric/memory/control-block.ts'
import { Fabric } from '../../../../src/core/fabric/memory/fabric.ts'
import { World } from '../../../../src/core/fabric/memory/world.ts'
import type { HandoffsOfTick } from '../../../../src/core/fabric/worker/barrier.ts'
import { ClockWork, throwIfWrong } from '../../../../src/core/fabric/worker/clock-work.ts'
import type { Bounds } from '../../../../src/core/schema/grid.ts'
import { ClockMachine } from '../../../../src/core/tick/clock-machine.ts'
import { MemorySegments } from '../../../../src/io/shm/memory-segments.ts'
import { Application } from '../application.ts'
import type { Host } from '../host.ts'
import type { Transaction } from '../transaction.ts'

export const SPATIAL_DOMAIN = 'Grid'
export const CUSTOM_DOMAIN = 'Custom'

interface LockstepOptions {
  /** Default 2 by 1 cells. */
  columns?: number
  rows?: number
  /** Default -100 to 100 on both axes. */
  bounds?: Bounds
  /** Apps of the custom domain. Default none. */
  customApps?: string[]
  /** Default 1,024. */
  entitiesPerPartition?: number
  /** Default none but the target's room. */
  transfersPerTick?: number
  /** Where the world lies. Default this process's own memory. */
  segments?: Segments
}

export class LockstepWorld {
  readonly fabric: Fabric
  /** By partition: the cells first, x running first, then the custom apps. */
  readonly applications: Application[]
  readonly #machine: ClockMachine
  readonly #work: ClockWork

  constructor(options: LockstepOptions = {}) {
    const { columns = 2, rows = 1, customApps = [] } = options
    const bounds = options.bounds ?? { minX: -100, maxX: 100, minY: -100, maxY: 100 }
    const segments = options.segments ?? new MemorySegments()
    const sizes = {
      partitionCapacity: columns * rows + customApps.length,
      entityLimit: options.entitiesPerPartition ?? 1024,
      fieldBytesMax: 1024,
      messageLimit: 128,
      messageBytesMax: 256,
      messageHeapBytes: 128 * 256,
    }
    const control = ControlBlock.create(segments, sizes, {
      tickRate: 0,
      tick: 0,
    })
    const world = new World({
      simulationName: 'lockstep',
      executionId: 'lockstep',
      transfersPerTick: options.transfersPerTick,
      domains: [
        {
          name: SPATIAL_DOMAIN,
          lifecycle: 'BySpatialSubdivision',
          area: { bounds, columns, rows, firstPartition: 0 },
        },
        { name: CUSTOM_DOMAIN, lifecycle: 'ByRequest' },
      ],
    })
    this.fabric = new Fabric(segments, control, world, () => true)
    for (let cell = 0; cell < columns * rows; cell++)
      this.fabric.addPartition({
        domain: 0,
        cell,
        name: `${SPATIAL_DOMAIN}-${cell % columns}-${Math.floor(cell / columns)}`,
      })
    for (const name of customApps) this.fabric.addPartition({ domain: 1, cell: 0, name })
    this.#machine = new ClockMachine({
      partitionCapacity: sizes.partitionCapacity,
      partitions: this.fabric.partitions(),
      committedTick: 0,
      tickRate: 0,
    })
    this.#work = new ClockWork(this.#machine, this.fabric, { report: throwIfWrong })
    for (const partition of this.fabric.partitions())
      this.#machine.obey({ kind: 'join', partition }, 0)
    this.applications = [...this.fabric.partitions()].map((partition) => this.#attach(partition))
  }

  /** What became of the last tick's handoffs. */
  get handoffs(): HandoffsOfTick {
    return this.#work.handoffs
  }

  /** Runs one tick: each app's body, by partition; then the barrier. */
  tick(...bodies: ((transaction: Transaction) => void)[]): void {
    this.release()
    for (const [partition, application] of this.applications.entries()) {
      const transaction = application.beginUpdate()
      bodies[partition]?.(transaction)
      if (!transaction.isCommitted) transaction.commit()
    }
    this.barrier()
  }

  /** Releases the next tick, and no further one. */
  release(): void {
    this.#machine.obey({ kind: 'start' }, 0)
    this.#work.goOn(0)
    this.#machine.obey({ kind: 'stop' }, 0)
  }

  /** After all apps have committed: grants handoffs, and moves the world to the tick. */
  barrier(): void {
    this.#work.goOn(0)
  }

  /** As if the app's process had died and been started again. */
  restart(partition: number): void {
    this.applications[partition] = this.#attach(partition)
  }

  #attach(partition: number): Application {
    return new Application(new LockstepHost(this.fabric, partition))
  }
}

class LockstepHost implements Host {
  readonly fabric: Fabric
  readonly partition: number
  readonly attempt = 1
  readonly ports = new Map<number, number>([[7000, 45000]])

  constructor(fabric: Fabric, partition: number) {
    this.fabric = fabric
    this.partition = partition
  }

  poll(): 'tick' | 'shutdown' | 'wait' {
    const { control } = this.fabric
    if (this.fabric.commits.isAsked(this.partition)) return 'tick'
    return control.shutdown ? 'shutdown' : 'wait'
  }

  wait(): void {
    throw new Error('a lockstep world ticks only when its test says so')
  }

  async waitAsync(): Promise<void> {
    this.wait()
  }

  committed(): void {
    this.fabric.commits.commit(this.partition)
  }

  destroy(): void {
    this.fabric.control.setShutdown()
  }
}
