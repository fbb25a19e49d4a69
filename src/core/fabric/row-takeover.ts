// The rows of a partition on their way from the front side to the back side: all of them, or those that one tick has changed.
// Owns the copying of rows and values; where positions follow later (position-takeover.ts), it leaves them.

import { type FieldView, rowState, type Side } from './partition-memory.ts'
import type { TickChanges } from './tick-changes.ts'

/** A field that is in use, on both sides at one stride. */
export interface FieldOnBothSides {
  index: number
  front: FieldView
  back: FieldView
}

export function copyAllRows(front: Side, back: Side, fields: readonly FieldOnBothSides[]): void {
  const { rows } = front
  back.id.set(front.id.subarray(0, rows))
  back.type.set(front.type.subarray(0, rows))
  back.state.set(front.state.subarray(0, rows))
  back.destination.set(front.destination.subarray(0, rows))
  back.changed.set(front.changed.subarray(0, rows))
  back.position.set(front.position.subarray(0, rows * 3))
  for (const field of fields) {
    copyHeads(field.front, field.back, 0, rows)
    field.back.data.set(field.front.data.subarray(0, rows * field.front.stride))
  }
}

/** What the tick of the front side has changed. Positions that were swept over are left. */
export function copyChanges(front: Side, back: Side, fields: readonly FieldOnBothSides[], changes: TickChanges): void {
  const { position, stamps, sweeps } = changes
  if (!stamps.isEmpty) back.changed.set(front.changed.subarray(stamps.from, stamps.to), stamps.from)
  if (!sweeps && !position.isEmpty)
    back.position.set(front.position.subarray(position.from * 3, position.to * 3), position.from * 3)
  const { rows, count } = changes.rows
  for (let place = 0; place < count; place++) copyRow(front, back, rows[place])
  for (const { index, front: from, back: to } of fields) {
    copyRanges(from, to, changes.fields.get(index))
    for (let place = 0; place < count; place++)
      if (front.state[rows[place]] !== rowState.free) copyValue(from, rows[place], to, rows[place])
  }
}

/** One entity's value of a field, or that it has none. */
export function copyValue(from: FieldView, fromRow: number, to: FieldView, toRow: number): void {
  const length = from.length[fromRow]
  to.length[toRow] = length
  if (length === 0) return
  to.typeId[toRow] = from.typeId[fromRow]
  const words = (length + 2) >>> 2
  const fromStart = (fromRow * from.stride) >>> 2
  const toStart = (toRow * to.stride) >>> 2
  if (words > 32) to.words.set(from.words.subarray(fromStart, fromStart + words), toStart)
  else for (let word = 0; word < words; word++) to.words[toStart + word] = from.words[fromStart + word]
}

/** Of a row that was freed no more than that. */
function copyRow(front: Side, back: Side, row: number): void {
  const state = front.state[row]
  back.state[row] = state
  back.changed[row] = front.changed[row]
  if (state === rowState.free) return
  back.id[row] = front.id[row]
  back.type[row] = front.type[row]
  back.destination[row] = front.destination[row]
  for (let axis = row * 3; axis < row * 3 + 3; axis++) back.position[axis] = front.position[axis]
}

function copyRanges(from: FieldView, to: FieldView, change: ReturnType<TickChanges['field']> | undefined): void {
  if (!change) return
  const { data, heads } = change
  const { stride } = to
  if (!data.isEmpty) to.data.set(from.data.subarray(data.from * stride, data.to * stride), data.from * stride)
  if (!heads.isEmpty) copyHeads(from, to, heads.from, heads.to)
}

function copyHeads(from: FieldView, to: FieldView, fromRow: number, toRow: number): void {
  to.length.set(from.length.subarray(fromRow, toRow), fromRow)
  to.typeId.set(from.typeId.subarray(fromRow, toRow), fromRow)
}
