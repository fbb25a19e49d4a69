import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { parquetReadObjects } from 'hyparquet'
import { after, before } from '../base/testing/hooks.ts'
import { partitionOf, type TestEntity } from '../core/snapshot/states.testing.ts'
import { exportFields } from './export-columns.ts'
import { openCsv } from './export-csv.ts'
import { openParquet } from './export-parquet.ts'
import type { RowWriter } from './row-writer.ts'

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'heddle-export-'))
})
after(() => rm(folder, { recursive: true }))

const FIRST: TestEntity[] = [
  { id: 1, type: 0xffff_ffff, position: [0.5, -0, 3], fields: { 2: { typeId: 0, bytes: [] } } },
  { id: Number.MAX_SAFE_INTEGER, type: 0, position: [-1, 2 ** 100, 0], fields: {} },
  { id: 3, type: 7, position: [1, 2, 3], fields: { 2: { typeId: 0xffff_ffff, bytes: [0, 255] } } },
]
const SECOND: TestEntity[] = [
  { id: 4, type: 7, position: [1, 2, 3], fields: { 5: { typeId: 1, bytes: [9] } } },
]

const FIELDS = exportFields([
  { fields: [5], shapes: [] },
  { fields: [2], shapes: [] },
])

async function write(writer: RowWriter): Promise<void> {
  await writer.add(partitionOf(FIRST, { name: 'a' }, 3))
  await writer.add(partitionOf([], { name: 'empty' }))
  await writer.add(partitionOf(SECOND, { domain: 'View', name: 'b' }))
  await writer.finish()
}

test('a csv holds numbers in full, fields in hex, and nothing where there is nothing', async () => {
  const file = join(folder, 'a.csv')
  await write(await openCsv(file, FIELDS))
  assert.deepEqual((await readFile(file, 'utf8')).split('\n'), [
    'domain,app,id,type,x,y,z,field_2,field_2_type,field_5,field_5_type',
    'Crowd,a,1,4294967295,0.5,-0,3,,0,,',
    'Crowd,a,9007199254740991,0,-1,1.2676506002282294e+30,0,,,,',
    'Crowd,a,3,7,1,2,3,00ff,4294967295,,',
    'View,b,4,7,1,2,3,,,09,1',
    '',
  ])
})

test('a parquet file holds every value with its type, and null where there is none', async () => {
  const file = join(folder, 'a.parquet')
  await write(await openParquet(file, FIELDS))
  const bytes = await readFile(file)
  const rows = await parquetReadObjects({
    file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
    utf8: false,
  })
  const entities = [
    ...FIRST.map((each) => ['Crowd', 'a', each] as const),
    ...SECOND.map((each) => ['View', 'b', each] as const),
  ]
  assert.equal(rows.length, entities.length)
  for (const [at, [domain, app, { id, type, position, fields }]] of entities.entries()) {
    const row = rows[at]!
    assert.deepEqual([row.domain, row.app, row.id, row.type], [domain, app, BigInt(id), type])
    assert.deepEqual([row.x, row.y, row.z], [...position])
    for (const index of [2, 5]) {
      const [value, typeId] = [row[`field_${index}`], row[`field_${index}_type`]]
      assert.deepEqual(value && [...value], fields[index]?.bytes ?? null)
      assert.equal(typeId, fields[index]?.typeId ?? null)
    }
  }
})

const SHAPED = { field: 1, typeId: 600, shape: { speed: 'f32x2', 'mood, or so': 'u8' } } as const

function shapedState() {
  const bytes = [...new Uint8Array(Float32Array.of(1.5, -0).buffer), 250, 0, 0, 0]
  const state = partitionOf([
    { id: 1, type: 7, position: [1, 2, 3], fields: { 1: { typeId: 600, bytes } } },
    { id: 2, type: 7, position: [1, 2, 3], fields: { 1: { typeId: 600, bytes: [9] } } },
    { id: 3, type: 7, position: [1, 2, 3], fields: {} },
  ])
  state.fields[0]!.shape = { typeId: SHAPED.typeId, shape: SHAPED.shape }
  return state
}

test('values of a declared shape are numbers, and values of other shapes are bytes', async () => {
  const fields = exportFields([
    { fields: [1], shapes: [SHAPED] },
    { fields: [], shapes: [{ ...SHAPED, shape: 'u8' }] },
  ])
  const other = partitionOf([
    { id: 4, type: 7, position: [1, 2, 3], fields: { 1: { typeId: 600, bytes: [8] } } },
  ])
  other.fields[0]!.shape = { typeId: 600, shape: 'u8' }
  const file = join(folder, 'shaped')
  for (const writer of [
    await openCsv(`${file}.csv`, fields),
    await openParquet(`${file}.parquet`, fields),
  ]) {
    await writer.add(shapedState())
    await writer.add(other)
    await writer.finish()
  }
  assert.deepEqual((await readFile(`${file}.csv`, 'utf8')).split('\n'), [
    'domain,app,id,type,x,y,z,field_1.speed,"field_1.mood, or so",field_1,field_1_type',
    'Crowd,cell-0-0,1,7,1,2,3,"[1.5,-0]",250,,',
    'Crowd,cell-0-0,2,7,1,2,3,,,09,600',
    'Crowd,cell-0-0,3,7,1,2,3,,,,',
    'Crowd,cell-0-0,4,7,1,2,3,,,08,600',
    '',
  ])
  const bytes = await readFile(`${file}.parquet`)
  const rows = await parquetReadObjects({
    file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
    utf8: false,
  })
  assert.deepEqual(
    rows.map((row) =>
      [row['field_1.speed'], row['field_1.mood, or so'], row.field_1?.[0], row.field_1_type].map(
        (value) => value ?? null,
      ),
    ),
    [
      [[1.5, -0], 250, null, null],
      [null, null, 9, 600],
      [null, null, null, null],
      [null, null, 8, 600],
    ],
  )
})

test('a world without entities becomes a file with columns alone', async () => {
  const writer = await openParquet(join(folder, 'empty.parquet'), [])
  await writer.finish()
  const bytes = await readFile(join(folder, 'empty.parquet'))
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)
  assert.deepEqual(await parquetReadObjects({ file }), [])
})

test('a partition of several row groups is whole', async () => {
  const writer = await openParquet(join(folder, 'many.parquet'), [])
  const entities = Array.from(
    { length: 70_000 },
    (_, at): TestEntity => ({ ...SECOND[0]!, id: at + 1, fields: {} }),
  )
  await writer.add(partitionOf(entities))
  await writer.finish()
  const bytes = await readFile(join(folder, 'many.parquet'))
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)
  const rows = await parquetReadObjects({ file, columns: ['id'] })
  assert.ok(rows.every(({ id }, at) => id === BigInt(at + 1)))
  assert.equal(rows.length, entities.length)
})
