// A partition's entities as an Apache Arrow file: the columns, and what stands in them.
// Owns the names and types of the columns and the size of the batches; never frames or compresses
// (arrow-writer.ts), and never reads (read-columns.ts).
//
// Columns: id (u64), type (u32), x, y, z (f32). For each data field n in use: where a shape was
// declared, a column field_n.<member> for each of its members, null where the value doesn't suit
// the shape; and where other values are, field_n (binary) and field_n_type (u32), null where there
// is none.

import {
  Binary,
  type Data,
  type DataType,
  Field,
  Float32,
  Float64,
  Int8,
  Int16,
  Int32,
  List,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Uint8,
  Uint16,
  Uint32,
  Uint64,
} from 'apache-arrow'
import { assert } from '../../base/assert.ts'
import { Scratch } from '../../base/scratch.ts'
import type { FieldColumn, PartitionState } from '../entities/partition-state.ts'
import { kinds, type ShapeMember } from '../entities/shape.ts'
import { gatherMember, type SplitField, splitField } from '../entities/shaped-values.ts'
import type { ArrowColumn, ArrowKind } from './arrow-file.ts'
import { ArrowPieceWriter, type RoomFor } from './arrow-writer.ts'
import type { ManifestPartition } from './manifest.ts'

export const BASE_COLUMNS: readonly ArrowColumn[] = [
  { name: 'id', kind: 'u64', isList: false },
  { name: 'type', kind: 'u32', isList: false },
  { name: 'x', kind: 'f32', isList: false },
  { name: 'y', kind: 'f32', isList: false },
  { name: 'z', kind: 'f32', isList: false },
]
/** A batch ends at so many rows, or before its fields' bytes exceed so many. */
const BATCH_ROWS_MAX = 65_536
const BATCH_FIELD_BYTES_MAX = 32 * 1024 ** 2

function fieldColumnName(index: number): string {
  return `field_${index}`
}

function fieldTypeColumnName(index: number): string {
  return `field_${index}_type`
}

/** The column of a member; a shape without names has one member, `value`. */
export function memberColumn(index: number, { name, kind, count }: ShapeMember): ArrowColumn {
  return { name: `${fieldColumnName(index)}.${name || 'value'}`, kind, isList: count > 1 }
}

/** The columns of values that are just bytes. */
export function byteColumns(index: number): ArrowColumn[] {
  return [
    { name: fieldColumnName(index), kind: 'binary', isList: false },
    { name: fieldTypeColumnName(index), kind: 'u32', isList: false },
  ]
}

/** A partition that can be written; how its fields are split stands in the manifest. */
interface PartitionColumns {
  state: PartitionState
  fields: SplitField[]
}

/** The state must not change until it is written. */
export function columnsOf(state: PartitionState): PartitionColumns {
  assertShape(state)
  return { state, fields: state.fields.map((field) => splitField(field, state.count)) }
}

/** What the manifest says of a partition's columns. */
export function describedColumns({
  fields,
}: PartitionColumns): Pick<ManifestPartition, 'fields' | 'shapes'> {
  return {
    fields: fields.filter(({ others }) => others > 0).map(({ field }) => field.index),
    shapes: fields.flatMap(({ field: { index, shape }, layout }) =>
      shape && layout ? [{ field: index, ...shape }] : [],
    ),
  }
}

/** Memory of the current batch. Each piece is copied from it before any generator continues. */
const batchScratch = new Scratch()

export interface EncodeOptions {
  batchRowsMax?: number
  /** Where the next piece is put; default: in memory of its own. */
  roomFor?: RoomFor
}

/** The bytes of the Arrow file, a batch of rows at a time. The pieces are copies. */
export function* encodePartition(
  columns: PartitionColumns,
  { batchRowsMax = BATCH_ROWS_MAX, roomFor = (bytes) => new Uint8Array(bytes) }: EncodeOptions = {},
): Generator<Uint8Array, void, undefined> {
  const { state } = columns
  const schema = arrowSchema(columns.fields)
  const writer = new ArrowPieceWriter(schema)
  for (let start = 0; start < state.count; ) {
    const end = batchEnd(state, start, batchRowsMax)
    batchScratch.reuse()
    writer.write(recordBatch(schema, columns, start, end))
    yield writer.takePiece(roomFor)
    start = end
  }
  writer.finish()
  yield writer.takePiece(roomFor)
}

/** The exponent of infinities, and of what is no number. */
const NOT_FINITE = 0x7f80_0000

/** The first row whose position no world can hold, or -1. */
export function firstBadPosition(positions: Float32Array, rows: number): number {
  const bits = new Int32Array(positions.buffer, positions.byteOffset, positions.length)
  for (let at = 0; at < rows * 3; at++) {
    if ((bits[at]! & NOT_FINITE) === NOT_FINITE) return Math.floor(at / 3)
  }
  return -1
}

/** The first row whose id is not a whole number from 1 to 2^53 - 1, or -1. */
export function firstBadId(ids: Float64Array, rows: number): number {
  for (let row = 0; row < rows; row++) {
    const id = ids[row]!
    if (!(id >= 1 && id <= Number.MAX_SAFE_INTEGER && Math.floor(id) === id)) return row
  }
  return -1
}

function assertShape(state: PartitionState): void {
  const { count } = state
  assert(
    state.ids.length === count &&
      state.types.length === count &&
      state.positions.length === count * 3,
    `the columns of ${state.domain}/${state.name} do not have ${count} rows`,
  )
  let indexBefore = 0
  for (const field of state.fields) {
    assert(field.index > indexBefore, 'fields are not in rising order')
    indexBefore = field.index
    assert(
      field.lengths.length === count &&
        field.typeIds.length === count &&
        field.data.length >= count * field.stride,
      `field ${field.index} of ${state.domain}/${state.name} does not have ${count} rows`,
    )
  }
}

function arrowSchema(fields: readonly SplitField[]): Schema {
  const columns = BASE_COLUMNS.map((column) => arrowField(column, false))
  for (const { field, layout, others } of fields) {
    for (const member of layout?.members ?? [])
      columns.push(arrowField(memberColumn(field.index, member), true))
    if (others > 0)
      columns.push(...byteColumns(field.index).map((column) => arrowField(column, true)))
  }
  return new Schema(columns)
}

const arrowTypes: Record<ArrowKind, () => DataType> = {
  u8: () => new Uint8(),
  i8: () => new Int8(),
  u16: () => new Uint16(),
  i16: () => new Int16(),
  u32: () => new Uint32(),
  i32: () => new Int32(),
  f32: () => new Float32(),
  f64: () => new Float64(),
  u64: () => new Uint64(),
  binary: () => new Binary(),
}

function arrowField(column: ArrowColumn, nullable: boolean): Field {
  return new Field(column.name, arrowType(column), nullable)
}

function arrowType({ kind, isList }: ArrowColumn): DataType {
  const item = arrowTypes[kind]()
  // Lists of a fixed size would be the same bytes, but not all readers know them.
  return isList ? new List(new Field('item', item, false)) : item
}

/** Keeps every column's bytes far below the 2 GB that a batch's 32-bit offsets can reach. */
function batchEnd(state: PartitionState, start: number, rowsMax: number): number {
  const end = Math.min(start + rowsMax, state.count)
  const widest = state.fields.reduce((sum, field) => sum + field.stride, 0)
  if ((end - start) * widest <= BATCH_FIELD_BYTES_MAX) return end
  let bytes = 0
  for (let row = start; row < end; row++) {
    for (const field of state.fields) bytes += Math.max(0, field.lengths[row]!)
    if (bytes > BATCH_FIELD_BYTES_MAX && row > start) return row
  }
  return end
}

function recordBatch(
  schema: Schema,
  { state, fields }: PartitionColumns,
  start: number,
  end: number,
): RecordBatch {
  const rows = end - start
  const children: Data<DataType>[] = [
    makeData({
      type: new Uint64(),
      length: rows,
      nullCount: 0,
      data: wholeIds(state.ids, start, end),
    }),
    makeData({
      type: new Uint32(),
      length: rows,
      nullCount: 0,
      data: state.types.subarray(start, end),
    }),
  ]
  for (let axis = 0; axis < 3; axis++) {
    const data = axisColumn(state.positions, axis, start, end)
    children.push(makeData({ type: new Float32(), length: rows, nullCount: 0, data }))
  }
  for (const split of fields) {
    if (split.layout) children.push(...memberData(split, split.layout.members, start, end))
    if (split.others > 0) children.push(...byteData(split, start, end))
  }
  const type = new Struct(schema.fields)
  return new RecordBatch(schema, makeData({ type, length: rows, nullCount: 0, children }))
}

function memberData(
  split: SplitField,
  members: readonly ShapeMember[],
  start: number,
  end: number,
): Data<DataType>[] {
  const length = end - start
  const validity = presence(split.suits.subarray(start, end))
  return members.map((member) => {
    const column = memberColumn(split.field.index, member)
    const values = numbersOf(member, gatherMember(split, member, start, end))
    if (!column.isList)
      return makeData({ type: arrowType(column), length, ...validity, data: values } as never)
    const type = arrowTypes[member.kind]()
    const child = makeData({
      type,
      length: length * member.count,
      nullCount: 0,
      data: values,
    } as never)
    const valueOffsets = evenOffsets(length, member.count)
    return makeData({ type: arrowType(column) as List, length, ...validity, valueOffsets, child })
  })
}

/** Offsets of lists that all have `numbers` numbers. */
function evenOffsets(lists: number, numbers: number): Int32Array {
  const offsets = batchScratch.take(Int32Array, lists + 1)
  for (let list = 0, offset = 0; list <= lists; list++, offset += numbers) offsets[list] = offset
  return offsets
}

function byteData({ field, suits }: SplitField, start: number, end: number): Data<DataType>[] {
  const length = end - start
  const lengthOf = (row: number) => (suits[row] === 1 ? -1 : field.lengths[row]!)
  const isThere = new Uint8Array(length)
  for (let row = 0; row < length; row++) if (lengthOf(start + row) >= 0) isThere[row] = 1
  const validity = presence(isThere)
  const { valueOffsets, data } = packedValues(field, lengthOf, start, end)
  const typeIds = field.typeIds.subarray(start, end)
  return [
    makeData({ type: new Binary(), length, ...validity, valueOffsets, data }),
    makeData({ type: new Uint32(), length, ...validity, data: typeIds }),
  ]
}

/**
 * The bytes as the typed array that the library knows the column's type by; copied where they don't
 * lie where such an array can.
 */
function numbersOf({ kind }: ShapeMember, bytes: Uint8Array) {
  const { of, bytes: width } = kinds[kind]
  const aligned = bytes.byteOffset % width === 0 ? bytes : bytes.slice()
  return new of(aligned.buffer as ArrayBuffer, aligned.byteOffset, aligned.length / width)
}

/** Doubles to 64-bit integers, low word first, without a BigInt each. */
function wholeIds(ids: Float64Array, start: number, end: number): BigUint64Array {
  const ids64 = batchScratch.take(BigUint64Array, end - start)
  const words = new Uint32Array(ids64.buffer, ids64.byteOffset, ids64.length * 2)
  for (let row = start, at = 0; row < end; row++, at += 2) {
    const id = ids[row]!
    words[at] = id
    words[at + 1] = id / 0x1_0000_0000
  }
  return ids64
}

function axisColumn(
  positions: Float32Array,
  axis: number,
  start: number,
  end: number,
): Float32Array {
  // As bits: a NaN must not change its payload, and a signalling one stays what it is.
  const bits = new Uint32Array(positions.buffer, positions.byteOffset, positions.length)
  const column = batchScratch.take(Float32Array, end - start)
  const columnBits = new Uint32Array(column.buffer, column.byteOffset, column.length)
  for (let row = start; row < end; row++) columnBits[row - start] = bits[row * 3 + axis]!
  return column
}

/** Makes a null bitmap from one byte a row, which is 0 if there is no value. */
function presence(isThere: Uint8Array): { nullCount: number; nullBitmap?: Uint8Array } {
  if (isThere.indexOf(0) < 0) return { nullCount: 0 }
  const nullBitmap = new Uint8Array(Math.ceil(isThere.length / 8))
  let nullCount = 0
  for (let row = 0; row < isThere.length; row++) {
    if (isThere[row] === 0) nullCount++
    else nullBitmap[row >> 3]! |= 1 << (row & 7)
  }
  return { nullCount, nullBitmap }
}

/** The used bytes of each row one behind the other. */
function packedValues(
  { index, stride, data }: FieldColumn,
  lengthOf: (row: number) => number,
  start: number,
  end: number,
): { valueOffsets: Int32Array; data: Uint8Array } {
  const valueOffsets = batchScratch.take(Int32Array, end - start + 1)
  valueOffsets[0] = 0
  let bytes = 0
  for (let row = start; row < end; row++) {
    const length = lengthOf(row)
    assert(length <= stride, `a value of field ${index} is longer than the stride`)
    if (length > 0) bytes += length
    valueOffsets[row - start + 1] = bytes
  }
  if (bytes === (end - start) * stride)
    return { valueOffsets, data: data.subarray(start * stride, end * stride) }
  const packed = batchScratch.take(Uint8Array, bytes)
  for (let row = start; row < end; row++) {
    const from = row * stride
    const to = valueOffsets[row - start]!
    const length = valueOffsets[row - start + 1]! - to
    if (length > COPIED_AT_ONCE_FROM) packed.set(data.subarray(from, from + length), to)
    else for (let at = 0; at < length; at++) packed[to + at] = data[from + at]!
  }
  return { valueOffsets, data: packed }
}

/** Below this, a loop over bytes is faster than a view and a copy. */
const COPIED_AT_ONCE_FROM = 96
