// A partition's entities as an Apache Arrow file: the columns, and how they are written.
// Owns the names and types of the columns and the size of the batches; never compresses (the zip around it does) and never
// reads (read-columns.ts).
//
// Columns: id (uint64), type (uint32), x, y, z (float32), and for each data field n in use field_n (binary) and
// field_n_type (uint32), both null where the entity has no such field.

import {
  Binary,
  type Data,
  type DataType,
  Field,
  Float32,
  Message,
  makeData,
  RecordBatch,
  RecordBatchFileWriter,
  Schema,
  Struct,
  Uint32,
  Uint64,
} from 'apache-arrow'
import { assert } from '../../base/assert.ts'
import type { FieldColumn, PartitionState } from './partition-state.ts'

export const BASE_COLUMNS = ['id', 'type', 'x', 'y', 'z'] as const
/** A batch ends at so many rows, or before its fields' bytes exceed so many. */
const BATCH_ROWS_MAX = 65_536
const BATCH_FIELD_BYTES_MAX = 32 * 1024 ** 2

export function fieldColumnName(index: number): string {
  return `field_${index}`
}

export function fieldTypeColumnName(index: number): string {
  return `field_${index}_type`
}

/**
 * The bytes of the Arrow file, a batch of rows at a time. The pieces are copies: the state may change between a piece and the next only
 * if the caller wants a torn file.
 */
export function* encodePartition(
  state: PartitionState,
  batchRowsMax: number = BATCH_ROWS_MAX,
): Generator<Uint8Array<ArrayBuffer>, void, undefined> {
  assertShape(state)
  const schema = arrowSchema(state.fields)
  const writer = new PieceWriter()
  writer.reset(undefined, schema)
  for (let start = 0; start < state.count; ) {
    const end = batchEnd(state, start, batchRowsMax)
    writer.write(recordBatch(schema, state, start, end))
    yield writer.takePiece()
    start = end
  }
  writer.finish()
  yield writer.takePiece()
}

/** The first row whose position no world can hold, or -1. */
export function firstBadPosition(positions: Float32Array, rows: number): number {
  for (let at = 0; at < rows * 3; at++) {
    if (!Number.isFinite(positions[at]!)) return Math.floor(at / 3)
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

/** Collects what the library writes, so that a generator can hand it on without a stream. */
class PieceWriter extends RecordBatchFileWriter {
  #chunks: Uint8Array[] = []
  #bytes = 0

  /** The library leaves the columns' description to the footer alone; readers that go from front to back want it first. */
  protected override _writeSchema(schema: Schema): this {
    return this._writeMagic()._writePadding(2)._writeMessage(Message.from(schema))
  }

  protected override _write(chunk: ArrayBufferView): this {
    if (!this._started || chunk.byteLength === 0) return this
    this.#chunks.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength))
    this.#bytes += chunk.byteLength
    this._position += chunk.byteLength
    return this
  }

  takePiece(): Uint8Array<ArrayBuffer> {
    const piece = new Uint8Array(this.#bytes)
    let offset = 0
    for (const chunk of this.#chunks) {
      piece.set(chunk, offset)
      offset += chunk.byteLength
    }
    this.#chunks = []
    this.#bytes = 0
    return piece
  }
}

function assertShape(state: PartitionState): void {
  const { count } = state
  assert(
    state.ids.length === count && state.types.length === count && state.positions.length === count * 3,
    `the columns of ${state.domain}/${state.name} do not have ${count} rows`,
  )
  let indexBefore = 0
  for (const field of state.fields) {
    assert(field.index > indexBefore, 'fields are not in rising order')
    indexBefore = field.index
    assert(
      field.lengths.length === count && field.typeIds.length === count && field.data.length >= count * field.stride,
      `field ${field.index} of ${state.domain}/${state.name} does not have ${count} rows`,
    )
  }
}

function arrowSchema(fields: readonly FieldColumn[]): Schema {
  const columns: Field[] = [
    new Field('id', new Uint64(), false),
    new Field('type', new Uint32(), false),
    new Field('x', new Float32(), false),
    new Field('y', new Float32(), false),
    new Field('z', new Float32(), false),
  ]
  for (const { index } of fields) {
    columns.push(new Field(fieldColumnName(index), new Binary(), true))
    columns.push(new Field(fieldTypeColumnName(index), new Uint32(), true))
  }
  return new Schema(columns)
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

function recordBatch(schema: Schema, state: PartitionState, start: number, end: number): RecordBatch {
  const rows = end - start
  const children: Data<DataType>[] = [
    makeData({ type: new Uint64(), length: rows, nullCount: 0, data: wholeIds(state.ids, start, end) }),
    makeData({ type: new Uint32(), length: rows, nullCount: 0, data: state.types.subarray(start, end) }),
  ]
  for (let axis = 0; axis < 3; axis++) {
    const data = axisColumn(state.positions, axis, start, end)
    children.push(makeData({ type: new Float32(), length: rows, nullCount: 0, data }))
  }
  for (const field of state.fields) {
    const { nullCount, nullBitmap } = presence(field, start, end)
    const { valueOffsets, data } = packedValues(field, start, end)
    children.push(makeData({ type: new Binary(), length: rows, nullCount, nullBitmap, valueOffsets, data }))
    const typeIds = field.typeIds.subarray(start, end)
    children.push(makeData({ type: new Uint32(), length: rows, nullCount, nullBitmap, data: typeIds }))
  }
  const type = new Struct(schema.fields)
  return new RecordBatch(schema, makeData({ type, length: rows, nullCount: 0, children }))
}

/** Doubles to 64-bit integers, low word first, without a BigInt each. */
function wholeIds(ids: Float64Array, start: number, end: number): BigUint64Array {
  const words = new Uint32Array((end - start) * 2)
  for (let row = start, at = 0; row < end; row++, at += 2) {
    const id = ids[row]!
    words[at] = id
    words[at + 1] = id / 0x1_0000_0000
  }
  return new BigUint64Array(words.buffer)
}

function axisColumn(positions: Float32Array, axis: number, start: number, end: number): Float32Array {
  // As bits: a NaN must not change its payload, and a signalling one stays what it is.
  const bits = new Uint32Array(positions.buffer, positions.byteOffset, positions.length)
  const column = new Uint32Array(end - start)
  for (let row = start; row < end; row++) column[row - start] = bits[row * 3 + axis]!
  return new Float32Array(column.buffer)
}

function presence(field: FieldColumn, start: number, end: number): { nullCount: number; nullBitmap: Uint8Array } {
  const nullBitmap = new Uint8Array(Math.ceil((end - start) / 8))
  let nullCount = 0
  for (let row = start; row < end; row++) {
    const at = row - start
    if (field.lengths[row]! < 0) nullCount++
    else nullBitmap[at >> 3]! |= 1 << (at & 7)
  }
  return { nullCount, nullBitmap }
}

/** The used bytes of each row one behind the other. */
function packedValues(field: FieldColumn, start: number, end: number): { valueOffsets: Int32Array; data: Uint8Array } {
  const { lengths, stride, data } = field
  const valueOffsets = new Int32Array(end - start + 1)
  let bytes = 0
  for (let row = start; row < end; row++) {
    const length = lengths[row]!
    assert(length <= stride, `a value of field ${field.index} is longer than the stride`)
    if (length > 0) bytes += length
    valueOffsets[row - start + 1] = bytes
  }
  if (bytes === (end - start) * stride) return { valueOffsets, data: data.subarray(start * stride, end * stride) }
  const packed = new Uint8Array(bytes)
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
