// A small fabric inside one process, for the fabric's own tests: memory without limits, and one
// owner for each partition.
// Owns the setup and the order of owners in a tick, under the product's clock; only tests use it.

import type { Range, Segment, Segments } from '../../../base/memory.ts'
import { ClockMachine } from '../../tick/clock-machine.ts'
import { rowState } from '../memory/columns.ts'
import { ControlBlock } from '../memory/control-block.ts'
import { Fabric } from '../memory/fabric.ts'
import type { FabricSizes } from '../memory/sizes.ts'
import { World } from '../memory/world.ts'
import { PartitionOwner } from '../owner/partition-owner.ts'
import type { HandoffsOfTick } from '../worker/barrier.ts'
import { ClockWork, throwIfWrong } from '../worker/clock-work.ts'

export const smallSizes: FabricSizes = {
  partitionCapacity: 16,
  entityLimit: 8,
  fieldBytesMax: 128,
  messageLimit: 8,
  messageBytesMax: 32,
  messageHeapBytes: 256,
}

/** Segments on the heap. `claimsLeft` bounds how many more claims succeed. */
export class HeapSegments implements Segments {
  claimsLeft = Number.POSITIVE_INFINITY
  readonly #open = new Map<string, Segment>()

  get names(): string[] {
    return [...new Set([...this.#open.values()].map(({ name }) => name))].sort()
  }

  create(): void {
    // A range is made when it is opened.
  }

  open(name: string, { offsetBytes, bytes }: Range): Segment {
    const key = `${name}@${offsetBytes}`
    const existing = this.#open.get(key)
    if (existing) return existing
    const buffer = new ArrayBuffer(bytes + 65_536)
    const segment = {
      name,
      buffer,
      startBytes: 0,
      bytes: buffer.byteLength,
      claim: () => this.claimsLeft > 0 && this.claimsLeft-- > 0,
      release: (offsetBytes: number, bytes: number) =>
        void new Uint8Array(buffer, offsetBytes, bytes).fill(0),
    }
    this.#open.set(key, segment)
    return segment
  }

  remove(name: string): void {
    for (const key of this.#open.keys())
      if (key.startsWith(`${name}/`) || key.startsWith(`${name}@`)) this.#open.delete(key)
  }
}

export interface TestFabric {
  segments: HeapSegments
  fabric: Fabric
  owners: Map<number, PartitionOwner>
  /** Computes the next tick with all owners in order, and grants handoffs. */
  tick(compute?: (owner: PartitionOwner) => void): HandoffsOfTick
  /** Takes a partition out of the world, between two ticks. */
  remove(partition: number): void
  /** Makes an entity in the tick that an owner computes; returns its row. */
  put(owner: PartitionOwner, x: number, y: number): number
  /** Ids by partition, as committed. */
  ids(): Record<number, number[]>
}

/**
 * A world of `columns` cells side by side, each 10 wide and 10 high, followed by partitions without
 * a cell.
 */
export function testFabric(options: {
  columns: number
  makers?: number
  sizes?: Partial<FabricSizes>
  tick?: number
  transfersMax?: number
}): TestFabric {
  const { columns, makers = 0 } = options
  const bounds = { minX: 0, maxX: columns * 10, minY: 0, maxY: 10 }
  const world = new World({
    simulationName: 'test',
    executionId: 'test',
    transfersPerTick: options.transfersMax,
    domains: [
      {
        name: 'ground',
        lifecycle: 'BySpatialSubdivision',
        area: { bounds, columns, rows: 1, firstPartition: 0 },
      },
      { name: 'makers', lifecycle: 'ByRequest' },
    ],
  })
  const segments = new HeapSegments()
  const firstTick = options.tick ?? 0
  const sizes = { ...smallSizes, ...options.sizes }
  const control = ControlBlock.create(segments, sizes, { tickRate: 0, tick: firstTick })
  const fabric = new Fabric(segments, control, world, () => true)
  for (let cell = 0; cell < columns; cell++)
    fabric.addPartition({ domain: 0, cell, name: `ground-${cell}` })
  for (let maker = 0; maker < makers; maker++)
    fabric.addPartition({ domain: 1, cell: -1, name: `maker-${maker}` })
  const owners = new Map<number, PartitionOwner>()
  const machine = new ClockMachine({
    partitionCapacity: sizes.partitionCapacity,
    partitions: fabric.partitions(),
    committedTick: firstTick,
    tickRate: 0,
  })
  const work = new ClockWork(machine, fabric, { report: throwIfWrong })
  return {
    segments,
    fabric,
    owners,
    tick(compute) {
      // Tests add partitions freely: all existing ones compute.
      for (const partition of fabric.partitions()) machine.obey({ kind: 'join', partition }, 0)
      machine.obey({ kind: 'start' }, 0)
      work.goOn(0)
      machine.obey({ kind: 'stop' }, 0)
      for (const index of fabric.partitions()) {
        let owner = owners.get(index)
        if (!owner || owner.memory !== fabric.partition(index)) {
          owner = new PartitionOwner(fabric, index)
          owners.set(index, owner)
        }
        owner.begin(control.tick)
        compute?.(owner)
        owner.finish()
        fabric.commits.commit(index)
      }
      work.goOn(0)
      return { ...work.handoffs }
    },
    remove(partition) {
      machine.obey({ kind: 'removePartition', partition }, 0)
      work.goOn(0)
    },
    put(owner, x, y) {
      const row = owner.create(512)
      owner.setPosition(row, x, y, 0)
      return row
    },
    ids() {
      const ids: Record<number, number[]> = {}
      for (const index of fabric.partitions()) {
        const side = fabric.partition(index).side(control.committedTick)
        ids[index] = []
        for (let row = 0; row < side.rows; row++)
          if (side.state[row] !== rowState.free) ids[index].push(side.id[row])
      }
      return ids
    },
  }
}
