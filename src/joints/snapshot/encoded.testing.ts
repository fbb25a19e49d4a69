// Encodes partitions for a snapshot file on the thread that writes it.
// Never imported by a program.

import type { PartitionState } from '../../core/entities/partition-state.ts'
import { isSnapshotFault } from '../../core/snapshot/snapshot-fault.ts'
import { type EncodedPartition, encodeState } from './encode-partition.ts'
import { SnapshotError } from './snapshot-file.ts'

export function* encodedHere(states: Iterable<PartitionState>): Generator<EncodedPartition> {
  for (const state of states) {
    const encoded = encodeState(state)
    if (isSnapshotFault(encoded)) throw new SnapshotError(encoded)
    yield encoded
  }
}
