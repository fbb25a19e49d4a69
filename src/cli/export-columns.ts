// The columns of an export's data fields, as in the snapshot's Arrow files, the same for all
// partitions. Owns which columns there are, and how a row's values are read; never how a format
// writes them.

import { isDeepStrictEqual } from 'node:util'
import type { PartitionState } from '../core/entities/partition-state.ts'
import { type DeclaredShape, kinds, layOut } from '../core/entities/shape.ts'
import { splitField } from '../core/entities/shaped-values.ts'
import type { ArrowColumn } from '../core/snapshot/arrow-file.ts'
import { byteColumns, memberColumn } from '../core/snapshot/columns.ts'
import type { ManifestPartition } from '../core/snapshot/manifest.ts'

/** A data field that at least one partition of the snapshot has. */
export interface ExportField {
  index: number
  /** The field's first shape in a partition. Values of partitions with another shape are bytes. */
  shape: ManifestPartition['shapes'][number] | undefined
  hasBytes: boolean
}

/** A number, a list of numbers, or bytes; undefined if there is no value. */
export type Value = number | number[] | Uint8Array | undefined

export function exportFields(
  partitions: readonly Pick<ManifestPartition, 'fields' | 'shapes'>[],
): ExportField[] {
  const found = new Map<number, ExportField>()
  const fieldOf = (index: number) => {
    const field = found.get(index) ?? { index, shape: undefined, hasBytes: false }
    found.set(index, field)
    return field
  }
  for (const { fields, shapes } of partitions) {
    for (const index of fields) fieldOf(index).hasBytes = true
    for (const shape of shapes) {
      const field = fieldOf(shape.field)
      field.shape ??= shape
      if (!isDeepStrictEqual(field.shape, shape)) field.hasBytes = true
    }
  }
  return [...found.values()].sort((one, other) => one.index - other.index)
}

export function exportColumns(fields: readonly ExportField[]): ArrowColumn[] {
  return fields.flatMap((field) => [
    ...membersOf(field).map((member) => memberColumn(field.index, member)),
    ...(field.hasBytes ? byteColumns(field.index) : []),
  ])
}

/** A row's values in each of the columns, in their order. */
export function exportReaders(
  fields: readonly ExportField[],
  state: PartitionState,
): ((row: number) => Value)[] {
  return fields.flatMap((exported) => readersOf(exported, state))
}

function readersOf(exported: ExportField, state: PartitionState): ((row: number) => Value)[] {
  const members = membersOf(exported)
  const column = state.fields.find(({ index }) => index === exported.index)
  if (column === undefined) {
    const none = () => undefined
    return [...members.map(() => none), ...(exported.hasBytes ? [none, none] : [])]
  }
  const { lengths, typeIds, stride, data } = column
  const isOfShape = isDeepStrictEqual(column.shape, declared(exported.shape))
  const suits = isOfShape ? splitField(column, state.count).suits : new Uint8Array(state.count)
  const readers = members.map(({ kind, count, offsetBytes }) => {
    const { bytes, of } = kinds[kind]
    return (row: number): Value => {
      if (suits[row] === 0) return undefined
      const start = row * stride + offsetBytes
      const numbers = new of(data.slice(start, start + bytes * count).buffer)
      return count === 1 ? numbers[0] : [...numbers]
    }
  })
  if (!exported.hasBytes) return readers
  const isBytes = (row: number) => suits[row] === 0 && lengths[row]! >= 0
  return [
    ...readers,
    (row) => (isBytes(row) ? data.subarray(row * stride, row * stride + lengths[row]!) : undefined),
    (row) => (isBytes(row) ? typeIds[row] : undefined),
  ]
}

function declared(shape: ExportField['shape']): DeclaredShape | undefined {
  return shape && { typeId: shape.typeId, shape: shape.shape }
}

function membersOf({ shape }: ExportField) {
  const layout = shape && layOut(shape.shape)
  return typeof layout === 'object' ? layout.members : []
}
