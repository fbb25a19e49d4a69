import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { parquetReadObjects } from 'hyparquet'
import { partitionOf, type TestEntity } from '../core/snapshot/states.testing.ts'
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
const SECOND: TestEntity[] = [{ id: 4, type: 7, position: [1, 2, 3], fields: { 5: { typeId: 1, bytes: [9] } } }]

async function write(writer: RowWriter): Promise<void> {
  await writer.add(partitionOf(FIRST, { name: 'a' }, 3))
  await writer.add(partitionOf([], { name: 'empty' }))
  await writer.add(partitionOf(SECOND, { domain: 'View', name: 'b' }))
  await writer.finish()
}

test('a csv holds numbers in full, fields in hex, and nothing where there is nothing', async () => {
  const file = join(folder, 'a.csv')
  await write(await openCsv(file, [2, 5]))
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
  await write(await openParquet(file, [2, 5]))
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

test('a world without entities becomes a file with columns alone', async () => {
  const writer = await openParquet(join(folder, 'empty.parquet'), [])
  await writer.finish()
  const bytes = await readFile(join(folder, 'empty.parquet'))
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)
  assert.deepEqual(await parquetReadObjects({ file }), [])
})

test('a partition of several row groups is whole', async () => {
  const writer = await openParquet(join(folder, 'many.parquet'), [])
  const entities = Array.from({ length: 70_000 }, (_, at): TestEntity => ({ ...SECOND[0]!, id: at + 1, fields: {} }))
  await writer.add(partitionOf(entities))
  await writer.finish()
  const bytes = await readFile(join(folder, 'many.parquet'))
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)
  const rows = await parquetReadObjects({ file, columns: ['id'] })
  assert.ok(rows.every(({ id }, at) => id === BigInt(at + 1)))
  assert.equal(rows.length, entities.length)
})
