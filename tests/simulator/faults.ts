// What a process that dies may leave behind: any bytes in the back side of its partition.
// Owns where these bytes are; never touches a front side.

import {
  columns,
  fieldColumns,
  groupColumns,
  messageColumns,
} from '../../src/core/fabric/memory/columns.ts'
import type { ControlBlock } from '../../src/core/fabric/memory/control-block.ts'
import {
  fieldLayout,
  fieldOffset,
  messageLayout,
  partitionFile,
  partitionLayout,
} from '../../src/core/fabric/memory/layout.ts'
import { sideRecord } from '../../src/core/fabric/memory/partition-records.ts'
import { kindBytes } from '../../src/core/fabric/memory/placing.ts'
import { fieldIndex } from './plan.ts'
import type { HistorySegments } from './pooled-segments.ts'
import type { Random } from './random.ts'

export function spoilBackSide(
  segments: HistorySegments,
  control: ControlBlock,
  random: Random,
  options: { partition: number; tick: number; fieldsMax: number },
): void {
  const { sizes } = control
  const { partition, tick, fieldsMax } = options
  const epoch = control.partitionEpoch(partition)
  const side = tick % 2
  const spoil = (segment: string, start: number, bytes: number) => {
    if (bytes > 0 && random.chance(0.6))
      segments.scribble(segment, start, start + bytes, random, random.below(Math.min(bytes, 40)))
  }
  const { sideOffsets, groups, sides } = partitionLayout(sizes)
  const name = partitionFile(partition, epoch, 'state')
  for (const { name: column, kind } of columns) {
    const placed = sides[side]
    spoil(name, placed.offsetBytes[column], placed.length[column] * kindBytes[kind])
  }
  for (const { name: column } of groupColumns)
    spoil(name, groups[side].offsetBytes[column], groups[side].length[column] * 4)
  spoil(name, sideOffsets[side], sideRecord.bytes)
  for (let place = 1; place <= fieldsMax; place++) {
    const field = fieldIndex(place)
    const placed = fieldLayout(sizes, 64)
    const fields = partitionFile(partition, epoch, 'fields')
    const start = fieldOffset(sizes, field, side)
    for (const { name: column } of fieldColumns)
      spoil(fields, start + placed.offsetBytes[column], placed.length[column] * 4)
    spoil(fields, start + placed.dataOffset, sizes.entityLimit * 4)
  }
  const placed = messageLayout(sizes)
  const messages = partitionFile(partition, epoch, 'messages')
  const start = side * placed.bytes
  for (const { name: column } of messageColumns)
    spoil(messages, start + placed.offsetBytes[column], placed.length[column] * 4)
  spoil(messages, start + placed.heapOffset, sizes.messageHeapBytes)
}
