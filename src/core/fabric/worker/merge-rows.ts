// Puts rows of several states together into one.
// Owns the copying; never decides which rows belong together.

import type { FieldColumn, PartitionState } from '../../entities/partition-state.ts'

/** The columns of a state without its partition. */
export type EntityColumns = Pick<PartitionState, 'count' | 'ids' | 'types' | 'positions' | 'fields'>

/** Some rows of a state, in the order in which they are wanted. */
export interface RowsOfState {
  state: EntityColumns
  rows: number[]
}

/**
 * Concatenates all columns of the pieces. Returns the columns themselves if they are one whole
 * state.
 */
export function mergeRows(pieces: readonly RowsOfState[]): EntityColumns {
  const [first] = pieces
  if (pieces.length === 1 && first.rows.length === first.state.count) return first.state
  const count = pieces.reduce((sum, { rows }) => sum + rows.length, 0)
  const merged: EntityColumns = {
    count,
    ids: new Float64Array(count),
    types: new Uint32Array(count),
    positions: new Float32Array(count * 3),
    fields: [],
  }
  let place = 0
  for (const { state, rows } of pieces) {
    for (const row of rows) {
      merged.ids[place] = state.ids[row]
      merged.types[place] = state.types[row]
      merged.positions.set(state.positions.subarray(row * 3, row * 3 + 3), place * 3)
      place++
    }
  }
  const indices = new Set(pieces.flatMap(({ state }) => state.fields.map((field) => field.index)))
  merged.fields = [...indices]
    .sort((a, b) => a - b)
    .map((index) => mergeField(index, pieces, count))
  return merged
}

function mergeField(index: number, pieces: readonly RowsOfState[], count: number): FieldColumn {
  const columns = pieces.map(({ state }) => state.fields.find((field) => field.index === index))
  const stride = Math.max(...columns.map((column) => column?.stride ?? 0))
  const shape = columns.find((column) => column?.shape)?.shape
  const merged: FieldColumn = {
    index,
    ...(shape && { shape }),
    lengths: new Int32Array(count).fill(-1),
    typeIds: new Uint32Array(count),
    stride,
    data: new Uint8Array(count * stride),
  }
  let place = 0
  pieces.forEach(({ rows }, piece) => {
    const column = columns[piece]
    for (const row of rows) {
      if (column && column.lengths[row] >= 0) {
        merged.lengths[place] = column.lengths[row]
        merged.typeIds[place] = column.typeIds[row]
        merged.data.set(
          column.data.subarray(row * column.stride, row * column.stride + column.lengths[row]),
          place * stride,
        )
      }
      place++
    }
  })
  return merged
}
