// The rows of a partition on their way from the front side to the back side: all of them, or those
// that one tick has changed.
// Owns the copying of rows and values; leaves positions that follow later (position-takeover.ts).
// Rows that are copied one by one lie far apart, each column on other pages: a loop for each column
// lets the processor look up many at once.

import { rowState } from '../memory/columns.ts'
import type { FieldView } from '../memory/partition-memory.ts'
import { RowList } from '../memory/row-list.ts'
import type { Side } from '../memory/side.ts'
import type { TickChanges } from './tick-changes.ts'

/** A field that is in use on both sides, at one stride. */
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

/** Copies what the tick of the front side has changed, but no positions that were swept over. */
export function copyChanges(
  front: Side,
  back: Side,
  fields: readonly FieldOnBothSides[],
  changes: TickChanges,
): void {
  const { position, stamps, sweeps } = changes
  if (!stamps.isEmpty) back.changed.set(front.changed.subarray(stamps.from, stamps.to), stamps.from)
  if (!sweeps && !position.isEmpty)
    back.position.set(
      front.position.subarray(position.from * 3, position.to * 3),
      position.from * 3,
    )
  const rows = copyRows(front, back, changes.rows)
  for (const { index, front: from, back: to } of fields) {
    copyRanges(from, to, changes.fields.get(index))
    copyValues(from, rows, to, rows)
  }
}

/**
 * Copies a field's values, or their absence, from each of `fromRows` to the row of `toRows` at the
 * same place. A value whose length exceeds a row of `from` counts as absent.
 */
export function copyValues(
  from: FieldView,
  fromRows: Uint32Array,
  to: FieldView,
  toRows: Uint32Array,
): void {
  const count = fromRows.length
  const most = from.stride + 1
  for (let place = 0; place < count; place++) {
    const length = from.length[fromRows[place]]
    to.length[toRows[place]] = length <= most && length > 0 ? length : 0
  }
  for (let place = 0; place < count; place++)
    to.typeId[toRows[place]] = from.typeId[fromRows[place]]
  for (let place = 0; place < count; place++) {
    const words = (to.length[toRows[place]] + 2) >>> 2
    const fromStart = (fromRows[place] * from.stride) >>> 2
    const toStart = (toRows[place] * to.stride) >>> 2
    if (words > 32) to.words.set(from.words.subarray(fromStart, fromStart + words), toStart)
    else
      for (let word = 0; word < words; word++)
        to.words[toStart + word] = from.words[fromStart + word]
  }
}

/**
 * Copies all columns of the rows that hold an entity, and returns these rows. For freed rows it
 * copies only that they are free. The list is valid until the next call.
 */
function copyRows(
  front: Side,
  back: Side,
  { rows: changed, count: changedCount }: RowList,
): Uint32Array {
  used.clear()
  used.reserve(changedCount)
  const { rows } = used
  let count = 0
  for (let place = 0; place < changedCount; place++) {
    const row = changed[place]
    const state = front.state[row]
    back.state[row] = state
    rows[count] = row
    count += state === rowState.free ? 0 : 1
  }
  used.count = count
  for (let place = 0; place < changedCount; place++)
    back.changed[changed[place]] = front.changed[changed[place]]
  for (let place = 0; place < count; place++) back.id[rows[place]] = front.id[rows[place]]
  for (let place = 0; place < count; place++) back.type[rows[place]] = front.type[rows[place]]
  for (let place = 0; place < count; place++)
    back.destination[rows[place]] = front.destination[rows[place]]
  for (let place = 0; place < count; place++) {
    const start = rows[place] * 3
    back.position[start] = front.position[start]
    back.position[start + 1] = front.position[start + 1]
    back.position[start + 2] = front.position[start + 2]
  }
  return used.view()
}

const used = new RowList()

function copyRanges(
  from: FieldView,
  to: FieldView,
  change: ReturnType<TickChanges['field']> | undefined,
): void {
  if (!change) return
  const { data, heads } = change
  const { stride } = to
  if (!data.isEmpty)
    to.data.set(from.data.subarray(data.from * stride, data.to * stride), data.from * stride)
  if (!heads.isEmpty) copyHeads(from, to, heads.from, heads.to)
}

function copyHeads(from: FieldView, to: FieldView, fromRow: number, toRow: number): void {
  to.length.set(from.length.subarray(fromRow, toRow), fromRow)
  to.typeId.set(from.typeId.subarray(fromRow, toRow), fromRow)
}
