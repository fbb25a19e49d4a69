// Entities as a Parquet file: the columns of a snapshot's Arrow files after the domain and the app.
// Owns the columns' types and the row groups, each a slice of a partition; never holds more than
// one group as values.

import { type FileHandle, open } from 'node:fs/promises'
import { ByteWriter, type ColumnSource, ParquetWriter } from 'hyparquet-writer'
import type { PartitionState } from '../core/entities/partition-state.ts'
import type { ArrowColumn, ArrowKind } from '../core/snapshot/arrow-file.ts'
import { BASE_COLUMNS } from '../core/snapshot/columns.ts'
import { type ExportField, exportColumns, exportReaders } from './export-columns.ts'
import type { RowWriter } from './row-writer.ts'

/** A group ends at this many rows, or before its fields could exceed this many bytes. */
const GROUP_ROWS_MAX = 65_536
const GROUP_FIELD_BYTES_MAX = 32 * 1024 ** 2

type SchemaElement = ConstructorParameters<typeof ParquetWriter>[0]['schema'][number]

export async function openParquet(
  file: string,
  fields: readonly ExportField[],
): Promise<RowWriter> {
  const handle = await open(file, 'wx')
  const bytes = new ByteWriter()
  const names = exportColumns(fields).map(({ name }) => name)
  const parquet = new ParquetWriter({
    writer: bytes,
    schema: schemaOf(fields),
    createdBy: 'heddle',
  })
  return {
    async add(state) {
      const readers = exportReaders(fields, state)
      const widest = state.fields.reduce((sum, column) => sum + column.stride, 0)
      const groupRows = Math.max(
        1,
        Math.min(GROUP_ROWS_MAX, Math.floor(GROUP_FIELD_BYTES_MAX / Math.max(1, widest))),
      )
      for (let start = 0; start < state.count; start += groupRows) {
        const end = Math.min(start + groupRows, state.count)
        const columnData = columnsOf(state, names, readers, start, end)
        await parquet.write({ columnData, rowGroupSize: groupRows })
        await moveTo(handle, bytes)
      }
    },
    async finish() {
      await parquet.finish()
      await moveTo(handle, bytes)
      await handle.close()
    },
    abandon: () => handle.close(),
  }
}

async function moveTo(handle: FileHandle, bytes: ByteWriter): Promise<void> {
  await handle.writeFile(bytes.getBytes())
  bytes.index = 0
}

/**
 * How a column's numbers are stored in the file; the library knows unsigned ones by their converted
 * type.
 */
const parquetTypes: Record<ArrowKind, Pick<SchemaElement, 'type' | 'converted_type'>> = {
  u8: { type: 'INT32', converted_type: 'UINT_8' },
  i8: { type: 'INT32', converted_type: 'INT_8' },
  u16: { type: 'INT32', converted_type: 'UINT_16' },
  i16: { type: 'INT32', converted_type: 'INT_16' },
  u32: { type: 'INT32', converted_type: 'UINT_32' },
  i32: { type: 'INT32' },
  u64: { type: 'INT64', converted_type: 'UINT_64' },
  f32: { type: 'FLOAT' },
  f64: { type: 'DOUBLE' },
  binary: { type: 'BYTE_ARRAY' },
}

function schemaOf(fields: readonly ExportField[]): SchemaElement[] {
  const text = { type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' } as const
  const valueColumns = exportColumns(fields)
  const columns: SchemaElement[] = [
    { name: 'domain', ...text },
    { name: 'app', ...text },
    ...BASE_COLUMNS.map(({ name, kind }): SchemaElement => {
      return { name, ...parquetTypes[kind], repetition_type: 'REQUIRED' }
    }),
    ...valueColumns.flatMap(valueElements),
  ]
  return [{ name: 'root', num_children: 2 + BASE_COLUMNS.length + valueColumns.length }, ...columns]
}

function valueElements({ name, kind, isList }: ArrowColumn): SchemaElement[] {
  if (!isList) return [{ name, ...parquetTypes[kind], repetition_type: 'OPTIONAL' }]
  return [
    { name, converted_type: 'LIST', repetition_type: 'OPTIONAL', num_children: 1 },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    { name: 'element', ...parquetTypes[kind], repetition_type: 'REQUIRED' },
  ]
}

function columnsOf(
  { domain, name, ids, types, positions }: PartitionState,
  valueNames: readonly string[],
  readers: ReturnType<typeof exportReaders>,
  start: number,
  end: number,
): ColumnSource[] {
  const rows = end - start
  // Plain arrays for small and unsigned numbers: the library refuses numbers from 2^31 on in a
  // Uint32Array.
  const made = <Value>(value: (row: number) => Value) =>
    Array.from({ length: rows }, (_, at) => value(start + at))
  return [
    { name: 'domain', data: made(() => domain) },
    { name: 'app', data: made(() => name) },
    {
      name: 'id',
      data: BigUint64Array.from({ length: rows }, (_, at) => BigInt(ids[start + at]!)),
    },
    { name: 'type', data: made((row) => types[row]!) },
    ...['x', 'y', 'z'].map((axis, at) => ({
      name: axis,
      data: Float32Array.from({ length: rows }, (_, row) => positions[(start + row) * 3 + at]!),
    })),
    ...valueNames.map((name, at) => ({ name, data: made(readers[at]!) })),
  ]
}
