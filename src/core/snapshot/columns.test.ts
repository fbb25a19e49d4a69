import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { RecordBatchStreamReader, Table } from 'apache-arrow'
import fc from 'fast-check'
import type { PartitionState } from '../entities/partition-state.ts'
import { columnsOf, describedColumns, encodePartition } from './columns.ts'
import type { ManifestPartition } from './manifest.ts'
import { decodePartition } from './read-columns.ts'
import {
  DEFAULT_SNAPSHOT_LIMITS,
  isSnapshotFault,
  type SnapshotFaultName,
} from './snapshot-fault.ts'
import {
  anyEntities,
  arrowTable,
  entitiesOf,
  partitionOf,
  polars,
  type TestEntity,
} from './states.testing.ts'

const ENTITY: TestEntity = { id: 7, type: 512, position: [1, 2, 3], fields: {} }

function fileOf(state: PartitionState, batchRowsMax?: number): Buffer {
  return Buffer.concat([...encodePartition(columnsOf(state), { batchRowsMax })])
}

function entryOf(state: PartitionState): ManifestPartition {
  const { domain, lifecycle, name, cell, idLane, idCounter, count } = state
  const path = `entities/${domain}/${name}.arrow`
  return {
    path,
    domain,
    lifecycle,
    name,
    ...(cell && { cell }),
    idLane,
    idCounter,
    rows: count,
    ...describedColumns(columnsOf(state)),
    bytes: 0,
    sha256: '',
  }
}

function decoded(bytes: Uint8Array, entry: ManifestPartition): PartitionState {
  const state = decodePartition(bytes, entry, DEFAULT_SNAPSHOT_LIMITS)
  if (isSnapshotFault(state)) assert.fail(state.message)
  return state
}

function checkRefused(
  entities: readonly TestEntity[],
  fault: SnapshotFaultName,
  message: RegExp,
): void {
  const state = partitionOf(entities)
  const limits = { ...DEFAULT_SNAPSHOT_LIMITS, fieldBytesMax: 10, partitionBytesMax: 100 }
  const refused = decodePartition(fileOf(state), entryOf(state), limits)
  assert.ok(isSnapshotFault(refused), 'it was not refused')
  assert.equal(refused.fault, fault)
  assert.match(refused.message, message)
  assert.equal(refused.part, 'entities/Crowd/cell-0-0.arrow')
}

test('a partition comes back as it was, whatever the batches and strides', () => {
  fc.assert(
    fc.property(
      anyEntities,
      fc.integer({ min: 1, max: 40 }),
      fc.nat({ max: 9 }),
      (entities, batchRowsMax, padding) => {
        const state = partitionOf(entities, {}, padding)
        const back = decoded(fileOf(state, batchRowsMax), entryOf(state))
        assert.deepEqual(entitiesOf(back), entitiesOf(state))
        const { ids, types, positions, fields, ...identity } = state
        const {
          ids: _ids,
          types: _types,
          positions: _positions,
          fields: _fields,
          ...identityBack
        } = back
        assert.deepEqual(identityBack, identity)
      },
    ),
  )
})

const shape = { speed: 'f32x2', mood: 'u8', weight: 'f64', steps: 'u16x3' } as const
const SHAPE_BYTES = 8 + 1 + 7 + 8 + 6 + 2

/**
 * Some suit the shape, some are of another length or type, some have something in the gaps between
 * its members.
 */
const anyShapedValue = fc.record({
  typeId: fc.constantFrom(600, 600, 600, 601),
  bytes: fc
    .tuple(fc.uint8Array({ minLength: 31, maxLength: 34 }), fc.boolean(), fc.boolean())
    .map(([bytes, isCut, isClear]) => {
      const value = isCut ? [...bytes] : [...bytes, 0, 0].slice(0, SHAPE_BYTES)
      return isClear
        ? value.map((byte, at) => ((at >= 9 && at < 16) || (at >= 30 && !isCut) ? 0 : byte))
        : value
    }),
})

test('values of a declared shape are read back, beside others, in any batches and strides', () => {
  const anyShaped = fc.array(fc.option(anyShapedValue, { nil: undefined }), { maxLength: 40 })
  fc.assert(
    fc.property(
      anyShaped,
      fc.integer({ min: 1, max: 15 }),
      fc.nat({ max: 9 }),
      (values, batchRowsMax, padding) => {
        const entities = values.map((value, at): TestEntity => {
          return { ...ENTITY, id: at + 1, fields: value ? { 3: value, 4: value } : {} }
        })
        const state = partitionOf(entities, {}, padding)
        for (const field of state.fields)
          if (field.index === 3) field.shape = { typeId: 600, shape }
        const back = decoded(fileOf(state, batchRowsMax), entryOf(state))
        assert.deepEqual(entitiesOf(back), entitiesOf(state))
        const isSuitable = (value: (typeof values)[number]) =>
          value?.typeId === 600 &&
          value.bytes.length === SHAPE_BYTES &&
          value.bytes.every((byte, at) => byte === 0 || !((at >= 9 && at < 16) || at >= 30))
        const { fields, shapes } = entryOf(state)
        assert.equal(shapes.length > 0, values.some(isSuitable))
        assert.equal(
          fields.includes(3),
          values.some((value) => value !== undefined && !isSuitable(value)),
        )
      },
    ),
  )
})

test('values of a declared shape are columns of numbers', () => {
  const bytes = new Uint8Array(SHAPE_BYTES)
  const view = new DataView(bytes.buffer)
  view.setFloat32(0, 1.5, true)
  view.setFloat32(4, -2, true)
  view.setUint8(8, 250)
  view.setFloat64(16, 0.1, true)
  for (const at of [0, 1, 2]) view.setUint16(24 + at * 2, 60_000 + at, true)
  const single = { typeId: 7, bytes: [210, 4] }
  const entities: TestEntity[] = [
    { ...ENTITY, id: 1, fields: { 1: { typeId: 600, bytes: [...bytes] }, 2: single } },
    { ...ENTITY, id: 2, fields: { 1: { typeId: 600, bytes: [9] } } },
  ]
  const state = partitionOf(entities)
  state.fields[0]!.shape = { typeId: 600, shape }
  state.fields[1]!.shape = { typeId: 7, shape: 'i16' }
  const table = arrowTable(fileOf(state))
  assert.deepEqual(
    table.schema.fields.slice(5).map((column) => `${column.name}: ${column.type}`),
    [
      'field_1.speed: List<Float32>',
      'field_1.mood: Uint8',
      'field_1.weight: Float64',
      'field_1.steps: List<Uint16>',
      'field_1: Binary',
      'field_1_type: Uint32',
      'field_2.value: Int16',
    ],
  )
  const [first, second] = table.toArray().map((row) => row.toJSON())
  assert.deepEqual([...first['field_1.speed']], [1.5, -2])
  assert.deepEqual([...first['field_1.steps']], [60_000, 60_001, 60_002])
  assert.deepEqual(
    ['field_1.mood', 'field_1.weight', 'field_1', 'field_2.value'].map((name) => first[name]),
    [250, 0.1, null, 1234],
  )
  assert.deepEqual(
    ['field_1.speed', 'field_1.mood', 'field_1_type', 'field_2.value'].map((name) => second[name]),
    [null, null, 600, null],
  )
  assert.deepEqual([...second.field_1], [9])
})

test('a large partition is cut into batches of bounded size', () => {
  const count = 200
  const data = new Uint8Array(count * 1_000_000)
  const state: PartitionState = {
    ...partitionOf([]),
    count,
    ids: Float64Array.from({ length: count }, (_, row) => row + 1),
    types: new Uint32Array(count),
    positions: new Float32Array(count * 3),
    fields: [
      {
        index: 1,
        lengths: new Int32Array(count).fill(1_000_000),
        typeIds: new Uint32Array(count),
        stride: 1_000_000,
        data,
      },
    ],
  }
  for (const piece of encodePartition(columnsOf(state)))
    assert.ok(piece.length < 40_000_000, `${piece.length} bytes in a piece`)
})

test('columns that zstd hardly shortens are stored plain, and readers see the same', async () => {
  const count = 70_000
  const data = new Uint8Array(randomBytes(count * 8).buffer)
  const state: PartitionState = {
    ...partitionOf([]),
    count,
    ids: Float64Array.from({ length: count }, (_, row) => row + 1),
    types: new Uint32Array(count).fill(512),
    positions: Float32Array.from({ length: count * 3 }, () => Math.random() * 2000 - 1000),
    fields: [
      {
        index: 1,
        lengths: new Int32Array(count).fill(8),
        typeIds: new Uint32Array(count).fill(600),
        stride: 8,
        data,
        shape: { typeId: 600, shape: 'f64' },
      },
    ],
  }
  const file = fileOf(state)
  const stored = state.positions.byteLength + data.byteLength
  assert.ok(
    file.length > stored && file.length < stored * 1.2,
    `${file.length} bytes for ${stored}`,
  )
  const back = decoded(file, entryOf(state))
  for (const column of ['ids', 'types', 'positions'] as const)
    assert.deepEqual(back[column], state[column])
  assert.deepEqual(Buffer.from(back.fields[0]!.data), Buffer.from(data))
  const xOf = (rows: Iterable<number>) => Float32Array.from(rows)
  const xs = state.positions.filter((_, at) => at % 3 === 0)
  assert.deepEqual(xOf(arrowTable(file).getChild('x')!), xs)
  const pl = await polars()
  if (pl) assert.deepEqual(xOf(pl.readIPC(file).getColumn('x').toArray() as number[]), xs)
})

test('the Arrow library reads the columns with names, types and nulls, from either end', () => {
  const field = { typeId: 9, bytes: [1, 2, 3] }
  const big = { ...ENTITY, id: Number.MAX_SAFE_INTEGER, fields: { 2: field } }
  const file = fileOf(partitionOf([ENTITY, big]), 1)
  const stream = RecordBatchStreamReader.from(file.subarray(8))
  for (const table of [arrowTable(file), new Table([...stream] as never)]) {
    assert.deepEqual(
      table.schema.fields.map((column) => `${column.name}: ${column.type}`),
      [
        'id: Uint64',
        'type: Uint32',
        'x: Float32',
        'y: Float32',
        'z: Float32',
        'field_2: Binary',
        'field_2_type: Uint32',
      ],
    )
    assert.deepEqual(
      table.toArray().map((row) => ({ ...row.toJSON() })),
      [
        { id: 7n, type: 512, x: 1, y: 2, z: 3, field_2: null, field_2_type: null },
        {
          id: 2n ** 53n - 1n,
          type: 512,
          x: 1,
          y: 2,
          z: 3,
          field_2: Uint8Array.of(1, 2, 3),
          field_2_type: 9,
        },
      ],
    )
  }
})

test('an id that is no id is refused', () => {
  for (const id of [0, 2 ** 53])
    checkRefused([ENTITY, { ...ENTITY, id }], 'BadId', /row 1: not an entity's id/)
})

test('a position that is not a number is refused', () => {
  checkRefused([{ ...ENTITY, position: [0, Number.NaN, 0] }], 'BadPosition', /entity 7: /)
  checkRefused(
    [{ ...ENTITY, position: [0, 0, Number.NEGATIVE_INFINITY] }],
    'BadPosition',
    /entity 7: /,
  )
})

test('a field over the limit is refused, and so are fields that would take too much memory', () => {
  const long = { ...ENTITY, fields: { 3: { typeId: 1, bytes: new Array(11).fill(0) } } }
  checkRefused([long], 'TooLarge', /field 3 has 11 bytes/)
  const one = { ...ENTITY, fields: { 3: { typeId: 1, bytes: new Array(10).fill(0) } } }
  const many = Array.from({ length: 11 }, (_, at) => ({ ...ENTITY, id: at + 1 }))
  checkRefused([one, ...many], 'TooLarge', /take 120 bytes/)
})

test('more or fewer entities or columns than the manifest says are refused', () => {
  const state = partitionOf([ENTITY])
  const file = fileOf(state)
  const entry = entryOf(state)
  for (const wrong of [
    { ...entry, rows: 2 },
    { ...entry, rows: 0 },
    { ...entry, fields: [1] },
  ]) {
    const refused = decodePartition(file, wrong, DEFAULT_SNAPSHOT_LIMITS)
    assert.ok(isSnapshotFault(refused))
    assert.equal(refused.fault, 'CountMismatch')
  }
  const withField = partitionOf([{ ...ENTITY, fields: { 1: { typeId: 1, bytes: [] } } }])
  const refused = decodePartition(fileOf(withField), entry, DEFAULT_SNAPSHOT_LIMITS)
  assert.ok(isSnapshotFault(refused))
  assert.match(refused.message, /column 5 is field_1 binary, not the end/)
})

test('hostile bytes end in a fault or a state, never in an exception', () => {
  fc.assert(
    fc.property(
      anyEntities,
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), {
        minLength: 1,
        maxLength: 4,
      }),
      fc.boolean(),
      (entities, changes, cut) => {
        const state = partitionOf(entities)
        const file = fileOf(state, 7)
        for (const [at, byte] of changes) file[at % file.length] = byte
        const bytes = cut ? file.subarray(0, changes[0]![0] % file.length) : file
        decodePartition(bytes, entryOf(state), {
          ...DEFAULT_SNAPSHOT_LIMITS,
          partitionBytesMax: 1_000_000,
        })
      },
    ),
    { numRuns: 2000 },
  )
})
