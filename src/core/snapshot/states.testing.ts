// Makes partitions for tests: random ones, and one of which every column can be chosen.
// Never imported by a program.

import { zstdDecompressSync } from 'node:zlib'
import { CompressionType, compressionRegistry, type Table, tableFromIPC } from 'apache-arrow'
import fc from 'fast-check'
import type { FieldColumn, PartitionState } from '../entities/partition-state.ts'

/** A value of a data field. */
interface TestValue {
  typeId: number
  bytes: readonly number[]
}

export interface TestEntity {
  id: number
  type: number
  position: readonly [number, number, number]
  /** By field index. */
  fields: Readonly<Record<number, TestValue>>
}

/**
 * The compact columns of these entities; strides are the longest value's length, and `padding`
 * more.
 */
export function partitionOf(
  entities: readonly TestEntity[],
  identity: Partial<PartitionState> = {},
  padding = 0,
): PartitionState {
  const count = entities.length
  const indices = [
    ...new Set(entities.flatMap((entity) => Object.keys(entity.fields).map(Number))),
  ].sort((a, b) => a - b)
  return {
    domain: 'Crowd',
    lifecycle: 'BySpatialSubdivision',
    name: 'cell-0-0',
    cell: { x: 0, y: 0 },
    idLane: 1,
    idCounter: count + 1,
    ...identity,
    count,
    ids: Float64Array.from(entities, (entity) => entity.id),
    types: Uint32Array.from(entities, (entity) => entity.type),
    positions: Float32Array.from(entities.flatMap((entity) => entity.position)),
    fields: indices.map((index) => fieldOf(entities, index, padding)),
  }
}

function fieldOf(entities: readonly TestEntity[], index: number, padding: number): FieldColumn {
  const values = entities.map((entity) => entity.fields[index])
  const stride =
    values.reduce((longest, value) => Math.max(longest, value?.bytes.length ?? 0), 0) + padding
  // Whatever lies behind a value is not part of it.
  const data = new Uint8Array(entities.length * stride).fill(0xee)
  for (const [row, value] of values.entries()) data.set(value?.bytes ?? [], row * stride)
  return {
    index,
    lengths: Int32Array.from(values, (value) => value?.bytes.length ?? -1),
    typeIds: Uint32Array.from(values, (value) => value?.typeId ?? 0),
    stride,
    data,
  }
}

compressionRegistry.set(CompressionType.ZSTD, { decode: (bytes) => zstdDecompressSync(bytes) })

/** An Arrow file as the library reads it. */
export function arrowTable(bytes: Uint8Array): Table {
  return tableFromIPC(bytes)
}

/**
 * The reader that is not ours; none where it can't be installed, which a CI run does not accept.
 */
export async function polars() {
  try {
    return (await import('nodejs-polars')).default
  } catch (error) {
    if (process.env.CI === 'true') throw error
    return undefined
  }
}

/** The rows of a partition as plain values, for comparing. */
export function entitiesOf(state: PartitionState): TestEntity[] {
  return Array.from({ length: state.count }, (_, row) => {
    const fields: Record<number, TestValue> = {}
    for (const { index, lengths, typeIds, stride, data } of state.fields) {
      const length = lengths[row]!
      if (length < 0) continue
      fields[index] = {
        typeId: typeIds[row]!,
        bytes: [...data.subarray(row * stride, row * stride + length)],
      }
    }
    const [x, y, z] = state.positions.subarray(row * 3, row * 3 + 3)
    return { id: state.ids[row]!, type: state.types[row]!, position: [x!, y!, z!], fields }
  })
}

const anyCoordinate = fc.float({ noNaN: true, noDefaultInfinity: true })
const anyValue = fc.record({
  typeId: fc.integer({ min: 0, max: 0xffff_ffff }),
  bytes: fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 20 }),
})

export const anyEntity: fc.Arbitrary<TestEntity> = fc.record({
  id: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  type: fc.integer({ min: 0, max: 0xffff_ffff }),
  position: fc.tuple(anyCoordinate, anyCoordinate, anyCoordinate),
  fields: fc.dictionary(fc.constantFrom('1', '2', '7', '63'), anyValue, {
    maxKeys: 3,
    noNullPrototype: true,
  }),
})

/** Entities with different ids. */
export const anyEntities: fc.Arbitrary<TestEntity[]> = fc.uniqueArray(anyEntity, {
  selector: (entity) => entity.id,
  maxLength: 30,
})
