// When a partition gives back what it needed for a peak: at the end of a window of ticks in which
// it used much less than it has claimed.
// Owns the decision and the window; the memory decides what is given back, and how.

import type { MemoryUse, PartitionMemory } from '../memory/partition-memory.ts'

export interface PeakWatchOptions {
  /** Ticks of a window, at least 3. A partition that peaks once in each window keeps its memory. */
  windowTicks?: number
  /** Least share of the claimed memory that is worth giving back. */
  spareShareMin?: number
}

export class PeakWatch {
  /**
   * True in the last two ticks of a window that ends with giving back. The spatial index may be
   * used in neither, so that no reader has it when it goes.
   */
  isEnding = false
  readonly #windowTicks: number
  readonly #spareShareMin: number
  #ticks = 0
  readonly #most: MemoryUse = { rows: 0, messages: 0, heapBytes: 0, isIndexed: false }

  constructor({ windowTicks = 128, spareShareMin = 0.5 }: PeakWatchOptions = {}) {
    this.#windowTicks = windowTicks
    this.#spareShareMin = spareShareMin
  }

  /** Called at the end of each tick, with the most that was used in it. */
  endTick(memory: PartitionMemory, use: MemoryUse): void {
    const most = this.#most
    most.rows = Math.max(most.rows, use.rows)
    most.messages = Math.max(most.messages, use.messages)
    most.heapBytes = Math.max(most.heapBytes, use.heapBytes)
    most.isIndexed ||= use.isIndexed
    this.#ticks++
    if (this.#ticks === this.#windowTicks - 2)
      this.isEnding = memory.spareShare(most) > this.#spareShareMin
    if (this.#ticks < this.#windowTicks) return
    // The index is rebuilt at the size that it needs.
    if (this.isEnding) memory.shrink({ ...most, isIndexed: false })
    this.isEnding = false
    this.#ticks = 0
    Object.assign(most, { rows: 0, messages: 0, heapBytes: 0, isIndexed: false })
  }
}
