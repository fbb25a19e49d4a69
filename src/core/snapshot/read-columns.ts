// A partition's entities out of an Arrow file that nobody vouches for: every rule of the format is
// checked.
// Owns the checks of one partition; never those across partitions (entity-ids.ts), and never
// verifies a checksum.

import type { FieldColumn, PartitionState } from '../entities/partition-state.ts'
import { layOut, type ShapeLayout } from '../entities/shape.ts'
import { scatterMember } from '../entities/shaped-values.ts'
import {
  type ArrowBuffers,
  type ArrowColumn,
  type ArrowFile,
  alignedInt32,
  columnText,
  readArrowFile,
} from './arrow-file.ts'
import { BASE_COLUMNS, byteColumns, firstBadId, firstBadPosition, memberColumn } from './columns.ts'
import { FlatTableError } from './flat-table.ts'
import type { ManifestPartition } from './manifest.ts'
import {
  isSnapshotFault,
  type SnapshotFault,
  type SnapshotLimits,
  snapshotFault,
} from './snapshot-fault.ts'

/**
 * The partition's state, or the first fault. Whether a world has a place for its entities is the
 * world's to say.
 */
export function decodePartition(
  bytes: Uint8Array,
  entry: ManifestPartition,
  limits: SnapshotLimits,
): PartitionState | SnapshotFault {
  try {
    const file = readArrowFile(bytes, limits.partitionBytesMax)
    const fields = fieldsOf(entry)
    return columnsFault(file, entry, fields) ?? decodeRows(file, entry, fields, limits)
  } catch (error) {
    if (error instanceof FlatTableError || error instanceof TypeError)
      return snapshotFault('Damaged', error.message, entry.path)
    throw error
  }
}

/**
 * A data field in the file: its columns lie side by side from `column` on, first those of its
 * shape's members.
 */
interface FileField {
  index: number
  column: number
  shape: ManifestPartition['shapes'][number] | undefined
  layout: ShapeLayout | undefined
  hasBytes: boolean
}

function fieldsOf(entry: ManifestPartition): FileField[] {
  const shapes = new Map(entry.shapes.map((shape) => [shape.field, shape]))
  const indices = [...new Set([...shapes.keys(), ...entry.fields])].sort(
    (one, other) => one - other,
  )
  let column = BASE_COLUMNS.length
  return indices.map((index) => {
    const shape = shapes.get(index)
    const parsed = shape && layOut(shape.shape)
    const layout = typeof parsed === 'object' ? parsed : undefined
    const hasBytes = entry.fields.includes(index)
    const field = { index, column, shape, layout, hasBytes }
    column += (layout?.members.length ?? 0) + (hasBytes ? 2 : 0)
    return field
  })
}

function columnsFault(
  file: ArrowFile,
  entry: ManifestPartition,
  fields: readonly FileField[],
): SnapshotFault | undefined {
  const columns: ArrowColumn[] = [...BASE_COLUMNS]
  for (const { index, layout, hasBytes } of fields) {
    columns.push(...(layout?.members ?? []).map((member) => memberColumn(index, member)))
    if (hasBytes) columns.push(...byteColumns(index))
  }
  const wanted = columns.map(columnText)
  const found = file.columns.map(columnText)
  if (wanted.join() !== found.join()) {
    const differs = wanted.findIndex((column, at) => column !== found[at])
    const at = differs < 0 ? wanted.length : differs
    const message = `column ${at} is ${found[at] ?? 'missing'}, not ${wanted[at] ?? 'the end'}`
    return snapshotFault('CountMismatch', message, entry.path)
  }
  const rows = file.batches.reduce((sum, batch) => sum + batch.rows, 0)
  if (rows !== entry.rows)
    return snapshotFault('CountMismatch', `has ${rows} entities, not ${entry.rows}`, entry.path)
  return undefined
}

function decodeRows(
  file: ArrowFile,
  entry: ManifestPartition,
  fileFields: readonly FileField[],
  limits: SnapshotLimits,
): PartitionState | SnapshotFault {
  const count = entry.rows
  const ids = new Float64Array(count)
  const types = new Uint32Array(count)
  const positions = new Float32Array(count * 3)
  let start = 0
  for (const batch of file.batches) {
    const { rows } = batch
    const columns = BASE_COLUMNS.map((_, at) => batch.column(at))
    if (columns.some((column) => column.nullCount > 0))
      return snapshotFault('BadField', 'an id, type or position is null', entry.path)
    copyIds(columns[0]!.values, ids.subarray(start, start + rows))
    bytesOf(types).set(columns[1]!.values, start * 4)
    copyPositions(columns, positions.subarray(start * 3, (start + rows) * 3))
    start += rows
  }
  const fault = entityFault(ids, positions, entry)
  if (fault !== undefined) return fault
  const fields = decodeFields(file, entry, fileFields, limits)
  if (isSnapshotFault(fields)) return fields
  const { domain, lifecycle, name, cell, idLane, idCounter } = entry
  return {
    domain,
    lifecycle,
    name,
    ...(cell && { cell }),
    idLane,
    idCounter,
    count,
    ids,
    types,
    positions,
    fields,
  }
}

function entityFault(
  ids: Float64Array,
  positions: Float32Array,
  entry: ManifestPartition,
): SnapshotFault | undefined {
  const badId = firstBadId(ids, entry.rows)
  if (badId >= 0) return snapshotFault('BadId', `row ${badId}: not an entity's id`, entry.path)
  const badPosition = firstBadPosition(positions, entry.rows)
  if (badPosition >= 0)
    return snapshotFault(
      'BadPosition',
      `entity ${ids[badPosition]}: its position is not a number`,
      entry.path,
    )
  return undefined
}

function decodeFields(
  file: ArrowFile,
  entry: ManifestPartition,
  fileFields: readonly FileField[],
  limits: SnapshotLimits,
): FieldColumn[] | SnapshotFault {
  const fields: FieldColumn[] = []
  let bytes = 0
  for (const fileField of fileFields) {
    const { index, shape } = fileField
    const batches = unpackedBatches(file, fileField)
    const lengths = decodeLengths(batches, fileField, entry.rows)
    if (typeof lengths === 'string')
      return snapshotFault('BadField', `field ${index}: ${lengths}`, entry.path)
    const stride = lengths.reduce((longest, length) => Math.max(longest, length), 0)
    if (stride > limits.fieldBytesMax) {
      const message =
        `field ${index} has ${stride} bytes, over the limit of ` + `${limits.fieldBytesMax}`
      return snapshotFault('TooLarge', message, entry.path)
    }
    bytes += stride * entry.rows
    if (bytes > limits.partitionBytesMax) {
      const message =
        `the fields take ${bytes} bytes in memory, over the limit of ` +
        `${limits.partitionBytesMax}`
      return snapshotFault('TooLarge', message, entry.path)
    }
    const field: FieldColumn = {
      index,
      lengths,
      stride,
      typeIds: new Uint32Array(entry.rows),
      data: new Uint8Array(entry.rows * stride),
      ...(shape && { shape: { typeId: shape.typeId, shape: shape.shape } }),
    }
    for (const batch of batches) decodeValues(batch, fileField, field)
    fields.push(field)
  }
  return fields
}

/** The columns of one field in one batch. */
interface FieldBatch {
  start: number
  rows: number
  members: ArrowBuffers[]
  /** Values and their types. */
  bytes?: { values: ArrowBuffers; types: ArrowBuffers }
}

function unpackedBatches(file: ArrowFile, { column, layout, hasBytes }: FileField): FieldBatch[] {
  const memberCount = layout?.members.length ?? 0
  let start = 0
  return file.batches.map((batch) => {
    const members = (layout?.members ?? []).map(({ count }, at) => batch.column(column + at, count))
    const fieldBatch: FieldBatch = { start, rows: batch.rows, members }
    if (hasBytes) {
      fieldBatch.bytes = {
        values: batch.column(column + memberCount),
        types: batch.column(column + memberCount + 1),
      }
    }
    start += batch.rows
    return fieldBatch
  })
}

/** The values' lengths, -1 where there is none; or what is wrong with them. */
function decodeLengths(
  batches: readonly FieldBatch[],
  field: FileField,
  count: number,
): Int32Array | string {
  const lengths = new Int32Array(count).fill(-1)
  for (const batch of batches) {
    const fault = byteLengths(batch, lengths) ?? memberLengths(batch, field, lengths)
    if (fault !== undefined) return fault
  }
  return lengths
}

function byteLengths({ start, rows, bytes }: FieldBatch, lengths: Int32Array): string | undefined {
  if (bytes === undefined) return undefined
  const { values, types } = bytes
  let nulls = 0
  for (let row = 0; row < rows; row++) {
    const length = values.offsets[row + 1]! - values.offsets[row]!
    const present = isPresent(values, row)
    if (present !== isPresent(types, row)) return 'a value has no type, or a type has no value'
    if (!present && length !== 0) return 'an absent value has bytes'
    if (present) lengths[start + row] = length
    else nulls++
  }
  if (nulls !== values.nullCount || nulls !== types.nullCount) return WRONG_COUNT
  return undefined
}

function memberLengths(
  { start, rows, members }: FieldBatch,
  { layout }: FileField,
  lengths: Int32Array,
): string | undefined {
  const [first, ...others] = members
  if (first === undefined || layout === undefined) return undefined
  let nulls = 0
  for (let row = 0; row < rows; row++) {
    const present = isPresent(first, row)
    for (const other of others)
      if (isPresent(other, row) !== present) return 'a value has some of its members'
    if (!present) {
      nulls++
      continue
    }
    if (lengths[start + row]! >= 0) return 'an entity has two values'
    lengths[start + row] = layout.bytes
  }
  if (members.some(({ nullCount }) => nullCount !== nulls)) return WRONG_COUNT
  return undefined
}

const WRONG_COUNT = 'the count of entities without it is wrong'

function decodeValues(
  { start, rows, members, bytes }: FieldBatch,
  { layout, shape }: FileField,
  field: FieldColumn,
): void {
  const { typeIds, stride, data } = field
  if (bytes !== undefined) {
    const typeWords = alignedInt32(bytes.types.values)
    for (let row = 0; row < rows; row++)
      if (isPresent(bytes.values, row)) typeIds[start + row] = typeWords[row]!
    const place = data.subarray(start * stride, (start + rows) * stride)
    unpackValues(bytes.values.offsets, bytes.values.values, place, stride)
  }
  const [first] = members
  if (first === undefined || layout === undefined || shape === undefined) return
  const suits = new Uint8Array(rows)
  for (let row = 0; row < rows; row++) {
    if (!isPresent(first, row)) continue
    suits[row] = 1
    typeIds[start + row] = shape.typeId
  }
  for (const [at, member] of layout.members.entries())
    scatterMember(members[at]!.values, member, field, start, suits)
}

function unpackValues(
  offsets: Int32Array,
  values: Uint8Array,
  data: Uint8Array,
  stride: number,
): void {
  const rows = offsets.length - 1
  if (offsets[rows] === rows * stride) {
    data.set(values)
    return
  }
  for (let row = 0; row < rows; row++) {
    const from = offsets[row]!
    const length = offsets[row + 1]! - from
    const to = row * stride
    if (length > 96) data.set(values.subarray(from, from + length), to)
    else for (let at = 0; at < length; at++) data[to + at] = values[from + at]!
  }
}

function isPresent(column: ArrowBuffers, row: number): boolean {
  return column.nullCount === 0 || ((column.presence[row >> 3]! >> (row & 7)) & 1) === 1
}

function copyIds(values: Uint8Array, ids: Float64Array): void {
  const words = alignedInt32(values)
  for (let row = 0; row < ids.length; row++) {
    ids[row] = (words[row * 2 + 1]! >>> 0) * 0x1_0000_0000 + (words[row * 2]! >>> 0)
  }
}

function copyPositions(columns: readonly ArrowBuffers[], positions: Float32Array): void {
  const bits = new Int32Array(positions.buffer, positions.byteOffset, positions.length)
  for (let axis = 0; axis < 3; axis++) {
    const words = alignedInt32(columns[2 + axis]!.values)
    for (let row = 0; row < words.length; row++) bits[row * 3 + axis] = words[row]!
  }
}

function bytesOf(column: Uint32Array): Uint8Array {
  return new Uint8Array(column.buffer, column.byteOffset, column.byteLength)
}
