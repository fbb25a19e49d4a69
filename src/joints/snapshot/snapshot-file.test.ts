import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { after, before } from '../../base/testing/hooks.ts'
import type { PartitionState, SnapshotHeader } from '../../core/entities/partition-state.ts'
import { columnsOf, describedColumns, encodePartition } from '../../core/snapshot/columns.ts'
import {
  MANIFEST_PATH,
  type Manifest,
  type ManifestPartition,
} from '../../core/snapshot/manifest.ts'
import type { SnapshotFaultName } from '../../core/snapshot/snapshot-fault.ts'
import {
  anyEntities,
  arrowTable,
  entitiesOf,
  partitionOf,
  type TestEntity,
} from '../../core/snapshot/states.testing.ts'
import { resealed } from '../../io/snapshot-file/seal.testing.ts'
import { openSealedZip } from '../../io/snapshot-file/sealed-zip-reader.ts'
import { writeSealedZip, type ZipPart } from '../../io/snapshot-file/sealed-zip-writer.ts'
import { encodedHere } from './encoded.testing.ts'
import {
  type ReadSnapshotOptions,
  readSnapshot,
  SnapshotError,
  type WrittenSnapshot,
  writeSnapshot,
} from './snapshot-file.ts'

const HEADER: Omit<SnapshotHeader, 'stateHash'> = {
  simulationName: 'market',
  executionId: 'e-1',
  tick: 321,
  takenAtMs: 1_760_000_000_123,
  nextIdLane: 2 ** 21,
  grids: [{ domain: 'Crowd', columns: 2, rows: 1, bounds: { x: [-10, 10], y: [-10, 10] } }],
  apps: [{ domain: 'Crowd', name: 'a', lifecycle: 'BySpatialSubdivision', status: 'STARTED' }],
  schemaText: '# Größe\r\nsdk_version: "1.17"\n',
  heddleVersion: '0.1.0',
}
let folder: string
let file: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'heddle-snapshot-file-'))
  file = join(folder, 'test.zip')
})

after(() => rm(folder, { recursive: true }))

async function write(
  partitions: Iterable<PartitionState>,
  header: typeof HEADER = HEADER,
): Promise<WrittenSnapshot> {
  const { bytes, finished } = writeSnapshot(header, encodedHere(partitions))
  await writeFile(file, bytes)
  return finished
}

/** Two cells and an app without a cell. Some values suit a declared shape. */
function world(entities: readonly TestEntity[]): PartitionState[] {
  const third = Math.ceil(entities.length / 3)
  const states = [
    partitionOf(entities.slice(0, third), { name: 'a', cell: { x: 0, y: 0 }, idLane: 1 }),
    partitionOf(
      entities.slice(third, third * 2),
      { name: 'b', cell: { x: 1, y: 0 }, idLane: 2 },
      3,
    ),
    {
      ...partitionOf(entities.slice(third * 2), {
        name: '.a.',
        domain: 'View',
        lifecycle: 'ByRequest',
        idLane: 3,
      }),
      cell: undefined,
    },
  ].map(({ cell, ...state }) => ({ ...state, ...(cell && { cell }), idCounter: 2 ** 32 }))
  const fields = states.flatMap((state) => state.fields)
  for (const field of fields)
    if (field.index === 1) field.shape = { typeId: 5, shape: { mood: 'u8', steps: 'u8x2' } }
  return states
}

const PEOPLE = Array.from({ length: 90 }, (_, at): TestEntity => {
  const fields: TestEntity['fields'] =
    at % 4 === 0
      ? {}
      : {
          1: { typeId: at % 3 === 0 ? 5 : 6, bytes: [at, at + 1, 0] },
          3: { typeId: at, bytes: [] },
        }
  return { id: 2 ** 33 + at, type: 512 + (at % 2), position: [at / 10, -at / 10, 0.1], fields }
})

async function checkRefused(
  fault: SnapshotFaultName,
  message: RegExp,
  part?: string,
  options?: ReadSnapshotOptions,
): Promise<void> {
  await assert.rejects(readSnapshot(file, options), (error) => {
    assert.ok(error instanceof SnapshotError, String(error))
    assert.equal(error.fault, fault, error.message)
    assert.match(error.message, message)
    assert.equal(error.part, part)
    return true
  })
}

/** Forges the snapshot in `file`: other parts and another manifest, with a valid seal. */
async function forge(
  change: (manifest: Manifest, parts: Map<string, Uint8Array>) => void,
): Promise<void> {
  const zip = await openSealedZip(file, { partsMax: 100, totalBytesMax: 10_000_000 })
  const parts = new Map<string, Uint8Array>()
  for (const path of zip.parts.keys()) parts.set(path, await zip.read(path))
  await zip.close()
  const manifest = JSON.parse(Buffer.from(parts.get(MANIFEST_PATH)!).toString()) as Manifest
  parts.delete(MANIFEST_PATH)
  change(manifest, parts)
  parts.set(MANIFEST_PATH, Buffer.from(JSON.stringify(manifest)))
  await writeFile(file, writeSealedZip([...parts].map(stored), 0).bytes)
}

function stored([path, bytes]: [string, Uint8Array]): ZipPart {
  return { path, pieces: [bytes], sha256: () => createHash('sha256').update(bytes).digest('hex') }
}

/** Replaces the entities of a partition, with a valid checksum. */
function replace(
  entry: ManifestPartition,
  parts: Map<string, Uint8Array>,
  entities: readonly TestEntity[],
): void {
  const columns = columnsOf(partitionOf(entities))
  const bytes = Buffer.concat([...encodePartition(columns)])
  parts.set(entry.path, bytes)
  Object.assign(entry, describedColumns(columns), {
    bytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
  })
}

test('a file of format version 1 is read', async () => {
  const old = await readSnapshot(fileURLToPath(new URL('./format-1.testing.zip', import.meta.url)))
  assert.deepEqual(
    [old.header.tick, old.header.stateHash, old.entities],
    [42, 'f9e448bd16c2db9a', 5],
  )
  const [first, second] = entitiesOf(await old.partitions[0]!.load())
  assert.deepEqual(first, { id: 1, type: 512, position: [0, -0, 0.5], fields: {} })
  assert.deepEqual(second?.fields, { 1: { typeId: 600, bytes: [1, 2, 3] } })
  await old.close()
})

test('a file of format version 2 is read', async () => {
  const old = await readSnapshot(fileURLToPath(new URL('./format-2.testing.zip', import.meta.url)))
  assert.deepEqual(
    [old.header.tick, old.header.stateHash, old.entities],
    [43, '75f3214e5e13e3bb', 5],
  )
  const entities = entitiesOf(await old.partitions[0]!.load())
  assert.deepEqual(
    entities.map(({ fields }) => fields[1]?.bytes),
    [undefined, [0, 0, 128, 63], [1, 2, 3]],
  )
  await old.close()
})

test('header, partitions and entities are read back as written', async () => {
  await fc.assert(
    fc.asyncProperty(anyEntities, async (entities) => {
      const states = world(entities)
      const { manifest } = await write(states)
      assert.equal(manifest.entities, entities.length)
      const snapshot = await readSnapshot(file)
      assert.deepEqual(snapshot.header, { ...HEADER, stateHash: manifest.stateHash })
      assert.equal(snapshot.entities, entities.length)
      assert.equal(snapshot.partitions.length, states.length)
      for (const [at, partition] of snapshot.partitions.entries()) {
        const loaded = await partition.load()
        const { ids: _, types: __, positions: ___, fields: ____, ...identity } = states[at]!
        assert.partialDeepStrictEqual(loaded, identity)
        assert.deepEqual(entitiesOf(loaded), entitiesOf(states[at]!))
      }
      await snapshot.close()
    }),
    { numRuns: 30 },
  )
})

test('a world without any partition is a snapshot', async () => {
  await write([])
  const snapshot = await readSnapshot(file)
  assert.equal(snapshot.header.stateHash, '0000000000000000')
  assert.deepEqual(snapshot.partitions, [])
  await snapshot.close()
})

test('the parts are what the manifest says, for any unpacker', async () => {
  const { bytes, manifest } = await write(world(PEOPLE))
  assert.equal((await readFile(file)).length, bytes)
  const zip = await openSealedZip(file, { partsMax: 100, totalBytesMax: 10_000_000 })
  assert.deepEqual(
    [...zip.parts.keys()],
    [
      'schema.yaml',
      'entities/Crowd/a.arrow',
      'entities/Crowd/b.arrow',
      'entities/View/.a..arrow',
      'manifest.json',
    ],
  )
  assert.deepEqual(JSON.parse(Buffer.from(await zip.read(MANIFEST_PATH)).toString()), manifest)
  for (const { path, rows } of manifest.partitions)
    assert.equal(arrowTable(await zip.read(path)).numRows, rows)
  await zip.close()
})

test('a state that could not be restarted is not written', async () => {
  await assert.rejects(write(world([{ ...PEOPLE[0]!, position: [Number.NaN, 0, 0] }])), {
    fault: 'BadPosition',
  })
  await assert.rejects(write(world([{ ...PEOPLE[0]!, id: 0.5 }])), { fault: 'BadId' })
  await assert.rejects(write([...world(PEOPLE), ...world([])]), { fault: 'BadManifest' })
})

test('returning from the bytes ends the writing and requests no more partitions', async () => {
  let cleaned = false
  function* endless(): Generator<PartitionState> {
    try {
      for (let at = 0; ; at++) yield partitionOf(PEOPLE, { name: `cell-${at}` })
    } finally {
      cleaned = true
    }
  }
  const { bytes, finished } = writeSnapshot(HEADER, encodedHere(endless()))
  let taken = 0
  for await (const _piece of bytes) if (++taken === 20) break
  await assert.rejects(finished)
  assert.ok(cleaned)
})

test('other kinds of files are distinguished from damaged snapshots', async () => {
  await writeFile(file, 'sdk_version: "1.17"')
  await checkRefused('NotASnapshot', /not a zip/)
  await writeFile(file, writeSealedZip([stored(['a', Buffer.from('a')])], 0).bytes)
  await checkRefused('NotASnapshot', /a zip without manifest.json/)
  await write(world(PEOPLE))
  const good = await readFile(file)
  await writeFile(file, good.subarray(0, good.length - 10))
  await checkRefused('Truncated', /end of the file/)
})

test('a damaged part is named', async () => {
  await write(world(PEOPLE))
  const bad = await readFile(file)
  bad[bad.indexOf('entities/Crowd/b.arrow') + 60]! ^= 16
  await writeFile(file, bad)
  await checkRefused('Damaged', /entities\/Crowd\/b\.arrow: /, 'entities/Crowd/b.arrow')
})

test('a missing file is the file system’s error', async () => {
  await assert.rejects(readSnapshot(join(folder, 'missing.zip')), { code: 'ENOENT' })
})

test('a newer format is refused with both versions', async () => {
  await write(world(PEOPLE))
  await forge((manifest) => Object.assign(manifest, { formatVersion: 4, partitions: 'elsewhere' }))
  await checkRefused('NewerFormat', /newer format 4; this program reads up to 3/, MANIFEST_PATH)
})

test('missing, extra, exchanged or resized parts are refused', async () => {
  const [a, b] = ['entities/Crowd/a.arrow', 'entities/Crowd/b.arrow'] as const
  await write(world(PEOPLE))
  await forge((_, parts) => parts.delete(a))
  await checkRefused('MissingPart', /a\.arrow: is not in the zip/, a)
  await write(world(PEOPLE))
  await forge((_, parts) => parts.set('entities/Crowd/c.arrow', new Uint8Array(3)))
  await checkRefused('UnknownPart', /c\.arrow: /, 'entities/Crowd/c.arrow')
  await write(world(PEOPLE))
  await forge((_, parts) => parts.set(a, parts.get(a)!.subarray(1)))
  await checkRefused('CountMismatch', /bytes, not/, a)
  await write(world(PEOPLE))
  await forge((manifest, parts) => {
    const [bytesA, bytesB] = [parts.get(a)!, parts.get(b)!]
    parts.set(a, bytesB).set(b, bytesA)
    manifest.partitions[0]!.bytes = bytesB.length
    manifest.partitions[1]!.bytes = bytesA.length
  })
  await checkRefused('Damaged', /SHA-256/, a)
})

test('impossible entities are refused, whatever the checksums say', async () => {
  const part = 'entities/Crowd/a.arrow'
  const people = PEOPLE.slice(0, 30)
  const checkForged = async (
    entities: readonly TestEntity[],
    fault: SnapshotFaultName,
    message: RegExp,
    where = part,
  ) => {
    await write(world(PEOPLE))
    await forge((manifest, parts) => replace(manifest.partitions[0]!, parts, entities))
    await checkRefused(fault, message, where)
  }
  await checkForged(people.with(3, { ...people[3]!, id: 0 }), 'BadId', /row 3/)
  await checkForged(
    people.with(3, { ...people[3]!, position: [0, Number.NaN, 0] }),
    'BadPosition',
    /not a number/,
  )
  await checkForged(people.slice(1), 'CountMismatch', /has 29 entities, not 30/)
  await checkForged(people.with(3, people[4]!), 'DuplicateId', /entity 8589934596 is there twice$/)
  const other = 'entities/Crowd/b.arrow'
  await checkForged(
    people.with(3, PEOPLE[31]!),
    'DuplicateId',
    /twice, first in entities\/Crowd\/a.arrow/,
    other,
  )
  await checkForged(
    people.with(3, { ...people[3]!, type: 900 }),
    'StateMismatch',
    /state hash/,
    MANIFEST_PATH,
  )
})

test('ids that the world would assign again are refused', async () => {
  const [a, b] = ['entities/Crowd/a.arrow', 'entities/Crowd/b.arrow'] as const
  // All ids begin at place 0 of lane 2, which is b's. a has the first 30, and b the next.
  await write(world(PEOPLE))
  await forge((manifest) => Object.assign(manifest.partitions[1]!, { idCounter: 90 }))
  await (await readSnapshot(file)).close()
  await forge((manifest) => Object.assign(manifest.partitions[1]!, { idCounter: 40 }))
  await checkRefused('BadId', /entity 8589934632 has an id that would be given again/, b)
  await forge((manifest) => Object.assign(manifest.partitions[1]!, { idCounter: 9 }))
  await checkRefused('BadId', /entity 8589934601 /, a)
  const later = { ...PEOPLE[0]!, id: 2 ** 35 }
  await write(world([later]), { ...HEADER, nextIdLane: 8 })
  await checkRefused('BadId', /entity 34359738368 /, a)
})

test('kept states are the verified ones, and are given once', async () => {
  await write(world(PEOPLE))
  const snapshot = await readSnapshot(file, { keepsStates: true })
  const [partition] = snapshot.partitions
  const [first, second] = [await partition!.load(), await partition!.load()]
  assert.deepEqual(entitiesOf(first), entitiesOf(second))
  assert.notEqual(first.ids, second.ids)
  await snapshot.close()
})

test('a reader stops when told to', async () => {
  await write(world(PEOPLE))
  await assert.rejects(
    readSnapshot(file, { signal: AbortSignal.abort(new Error('stopped')) }),
    /stopped/,
  )
})

test('every one of many damaged files is refused', async (context) => {
  const { good, damages } = await manyDamages(context)
  const faults = new Map<string, number>()
  for (const damage of damages) {
    const bad = damaged(good, damage)
    if (bad.equals(good)) continue
    await writeFile(file, bad)
    const fault = await faultOf(damage)
    assert.notEqual(fault, undefined, `accepted: ${JSON.stringify(damage)}`)
    faults.set(fault!, (faults.get(fault!) ?? 0) + 1)
  }
  context.diagnostic(JSON.stringify(Object.fromEntries(faults)))
})

test('damage under a valid seal is refused, or does not change the world', async (context) => {
  const { good, damages, stateHash } = await manyDamages(context)
  let accepted = 0
  for (const damage of damages) {
    await writeFile(file, resealed(damaged(good, damage)))
    if ((await faultOf(damage, stateHash)) === undefined) accepted++
  }
  context.diagnostic(`${accepted} of ${damages.length} changed nothing`)
})

async function manyDamages(
  context: TestContext,
): Promise<{ good: Buffer; damages: Damage[]; stateHash: string }> {
  const { stateHash } = (await write(world(PEOPLE))).manifest
  const seed = Number(process.env.HEDDLE_TEST_SEED ?? Date.now() % 2 ** 31)
  context.diagnostic(`seed ${seed}`)
  const numRuns = Number(process.env.HEDDLE_TEST_MUTATIONS ?? 300)
  return { good: await readFile(file), damages: fc.sample(anyDamage, { seed, numRuns }), stateHash }
}

/** Returns how the file is refused. If it is accepted, checks that its world has that hash. */
async function faultOf(damage: Damage, stateHash?: string): Promise<SnapshotFaultName | undefined> {
  try {
    const snapshot = await readSnapshot(file)
    await snapshot.close()
    assert.equal(snapshot.header.stateHash, stateHash, `accepted: ${JSON.stringify(damage)}`)
    assert.deepEqual({ ...snapshot.header, stateHash }, { ...HEADER, stateHash })
    return undefined
  } catch (error) {
    if (error instanceof SnapshotError) return error.fault
    throw error
  }
}

interface Damage {
  kind: 'flip' | 'byte' | 'cut' | 'remove' | 'insert' | 'zero' | 'copy' | 'append'
  /** A position as a share of the file's length. */
  at: number
  to: number
  bytes: number
  value: number
}

const anyPlace = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })
const anyDamage: fc.Arbitrary<Damage> = fc.record({
  kind: fc.constantFrom('flip', 'byte', 'cut', 'remove', 'insert', 'zero', 'copy', 'append'),
  at: anyPlace,
  to: anyPlace,
  bytes: fc.integer({ min: 1, max: 64 }),
  value: fc.integer({ min: 0, max: 255 }),
})

function damaged(good: Buffer, { kind, at, to, bytes, value }: Damage): Buffer {
  const start = Math.floor(at * good.length)
  const target = Math.floor(to * good.length)
  const bad = Buffer.from(good)
  if (kind === 'flip') bad[start]! ^= 1 << (value & 7)
  if (kind === 'byte') bad[start] = value
  if (kind === 'zero') bad.subarray(start, start + bytes).fill(0)
  if (kind === 'copy') good.copy(bad, target, start, start + bytes)
  if (kind === 'cut') return bad.subarray(0, start)
  if (kind === 'remove') return Buffer.concat([bad.subarray(0, start), bad.subarray(start + bytes)])
  if (kind === 'insert')
    return Buffer.concat([bad.subarray(0, start), Buffer.alloc(bytes, value), bad.subarray(start)])
  if (kind === 'append') return Buffer.concat([bad, Buffer.alloc(bytes, value)])
  return bad
}
