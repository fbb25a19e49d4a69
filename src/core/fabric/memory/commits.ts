// Which partitions are asked to compute the released tick, and which have committed it.
// Owns the one store that is an app's commit, and what counts as one; never wakes or waits.

import { assert } from '../../../base/assert.ts'
import type { PartitionSet } from '../../tick/partition-set.ts'
import type { ControlBlock } from './control-block.ts'
import type { PartitionMemory } from './partition-memory.ts'

interface Partitions {
  readonly control: ControlBlock
  /** Those in use, in order; only the clock uses it. */
  readonly memories: readonly PartitionMemory[]
  partition(index: number): PartitionMemory
}

export class Commits {
  readonly #partitions: Partitions
  readonly #control: ControlBlock
  // For the clock: how many of the fabric's memories are known to have committed, and whether the
  // numbers of any were wrong in this tick.
  #settled = 0
  #hasRefused = false

  constructor(partitions: Partitions) {
    this.#partitions = partitions
    this.#control = partitions.control
  }

  /**
   * Releases a tick to the partitions of `participants`. Their data is written before the word that
   * they wait for. The caller wakes the apps afterwards.
   */
  release(tick: number, participants: PartitionSet): void {
    const control = this.#control
    assert(this.nonePending(), 'a tick is released when nobody computes')
    assert(tick === control.committedTick + 1, 'the tick does not follow on the committed one')
    control.setTick(tick)
    control.setWakeCount(participants.count)
    const word = tick | 0
    for (
      let partition = participants.next(0);
      partition >= 0;
      partition = participants.next(partition + 1)
    )
      Atomics.store(control.asked, partition, word)
    this.#settled = 0
    this.#hasRefused = false
    control.bumpReleaseWord()
  }

  /**
   * Whether the partition's app is asked for the tick and has not committed it, as the app sees it.
   */
  isAsked(partition: number): boolean {
    const asked = Atomics.load(this.#control.asked, partition)
    return asked !== this.#partitions.partition(partition).app.load('committed')
  }

  /**
   * Whether the partition is still asked for the tick, as the clock sees it: a commit with refused
   * numbers does not count.
   */
  isPending(partition: number): boolean {
    const control = this.#control
    if (!control.partitionInUse(partition)) return false
    return this.isAsked(partition) || this.#isRefused(partition)
  }

  /**
   * The commit point of one partition's tick: idempotent. Returns true if no other app is waited
   * for.
   */
  commit(partition: number): boolean {
    const { app } = this.#partitions.partition(partition)
    const asked = Atomics.load(this.#control.asked, partition)
    if (asked === app.load('committed')) return false
    app.store('committed', asked)
    return this.#control.lowerWakeCount(1)
  }

  /** For the clock: it has computed the tick for a partition whose app is gone. */
  standIn(partition: number): void {
    const control = this.#control
    this.#partitions.partition(partition).app.store('committed', control.asked[partition])
    control.setPartitionWord(partition, 'refused', 0)
    control.lowerWakeCount(1)
  }

  /**
   * For the clock: the app's process has written wrong numbers. The next one computes the tick
   * again.
   */
  refuse(partition: number): void {
    const control = this.#control
    if (this.#isRefused(partition)) return
    control.setPartitionWord(
      partition,
      'refused',
      control.partitionWord(partition, 'incarnation') + 1,
    )
    control.lowerWakeCount(-1)
    this.#hasRefused = true
    this.#settled = 0
  }

  /** Call this before another process of a partition is launched, while it has none. */
  readmit(partition: number): void {
    if (!this.#isRefused(partition)) return
    const control = this.#control
    // The partition stays asked and uncommitted: this comes first, so that it never counts as
    // committed.
    this.#partitions.partition(partition).app.store('committed', (control.asked[partition] - 1) | 0)
    control.setPartitionWord(partition, 'refused', 0)
  }

  /**
   * For the clock: checks partitions in order. A partition that has committed is not checked again
   * until the next tick.
   */
  nonePending(): boolean {
    const { memories } = this.#partitions
    const { asked } = this.#control
    for (; this.#settled < memories.length; this.#settled++) {
      const { app, index } = memories[this.#settled]
      if (asked[index] !== app.load('committed')) return false
      if (this.#hasRefused && this.#isRefused(index)) return false
    }
    return true
  }

  #isRefused(partition: number): boolean {
    const control = this.#control
    return (
      control.partitionWord(partition, 'refused') ===
      control.partitionWord(partition, 'incarnation') + 1
    )
  }
}
