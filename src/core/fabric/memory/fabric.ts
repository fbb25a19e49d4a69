// A fabric as one program sees it: the control segment, the world, and every partition's memory,
// which is opened on first use.
// Owns the cache of open partitions; never changes state.

import { assert } from '../../../base/assert.ts'
import type { Segments } from '../../../base/memory.ts'
import type { Box } from './box.ts'
import { Commits } from './commits.ts'
import type { ControlBlock } from './control-block.ts'
import { PartitionMemory } from './partition-memory.ts'
import type { World } from './world.ts'

export class Fabric {
  readonly segments: Segments
  readonly control: ControlBlock
  readonly world: World
  readonly commits: Commits
  readonly #open: (PartitionMemory | undefined)[] = []
  #memories: readonly PartitionMemory[] | undefined
  readonly #writable: (partition: number) => boolean

  /** `writable` says which partitions this program may write: an app its own, the worker all. */
  constructor(
    segments: Segments,
    control: ControlBlock,
    world: World,
    writable: (partition: number) => boolean,
  ) {
    this.segments = segments
    this.control = control
    this.world = world
    this.commits = new Commits(this)
    this.#writable = writable
  }

  /** The memory of a partition that is in use. */
  partition(index: number): PartitionMemory {
    const open = this.#open[index]
    const { control } = this
    if (open && control.partitionInUse(index) && open.epoch === control.partitionEpoch(index))
      return open
    // This runs often for callers that visit all partitions, so the message is built only if
    // needed.
    assert(control.partitionInUse(index), `partition ${index} is not in use`)
    const writable = this.#writable(index)
    const pagesOfOthers = () => this.#pagesWithout(index)
    const opened = new PartitionMemory(this.segments, control, index, { writable, pagesOfOthers })
    this.#open[index] = opened
    return opened
  }

  /**
   * The memory of each partition in use, in order. Only for the clock, whose fabric alone adds and
   * removes partitions: another list is returned once it has.
   */
  get memories(): readonly PartitionMemory[] {
    this.#memories ??= [...this.partitions()].map((index) => this.partition(index))
    return this.#memories
  }

  /**
   * Adds a partition with memory of its own; -1 if the table is full. Throws MemoryFullError. Only
   * the worker calls this, between ticks.
   */
  addPartition(options: {
    domain: number
    cell: number
    name: string
    idLane?: number
    idCounter?: number
  }): number {
    const index = this.control.addPartition(options)
    if (index < 0) return index
    try {
      const memory = PartitionMemory.create(this.segments, this.control, index, {
        idLane: options.idLane ?? this.control.takeIdLane(),
        pagesOfOthers: () => this.#pagesWithout(index),
      })
      for (const side of memory.sides) side.setFloat('idCounter', options.idCounter ?? 0)
      this.#open[index] = memory
      this.#memories = undefined
      this.control.showPartition(index)
      this.control.recountMemory(this.#pagesWithout(-1))
    } catch (cause) {
      PartitionMemory.remove(this.segments, this.control, index)
      throw cause
    }
    return index
  }

  /**
   * Removes a partition and its content from the world. Only the worker calls this, between ticks.
   */
  removePartition(index: number): void {
    assert(this.control.partitionInUse(index), `partition ${index} is not in use`)
    this.control.removePartition(index)
    PartitionMemory.remove(this.segments, this.control, index)
    this.#open[index] = undefined
    this.#memories = undefined
    this.control.recountMemory(this.#pagesWithout(-1))
  }

  /**
   * What the other partitions say they have claimed. No correct app says more than all memory: one
   * that does counts for nothing, until the clock fails it at its commit.
   */
  #pagesWithout(index: number): number {
    const { memoryPagesMax } = this.control
    let pages = 0
    for (const other of this.partitions()) {
      if (other === index) continue
      const { claimedPages } = this.partition(other)
      if (claimedPages <= memoryPagesMax) pages += claimedPages
    }
    return pages
  }

  /** Indices of the partitions in use, in order. */
  *partitions(): Generator<number> {
    const count = this.control.partitionCount
    for (let index = 0; index < count; index++) if (this.control.partitionInUse(index)) yield index
  }
}

/** The bounds of a partition's cell; undefined if it has none. */
export function cellOf(fabric: Fabric, memory: PartitionMemory): Box | undefined {
  const grid = fabric.world.grids[fabric.control.partitionWord(memory.index, 'domain')]
  return grid?.boundsOf(fabric.control.partitionWord(memory.index, 'cell'))
}
