// A partition's entities out of an Arrow file that nobody vouches for: every rule of the format is checked.
// Owns the checks of one partition; never those across partitions (entity-ids.ts), and never verifies a checksum.

import { type ArrowBatch, type ArrowBuffers, type ArrowFile, readArrowFile } from './arrow-file.ts'
import { BASE_COLUMNS, fieldColumnName, fieldTypeColumnName, firstBadId, firstBadPosition } from './columns.ts'
import { FlatTableError } from './flat-table.ts'
import type { ManifestPartition } from './manifest.ts'
import type { FieldColumn, PartitionState } from './partition-state.ts'
import { isSnapshotFault, type SnapshotFault, type SnapshotLimits, snapshotFault } from './snapshot-fault.ts'

/** The partition's state, or the first fault. Whether a world has a place for its entities is the world's to say. */
export function decodePartition(
  bytes: Uint8Array,
  entry: ManifestPartition,
  limits: SnapshotLimits,
): PartitionState | SnapshotFault {
  const file = readFile(bytes, entry.path)
  if (isSnapshotFault(file)) return file
  return columnsFault(file, entry) ?? decodeRows(file, entry, limits)
}

function readFile(bytes: Uint8Array, path: string): ArrowFile | SnapshotFault {
  try {
    return readArrowFile(bytes)
  } catch (error) {
    if (error instanceof FlatTableError || error instanceof TypeError)
      return snapshotFault('Damaged', error.message, path)
    throw error
  }
}

const BASE_TYPES = ['uint64', 'uint32', 'float32', 'float32', 'float32'] as const

function columnsFault(file: ArrowFile, entry: ManifestPartition): SnapshotFault | undefined {
  const wanted: string[] = BASE_COLUMNS.map((name, at) => `${name} ${BASE_TYPES[at]}`)
  for (const field of entry.fields)
    wanted.push(`${fieldColumnName(field)} binary`, `${fieldTypeColumnName(field)} uint32`)
  const found = file.columns.map((column) => `${column.name} ${column.type}`)
  if (wanted.join() !== found.join()) {
    const at = wanted.findIndex((column, index) => column !== found[index])
    const message = `column ${at < 0 ? wanted.length : at} is ${found.at(at < 0 ? wanted.length : at) ?? 'missing'}, not ${wanted[at] ?? 'the end'}`
    return snapshotFault('CountMismatch', message, entry.path)
  }
  const rows = file.batches.reduce((sum, batch) => sum + batch.rows, 0)
  if (rows !== entry.rows) return snapshotFault('CountMismatch', `has ${rows} entities, not ${entry.rows}`, entry.path)
  return undefined
}

function decodeRows(file: ArrowFile, entry: ManifestPartition, limits: SnapshotLimits): PartitionState | SnapshotFault {
  const count = entry.rows
  const ids = new Float64Array(count)
  const types = new Uint32Array(count)
  const positions = new Float32Array(count * 3)
  let start = 0
  for (const { rows, columns } of file.batches) {
    if (columns.slice(0, BASE_COLUMNS.length).some((column) => column.nullCount > 0)) {
      return snapshotFault('BadField', 'an id, type or position is null', entry.path)
    }
    copyIds(columns[0]!.values, ids.subarray(start, start + rows))
    bytesOf(types).set(columns[1]!.values, start * 4)
    copyPositions(columns, positions.subarray(start * 3, (start + rows) * 3))
    start += rows
  }
  const fault = entityFault(ids, positions, entry)
  if (fault !== undefined) return fault
  const fields = decodeFields(file, entry, limits)
  if (isSnapshotFault(fields)) return fields
  const { domain, lifecycle, name, cell, idLane, idCounter } = entry
  return { domain, lifecycle, name, ...(cell && { cell }), idLane, idCounter, count, ids, types, positions, fields }
}

function entityFault(ids: Float64Array, positions: Float32Array, entry: ManifestPartition): SnapshotFault | undefined {
  const badId = firstBadId(ids, entry.rows)
  if (badId >= 0) return snapshotFault('BadId', `row ${badId}: not an entity's id`, entry.path)
  const badPosition = firstBadPosition(positions, entry.rows)
  if (badPosition >= 0)
    return snapshotFault('BadPosition', `entity ${ids[badPosition]}: its position is not a number`, entry.path)
  return undefined
}

function decodeFields(
  file: ArrowFile,
  entry: ManifestPartition,
  limits: SnapshotLimits,
): FieldColumn[] | SnapshotFault {
  const fields: FieldColumn[] = []
  let bytes = 0
  for (const [at, index] of entry.fields.entries()) {
    const column = BASE_COLUMNS.length + at * 2
    const lengths = decodeLengths(file, column, entry.rows)
    if (typeof lengths === 'string') return snapshotFault('BadField', `field ${index}: ${lengths}`, entry.path)
    const stride = lengths.reduce((longest, length) => Math.max(longest, length), 0)
    if (stride > limits.fieldBytesMax) {
      const message = `field ${index} has ${stride} bytes, over the limit of ${limits.fieldBytesMax}`
      return snapshotFault('TooLarge', message, entry.path)
    }
    bytes += stride * entry.rows
    if (bytes > limits.partitionBytesMax) {
      const message = `the fields take ${bytes} bytes in memory, over the limit of ${limits.partitionBytesMax}`
      return snapshotFault('TooLarge', message, entry.path)
    }
    fields.push(decodeField(file, column, { index, lengths, stride }, entry.rows))
  }
  return fields
}

/** The values' lengths, -1 where there is none; or what is wrong with them. */
function decodeLengths(file: ArrowFile, column: number, count: number): Int32Array | string {
  const lengths = new Int32Array(count)
  let start = 0
  for (const batch of file.batches) {
    const fault = batchLengths(batch, column, lengths.subarray(start, start + batch.rows))
    if (fault !== undefined) return fault
    start += batch.rows
  }
  return lengths
}

function batchLengths(batch: ArrowBatch, column: number, lengths: Int32Array): string | undefined {
  const value = batch.columns[column]!
  const type = batch.columns[column + 1]!
  const offsets = alignedInt32(value.offsets)
  if (offsets[0] !== 0) return 'its values do not begin at 0'
  let nulls = 0
  for (let row = 0; row < batch.rows; row++) {
    const length = offsets[row + 1]! - offsets[row]!
    if (length < 0) return 'its values overlap'
    const present = isPresent(value, row)
    if (present !== isPresent(type, row)) return 'a value has no type, or a type has no value'
    if (!present && length !== 0) return 'an absent value has bytes'
    if (!present) nulls++
    lengths[row] = present ? length : -1
  }
  if (offsets[batch.rows]! > value.values.length) return 'its values reach beyond their bytes'
  if (nulls !== value.nullCount || nulls !== type.nullCount) return 'the count of entities without it is wrong'
  return undefined
}

function decodeField(
  file: ArrowFile,
  column: number,
  shape: { index: number; lengths: Int32Array; stride: number },
  count: number,
): FieldColumn {
  const { lengths, stride } = shape
  const typeIds = new Uint32Array(count)
  const data = new Uint8Array(count * stride)
  let start = 0
  for (const { rows, columns } of file.batches) {
    const { offsets, values } = columns[column]!
    bytesOf(typeIds).set(columns[column + 1]!.values, start * 4)
    unpackValues(
      alignedInt32(offsets),
      values,
      data.subarray(start * stride, (start + rows) * stride),
      lengths,
      start,
      stride,
    )
    start += rows
  }
  for (let row = 0; row < count; row++) if (lengths[row]! < 0) typeIds[row] = 0
  return { ...shape, typeIds, data }
}

function unpackValues(
  offsets: Int32Array,
  values: Uint8Array,
  data: Uint8Array,
  lengths: Int32Array,
  start: number,
  stride: number,
): void {
  const rows = offsets.length - 1
  if (offsets[rows] === rows * stride) {
    data.set(values.subarray(0, rows * stride))
    return
  }
  for (let row = 0; row < rows; row++) {
    const length = lengths[start + row]!
    const from = offsets[row]!
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

/** The bytes as 32-bit words; copied only where they do not lie on a multiple of 4. */
function alignedInt32(bytes: Uint8Array): Int32Array {
  if (bytes.byteOffset % 4 !== 0) return new Int32Array(bytes.slice().buffer)
  return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >>> 2)
}

function bytesOf(column: Uint32Array): Uint8Array {
  return new Uint8Array(column.buffer, column.byteOffset, column.byteLength)
}
