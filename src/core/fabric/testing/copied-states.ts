// The world of a fabric as a snapshot has it, for tests: copied and compacted as the product does
// it, but all at once.

import { Scratch } from '../../../base/scratch.ts'
import type { PartitionState } from '../../entities/partition-state.ts'
import type { Fabric } from '../memory/fabric.ts'
import { CopyRoom, copyBytes, copySides, doneAtOnce, stateOfSide } from '../worker/side-columns.ts'

/**
 * The state of each partition in use, in order; the copy has `roomBytes` of memory set aside for
 * it.
 */
export function copiedStates(
  fabric: Fabric,
  tick: number,
  roomBytes = copyBytes(fabric, tick),
): PartitionState[] {
  const sides = doneAtOnce(copySides(fabric, tick, new CopyRoom(new SharedArrayBuffer(roomBytes))))
  return sides.map((_, at) => stateOfSide(sides, at, new Scratch()))
}
