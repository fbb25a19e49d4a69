// What a format of `heddle snapshot export` does: write rows into a file. Owns the interface alone.

import type { PartitionState } from '../core/entities/partition-state.ts'

export interface RowWriter {
  add(state: PartitionState): Promise<void>
  finish(): Promise<void>
  /** Closes the file when it will not be finished. */
  abandon(): Promise<void>
}
