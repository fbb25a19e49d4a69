// A partition's committed state, from compact arrays into the fabric; and the hash of the whole
// world's.
// Owns what a partition is seeded with; never knows files, and never reads a side that is being
// written.

import { assert } from '../../../base/assert.ts'
import type { FieldColumn, PartitionState } from '../../entities/partition-state.ts'
import { createStateHash } from '../../entities/state-hash.ts'
import { rowState } from '../memory/columns.ts'
import type { Fabric } from '../memory/fabric.ts'
import type { PartitionMemory } from '../memory/partition-memory.ts'
import { FIELD_INDEX_MAX, strideFor } from '../memory/sizes.ts'
import { readSide } from './side-error.ts'

/**
 * The hash of the whole world's state at `tick`, and the number of entities. Computed in place:
 * only lengths of fields are copied.
 */
export function hashWorld(fabric: Fabric, tick: number): { stateHash: string; entities: number } {
  const hash = createStateHash()
  for (const partition of fabric.partitions())
    readSide(partition, () => {
      const memory = fabric.partition(partition)
      const side = memory.side(tick)
      const fields: FieldColumn[] = []
      for (let index = 1; index <= FIELD_INDEX_MAX; index++) {
        const view = memory.field(tick % 2, index)
        if (!view) continue
        const lengths = view.length.slice(0, side.rows)
        for (let row = 0; row < lengths.length; row++)
          lengths[row] = valueBytes(lengths[row], view.stride)
        fields.push({ index, lengths, typeIds: view.typeId, stride: view.stride, data: view.data })
      }
      hash.addRows(side.id, side.type, side.position, fields, side.rows, side.state)
    })
  return { stateHash: hash.digest(), entities: hash.count }
}

/** From what stands in the column of lengths; -1 for none. No value is longer than its row. */
function valueBytes(length: number, stride: number): number {
  return Math.min(length - 1, stride)
}

/**
 * Writes a state into an empty partition, on both sides, as committed at `tick`. Returns false if
 * the limit or the memory does not suffice.
 */
export function seedState(
  memory: PartitionMemory,
  tick: number,
  state: Omit<PartitionState, 'domain' | 'lifecycle' | 'name' | 'cell'>,
): boolean {
  if (!memory.ensureRows(Math.max(1, state.count))) return false
  for (const field of state.fields)
    if (!memory.ensureField(field.index, strideFor(field.stride, 0, memory.sizes))) return false
  for (const { index, shape } of state.fields) if (shape) memory.declareShape(index, shape)
  for (const sideIndex of [0, 1]) {
    const side = memory.sides[sideIndex]
    assert(side.get('population') === 0, 'a partition is seeded while it is empty')
    side.id.set(state.ids)
    side.type.set(state.types)
    side.state.fill(rowState.here, 0, state.count)
    side.changed.fill(tick >>> 0, 0, state.count)
    side.position.set(state.positions)
    for (const field of state.fields) {
      const view = memory.openField(
        sideIndex,
        field.index,
        strideFor(field.stride, 0, memory.sizes),
      )
      for (let row = 0; row < state.count; row++) view.length[row] = field.lengths[row] + 1
      view.typeId.set(field.typeIds)
      if (view.stride === field.stride) view.data.set(field.data)
      else
        for (let row = 0; row < state.count; row++)
          view.data.set(rowOf(field, row), row * view.stride)
    }
    side.set('rows', state.count)
    side.set('population', state.count)
    side.set('strays', 1) // unknown until the owner has looked at every row, in its first tick
    side.setFloat('idLane', state.idLane)
    side.setFloat('idCounter', state.idCounter)
    side.setFloat('tick', tick)
  }
  return true
}

function rowOf(field: FieldColumn, row: number): Uint8Array {
  return field.data.subarray(
    row * field.stride,
    row * field.stride + Math.max(0, field.lengths[row]),
  )
}
