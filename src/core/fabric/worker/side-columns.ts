// A partition's committed side as columns that can be copied in one piece and given to another
// thread, and the compact state that is made of them there.
// Owns what is copied and in which steps: the clock's thread copies in small steps between its
// other work. Never knows files, and never reads a side that is being written.

import type { ArraysOf, Scratch } from '../../../base/scratch.ts'
import type { FieldColumn, PartitionState } from '../../entities/partition-state.ts'
import type { DeclaredShape } from '../../entities/shape.ts'
import { rowState } from '../memory/columns.ts'
import type { Fabric } from '../memory/fabric.ts'
import { FIELD_INDEX_MAX } from '../memory/sizes.ts'
import { SideError } from './side-error.ts'

/** Columns by row, with holes: rows whose state is free hold nothing. */
export interface SideColumns
  extends Pick<PartitionState, 'domain' | 'lifecycle' | 'name' | 'cell' | 'idLane' | 'idCounter'> {
  partition: number
  ids: Float64Array
  types: Uint32Array
  states: Uint8Array
  /** x, y, z a row. */
  positions: Float32Array
  fields: SideField[]
  /** Rows that were granted to leave, by the partition that takes them in with the next tick. */
  granted: { target: number; rows: Uint32Array }[]
}

interface SideField {
  index: number
  stride: number
  /** Bytes plus 1; 0 where the entity has no such field. */
  lengths: Int32Array
  typeIds: Uint32Array
  data: Uint8Array
  shape?: DeclaredShape
}

type Column = Float64Array | Float32Array | Uint32Array | Int32Array | Uint8Array

/** The side of a tick in place: only the lists of leaving rows are copied. */
function viewSide(fabric: Fabric, partition: number, tick: number): SideColumns {
  const { control, world } = fabric
  const memory = fabric.partition(partition)
  const side = memory.side(tick)
  const { rows } = side
  const domain = world.description.domains[control.partitionWord(partition, 'domain')]
  const cell = control.partitionWord(partition, 'cell')
  const fields: SideField[] = []
  for (let index = 1; index <= FIELD_INDEX_MAX; index++) {
    const view = memory.field(tick % 2, index)
    if (!view) continue
    const { stride, length, typeId, data } = view
    const shape = memory.declaredShape(index)
    fields.push({
      index,
      stride,
      lengths: length.subarray(0, rows),
      typeIds: typeId.subarray(0, rows),
      data: data.subarray(0, rows * stride),
      ...(shape && { shape }),
    })
  }
  return {
    partition,
    domain: domain.name,
    lifecycle: domain.lifecycle,
    name: control.partitionName(partition),
    ...(domain.area && {
      cell: { x: cell % domain.area.columns, y: Math.floor(cell / domain.area.columns) },
    }),
    idLane: side.float('idLane'),
    idCounter: side.float('idCounter'),
    ids: side.id.subarray(0, rows),
    types: side.type.subarray(0, rows),
    states: side.state.subarray(0, rows),
    positions: side.position.subarray(0, rows * 3),
    fields,
    granted: Array.from({ length: side.get('handoffGroups') }, (_, group) => {
      const start = side.handoffStart[group]
      const rows = side.leavingRow.slice(start, start + side.handoffGranted[group])
      return { target: side.handoffTarget[group], rows }
    }),
  }
}

/** Bytes to copy before others get their turn: a fraction of a millisecond's work. */
const DEFAULT_STEP_BYTES = 1024 ** 2

/** Memory for copies, from which columns take their parts one after another. */
export class CopyRoom {
  readonly #buffer: SharedArrayBuffer
  readonly #stepBytes: number
  #taken = 0

  /** `stepBytes`, a multiple of 8, are copied in one step. */
  constructor(buffer: SharedArrayBuffer, stepBytes: number = DEFAULT_STEP_BYTES) {
    this.#buffer = buffer
    this.#stepBytes = stepBytes
  }

  /** Copies the column in steps. The copy has memory of its own if the room is used up. */
  *copyOf<Of extends Column>(column: Of): Generator<void, Of> {
    const start = this.#taken
    const end = start + paddedBytes(column)
    const fits = end <= this.#buffer.byteLength
    if (fits) this.#taken = end
    const place = fits ? this.#buffer : new SharedArrayBuffer(column.byteLength)
    const of = column.constructor as new (
      buffer: SharedArrayBuffer,
      start: number,
      length: number,
    ) => Of
    const copy = new of(place, fits ? start : 0, column.length)
    const stepLength = this.#stepBytes / column.BYTES_PER_ELEMENT
    for (let at = 0; at < column.length; at += stepLength) {
      copy.set(column.subarray(at, at + stepLength) as never, at)
      yield
    }
    return copy
  }
}

/**
 * Copies the whole world as committed at `tick`, in steps. All steps must be done before the tick
 * after the next one is computed, and before a partition is added or removed.
 */
export function* copySides(
  fabric: Fabric,
  tick: number,
  room: CopyRoom,
): Generator<void, SideColumns[]> {
  const sides: SideColumns[] = []
  for (const partition of fabric.partitions()) {
    try {
      sides.push(yield* copySide(viewSide(fabric, partition, tick), room))
    } catch (cause) {
      throw new SideError(partition, cause)
    }
  }
  return sides
}

function* copySide(side: SideColumns, room: CopyRoom): Generator<void, SideColumns> {
  const fields: SideField[] = []
  for (const field of side.fields) {
    const lengths = yield* room.copyOf(field.lengths)
    const typeIds = yield* room.copyOf(field.typeIds)
    fields.push({ ...field, lengths, typeIds, data: yield* room.copyOf(field.data) })
  }
  const ids = yield* room.copyOf(side.ids)
  const types = yield* room.copyOf(side.types)
  const states = yield* room.copyOf(side.states)
  return { ...side, ids, types, states, positions: yield* room.copyOf(side.positions), fields }
}

/** Performs all steps of a copy at once, and returns its result. */
export function doneAtOnce<Result>(steps: Generator<void, Result>): Result {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

/** Bytes of room that a copy of the present world needs. */
export function copyBytes(fabric: Fabric, tick: number): number {
  let bytes = 0
  for (const partition of fabric.partitions()) {
    const { ids, types, states, positions, fields } = viewSide(fabric, partition, tick)
    const columns = [
      ids,
      types,
      states,
      positions,
      ...fields.flatMap(({ lengths, typeIds, data }) => [lengths, typeIds, data]),
    ]
    for (const column of columns) bytes += paddedBytes(column)
  }
  return bytes
}

function paddedBytes({ byteLength }: Column): number {
  return (byteLength + 7) & ~7
}

/**
 * The state of the partition at `at` in the list of the whole world's sides. An entity that the
 * barrier granted to leave is in the state of its next partition, so that a world that starts from
 * the state continues as this one does. The state can share the memory of the sides, and takes all
 * other memory from `scratch`.
 */
export function stateOfSide(
  sides: readonly SideColumns[],
  at: number,
  scratch: Scratch,
): PartitionState {
  const own = sides[at]
  const arrivals: Rows[] = []
  for (const side of sides) {
    for (const { target, rows } of side.granted) {
      if (target !== own.partition || rows.length === 0) continue
      const arriving: Rows = { side, count: 0, starts: [], ends: [] }
      for (const row of rows) addRun(arriving, row, row + 1)
      arrivals.push(arriving)
    }
  }
  return compacted(own, [stayingRows(own), ...arrivals], { scratch, mayShare: true })
}

/** Rows of one side as runs: the first row of each, and the row behind its last. */
interface Rows {
  side: SideColumns
  count: number
  starts: number[]
  ends: number[]
}

function stayingRows(side: SideColumns): Rows {
  if (side.granted.every(({ rows }) => rows.length === 0)) return usedRows(side, side.states)
  const states = side.states.slice()
  for (const { rows } of side.granted) for (const row of rows) states[row] = rowState.free
  return usedRows(side, states)
}

function usedRows(side: SideColumns, states: Uint8Array): Rows {
  const rows: Rows = { side, count: 0, starts: [], ends: [] }
  for (let row = 0; row < states.length; row++) {
    if (states[row] === rowState.free) continue
    const free = states.indexOf(rowState.free, row)
    const end = free < 0 ? states.length : free
    addRun(rows, row, end)
    row = end
  }
  return rows
}

function addRun(rows: Rows, start: number, end: number): void {
  const last = rows.ends.length - 1
  if (last >= 0 && rows.ends[last] === start) rows.ends[last] = end
  else {
    rows.starts.push(start)
    rows.ends.push(end)
  }
  rows.count += end - start
}

/** Where a state's columns come from. */
interface Place {
  scratch: Scratch
  /** The column in the side's memory, if the state has the same column. */
  mayShare: boolean
}

/** The state of `own`'s partition, made of its own rows and of others'. */
function compacted(own: SideColumns, pieces: readonly Rows[], place: Place): PartitionState {
  const { domain, lifecycle, name, cell, idLane, idCounter } = own
  const count = pieces.reduce((sum, rows) => sum + rows.count, 0)
  return {
    domain,
    lifecycle,
    name,
    ...(cell && { cell }),
    idLane,
    idCounter,
    count,
    ids: gather(Float64Array, pieces, 1, ({ ids }) => ids, place),
    types: gather(Uint32Array, pieces, 1, ({ types }) => types, place),
    positions: gather(Float32Array, pieces, 3, ({ positions }) => positions, place),
    fields: gatherFields(pieces, place),
  }
}

/**
 * `width` numbers a row, run by run, with zeros where a side lacks the column. Returns the column
 * itself if nothing else is needed.
 */
function gather<Of extends Column>(
  of: ArraysOf<Of>,
  pieces: readonly Rows[],
  width: number,
  columnOf: (side: SideColumns) => Of | undefined,
  { scratch, mayShare }: Place,
): Of {
  const count = pieces.reduce((sum, rows) => sum + rows.count, 0)
  const [first] = pieces
  if (mayShare && count > 0 && first.count === count && first.starts.length === 1) {
    const column = columnOf(first.side)
    if (column) return column.subarray(first.starts[0] * width, first.ends[0] * width) as Of
  }
  const result = scratch.take(of, count * width)
  let at = 0
  for (const { side, count: pieceCount, starts, ends } of pieces) {
    const column = columnOf(side)
    if (!column) {
      result.fill(0, at, at + pieceCount * width)
      at += pieceCount * width
      continue
    }
    for (let run = 0; run < starts.length; run++) {
      result.set(column.subarray(starts[run] * width, ends[run] * width) as never, at)
      at += (ends[run] - starts[run]) * width
    }
  }
  return result
}

function gatherFields(pieces: readonly Rows[], place: Place): FieldColumn[] {
  // These are changed below.
  const own = { ...place, mayShare: false }
  const indices = new Set(pieces.flatMap(({ side }) => side.fields.map(({ index }) => index)))
  return [...indices]
    .sort((one, other) => one - other)
    .map((index) => {
      const fieldOf = (side: SideColumns) => side.fields.find((field) => field.index === index)
      const found = pieces.flatMap(({ side }) => fieldOf(side) ?? [])
      const stride = Math.max(...found.map((field) => field.stride))
      const shape = found.find((field) => field.shape)?.shape
      const lengths = gather(Int32Array, pieces, 1, (side) => fieldOf(side)?.lengths, own)
      const typeIds = gather(Uint32Array, pieces, 1, (side) => fieldOf(side)?.typeIds, own)
      toCompactForm(lengths, typeIds)
      const dataOf = (side: SideColumns) => {
        const field = fieldOf(side)
        return field && widened(field, stride)
      }
      const data = gather(Uint8Array, pieces, stride, dataOf, place)
      return { index, lengths, typeIds, stride, data, ...(shape && { shape }) }
    })
}

/** Converts lengths of a side, with 0 for no field, to those of a state. */
function toCompactForm(lengths: Int32Array, typeIds: Uint32Array): void {
  for (let row = 0; row < lengths.length; row++) {
    const length = lengths[row] - 1
    lengths[row] = length
    if (length < 0) typeIds[row] = 0
  }
}

/** A field's data at `stride` bytes a row, which is at least its own stride. */
function widened({ data, stride: own, lengths }: SideField, stride: number): Uint8Array {
  if (own === stride) return data
  const wide = new Uint8Array(lengths.length * stride)
  for (let row = 0; row < lengths.length; row++)
    wide.set(data.subarray(row * own, (row + 1) * own), row * stride)
  return wide
}
