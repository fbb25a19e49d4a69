// Entities as a Parquet file: the columns of a snapshot's Arrow files, with the domain and the app before them.
// Owns the columns' types and the row groups, a slice of a partition each; never holds more than one of these as values.

import { type FileHandle, open } from 'node:fs/promises'
import { ByteWriter, type ColumnSource, ParquetWriter } from 'hyparquet-writer'
import { fieldColumnName, fieldTypeColumnName } from '../core/snapshot/columns.ts'
import type { FieldColumn, PartitionState } from '../core/snapshot/partition-state.ts'
import type { RowWriter } from './row-writer.ts'

/** A group ends at so many rows, or before its fields could take more than so many bytes. */
const GROUP_ROWS_MAX = 65_536
const GROUP_FIELD_BYTES_MAX = 32 * 1024 ** 2

type SchemaElement = ConstructorParameters<typeof ParquetWriter>[0]['schema'][number]

export async function openParquet(file: string, fields: readonly number[]): Promise<RowWriter> {
  const handle = await open(file, 'wx')
  const bytes = new ByteWriter()
  const parquet = new ParquetWriter({ writer: bytes, schema: schemaOf(fields), createdBy: 'heddle' })
  return {
    async add(state) {
      const columns = fields.map((index) => state.fields.find((field) => field.index === index))
      const widest = columns.reduce((sum, column) => sum + (column?.stride ?? 0), 0)
      const groupRows = Math.max(1, Math.min(GROUP_ROWS_MAX, Math.floor(GROUP_FIELD_BYTES_MAX / Math.max(1, widest))))
      for (let start = 0; start < state.count; start += groupRows) {
        const end = Math.min(start + groupRows, state.count)
        const columnData = columnsOf(state, fields, columns, start, end)
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

function schemaOf(fields: readonly number[]): SchemaElement[] {
  const required = { repetition_type: 'REQUIRED' } as const
  const columns: SchemaElement[] = [
    { name: 'domain', type: 'BYTE_ARRAY', converted_type: 'UTF8', ...required },
    { name: 'app', type: 'BYTE_ARRAY', converted_type: 'UTF8', ...required },
    { name: 'id', type: 'INT64', converted_type: 'UINT_64', ...required },
    { name: 'type', type: 'INT32', converted_type: 'UINT_32', ...required },
    ...['x', 'y', 'z'].map((name): SchemaElement => ({ name, type: 'FLOAT', ...required })),
    ...fields.flatMap((index): SchemaElement[] => [
      { name: fieldColumnName(index), type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL' },
      { name: fieldTypeColumnName(index), type: 'INT32', converted_type: 'UINT_32', repetition_type: 'OPTIONAL' },
    ]),
  ]
  return [{ name: 'root', num_children: columns.length }, ...columns]
}

function columnsOf(
  { domain, name, ids, types, positions }: PartitionState,
  fields: readonly number[],
  columns: readonly (FieldColumn | undefined)[],
  start: number,
  end: number,
): ColumnSource[] {
  const rows = end - start
  const made = <Value>(value: (row: number) => Value) => Array.from({ length: rows }, (_, at) => value(start + at))
  return [
    { name: 'domain', data: made(() => domain) },
    { name: 'app', data: made(() => name) },
    { name: 'id', data: BigUint64Array.from({ length: rows }, (_, at) => BigInt(ids[start + at]!)) },
    // No Uint32Array: of one, the library refuses numbers from 2^31 on.
    { name: 'type', data: made((row) => types[row]!) },
    ...['x', 'y', 'z'].map((axis, at) => ({
      name: axis,
      data: Float32Array.from({ length: rows }, (_, row) => positions[(start + row) * 3 + at]!),
    })),
    ...fields.flatMap((index, at): ColumnSource[] => {
      const column = columns[at]
      const length = (row: number) => column?.lengths[row] ?? -1
      const value = (row: number) => {
        const from = row * column!.stride
        return column!.data.subarray(from, from + length(row))
      }
      return [
        { name: fieldColumnName(index), data: made((row) => (length(row) < 0 ? undefined : value(row))) },
        {
          name: fieldTypeColumnName(index),
          data: made((row) => (length(row) < 0 ? undefined : column!.typeIds[row]!)),
        },
      ]
    }),
  ]
}
