// What a format of `heddle snapshot export` does: rows into a file.
// Owns the interface alone.

import type { PartitionState } from '../core/entities/partition-state.ts'

export interface RowWriter {
  add(state: PartitionState): Promise<void>
  finish(): Promise<void>
  /** Lets go of the file where it won't be finished. */
  abandon(): Promise<void>
}
