// `heddle snapshot ls | info | verify | diff | export` over snapshots of real worlds, and foreign
// readers of the same files.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { readWorld, type World } from '../../scripts/demo/compare.ts'
import { after, before } from '../../src/base/testing/hooks.ts'
import { polars } from '../../src/core/snapshot/states.testing.ts'
import { type Heddle, startHeddle } from '../support/heddle.ts'
import { schema } from '../support/packages.ts'
import { hashEvery, type Simulation } from '../support/simulation.ts'

let heddle: Heddle
let world: Simulation
let [firstKey, secondKey, firstFile, secondFile] = ['', '', '', '']
let first: World
let second: World
before(async () => {
  heddle = await startHeddle()
  const Cells = {
    kind: 'spatial',
    grid: [2, 2],
    command: 'wanderers.ts --seed 4 --entities 60',
  } as const
  world = await heddle.startSimulation('city', schema({ domains: { Cells } }), hashEvery(1))
  await world.startClock()
  await world.reaches(10)
  firstKey = await world.snapshot()
  await world.reaches((await readWorld(await heddle.download(firstKey))).tick + 5)
  secondKey = await world.snapshot()
  firstFile = await heddle.download(firstKey)
  secondFile = await heddle.download(secondKey)
  first = await readWorld(firstFile)
  second = await readWorld(secondFile)
})
after(() => heddle?.stop())

const uri = (key: string) => `s3://${heddle.bucket}/${key}`
const online = (...words: string[]) => heddle.command('snapshot', ...words, '--data', heddle.data)
/** Runs where no Heddle can be found, as these commands need none. */
const offline = (...words: string[]) =>
  heddle.command('snapshot', ...words, '--data', join(heddle.data, 'nowhere'))

async function refused(work: Promise<string>): Promise<string> {
  const error = await work.then(
    () => assert.fail('it was not refused'),
    (each: { code: number; stderr: string }) => each,
  )
  assert.equal(error.code, 1)
  return error.stderr
}

test('ls shows snapshots of CreateSnapshot, and nothing else', async () => {
  await heddle.put('snapshot/notes.txt', 'no snapshot')
  const found = JSON.parse(await online('ls', '--json')) as {
    simulation: string
    uri: string
    bytes: number
  }[]
  assert.deepEqual(
    found.map((each) => each.uri),
    [uri(firstKey), uri(secondKey)],
  )
  assert.equal(found[0].simulation, 'city')
  assert.equal(found[0].bytes, (await readFile(firstFile)).length)
  assert.match(
    await online('ls', uri(firstKey)),
    /^SIMULATION +MADE AT +BYTES +SNAPSHOT\ncity .+\n$/,
  )
  assert.equal(await online('ls', '--simulation', 'nobody'), 'no snapshots\n')
})

test('info shows the manifest of a file, an object, and the newest of a simulation', async () => {
  const offlineInfo = JSON.parse(await offline('info', firstFile, '--json')) as {
    tick: number
    partitions: object[]
  }
  assert.equal(offlineInfo.tick, first.tick)
  assert.equal(offlineInfo.partitions.length, 4)
  assert.equal(
    await online('info', uri(firstKey), '--json'),
    await offline('info', firstFile, '--json'),
  )
  assert.equal(await online('info', 'city'), await offline('info', secondFile))
  assert.match(await offline('info', secondFile), new RegExp(`State hash +${second.stateHash}`))
})

test('verify describes a whole snapshot from a file, an object or a simulation', async () => {
  const { tick, entities, stateHash } = second
  const text = `whole: tick ${tick} of city, ${entities.size} entities, state hash ${stateHash}\n`
  assert.equal(await offline('verify', secondFile), text)
  assert.equal(await online('verify', uri(secondKey)), text)
  assert.equal(await online('verify', 'city'), text)
  assert.deepEqual(JSON.parse(await offline('verify', firstFile, '--json')), {
    simulation: 'city',
    tick: first.tick,
    entities: first.entities.size,
    stateHash: first.stateHash,
  })
})

test('verify refuses a damaged snapshot with the words of a start', async () => {
  const bytes = await readFile(firstFile)
  bytes[bytes.length >> 1] ^= 1
  await heddle.put('damaged.zip', bytes)
  const [{ errorType, errorMessage }] = await (
    await heddle.branch('from-damaged', 'damaged.zip')
  ).fails()
  assert.equal(errorType, 'SnapshotInvalid')
  assert.equal(await refused(online('verify', uri('damaged.zip'))), `heddle: ${errorMessage}\n`)
  const file = await heddle.download('damaged.zip')
  assert.equal(
    await refused(offline('verify', file)),
    `heddle: ${errorMessage.replace(uri('damaged.zip'), file)}\n`,
  )
  await truncate(file, 5000)
  assert.match(await refused(offline('verify', file)), /refused \(Truncated\)/)
  await writeFile(file, 'something else')
  for (const words of [
    ['verify', file],
    ['info', file],
    ['diff', firstFile, file],
  ])
    assert.match(await refused(offline(...words)), /refused \(NotASnapshot\): not a zip\n$/)
  assert.match(
    await refused(online('verify', uri('none.zip'))),
    /the snapshot s3:\/\/\S+\/none.zip can not be read: NoSuchKey/,
  )
  assert.match(await refused(online('verify', 'nobody')), /neither a file nobody nor a snapshot/)
  assert.match(await refused(offline('verify', 'nobody')), /no file nobody/)
})

test('diff counts and lists the differences', async () => {
  const moved = [...first.entities].filter(([id, { position }]) => {
    const twin = second.entities.get(id)
    return twin !== undefined && twin.position !== position
  })
  const added = [...second.entities.keys()].filter((id) => !first.entities.has(id))
  const removed = [...first.entities.keys()].filter((id) => !second.entities.has(id))
  assert.ok(moved.length > 0)
  const lines = (await offline('diff', firstFile, secondFile, '--json', '--list'))
    .trimEnd()
    .split('\n')
  const totals = JSON.parse(lines.pop()!)
  const listed = lines.map(
    (line) => JSON.parse(line) as { id: number; what: string; moved: boolean },
  )
  const ids = (what: string) => listed.filter((each) => each.what === what).map(({ id }) => id)
  assert.deepEqual(ids('added').sort(), added.sort())
  assert.deepEqual(ids('removed').sort(), removed.sort())
  const movedIds = listed.filter((each) => each.moved).map(({ id }) => id)
  assert.deepEqual(movedIds.sort(), moved.map(([id]) => id).sort())
  assert.deepEqual(totals.ticks, [first.tick, second.tick])
  assert.deepEqual(
    [totals.added, totals.removed, totals.moved],
    [added.length, removed.length, moved.length],
  )
  assert.equal(totals.sameState, false)
  assert.equal(
    await online('diff', uri(firstKey), 'city'),
    await offline('diff', firstFile, secondFile),
  )
  const same = await offline('diff', firstFile, firstFile)
  assert.match(same, /the same state\nadded +0\nremoved +0\nchanged +0\n/)
  assert.match(
    await offline('diff', firstFile, secondFile, '--list'),
    new RegExp(`changed ${moved[0][0]}: position`),
  )
})

test('a csv has a line for each entity, as Python reads it', async () => {
  const out = join(heddle.data, 'city.csv')
  assert.equal(
    await offline('export', firstFile, '--format', 'csv', '--out', out),
    `${first.entities.size} entities: ${out}\n`,
  )
  const program = `
import csv, json, struct, sys
rows = list(csv.DictReader(open(sys.argv[1])))
def fields(r):
  names = [k for k in r if k.startswith('field_') and not k.endswith('_type')]
  return ' '.join(f"{k[6:]}:{r[k + '_type']}:{r[k]}" for k in names if r[k + '_type'] != '')
def position(r):
  return struct.pack('<3f', float(r['x']), float(r['y']), float(r['z'])).hex()
print(json.dumps([[r['id'], r['type'], position(r), fields(r)] for r in rows]))`
  const { stdout, stderr } = spawnSync('python3', ['-c', program, out], { encoding: 'utf8' })
  assert.equal(stderr, '')
  const read = (JSON.parse(stdout) as string[][]).map(([id, type, position, fields]) => [
    Number(id),
    { type: Number(type), position, fields },
  ])
  assert.deepEqual(
    new Map(
      read as [number, World extends { entities: ReadonlyMap<number, infer E> } ? E : never][],
    ),
    first.entities,
  )
})

test('a missing folder, and a folder in place of a file, are named before any read', async () => {
  const into = (out: string) =>
    refused(offline('export', firstFile, '--format', 'csv', '--out', out))
  const nowhere = join(heddle.data, 'none')
  const missing = `heddle: nothing can be written into the folder ${nowhere}: it is not there\n`
  assert.equal(await into(join(nowhere, 'city.csv')), missing)
  assert.equal(await into(heddle.data), `heddle: ${heddle.data} is a folder; --out names a file\n`)
  const throughFile = await into(join(firstFile, 'city.csv'))
  assert.match(throughFile, /folder \S+\.zip: a part of its path is no folder\n$/)
})

test('Polars reads the Arrow files in the zip and the parquet file', async (context) => {
  const pl = await polars()
  if (pl === undefined) return context.skip('nodejs-polars is not installed')
  const manifest = JSON.parse(await offline('info', firstFile, '--json')) as {
    partitions: { path: string; rows: number }[]
  }
  type Row = { id: number | bigint; type: number; x: number; y: number; z: number }
  const check = (rows: Row[]) => {
    const read = new Map(
      rows.map(({ id, type, x, y, z }) => [
        Number(id),
        { type, position: Buffer.from(Float32Array.of(x, y, z).buffer).toString('hex') },
      ]),
    )
    const wanted = [...first.entities].map(
      ([id, { type, position }]) => [id, { type, position }] as const,
    )
    assert.deepEqual(read, new Map(wanted))
  }
  const columns = ['id', 'type', 'x', 'y', 'z']
  const rows: Row[] = []
  for (const { path, rows: count } of manifest.partitions) {
    const { stdout } = spawnSync('unzip', ['-p', firstFile, path], { maxBuffer: 2 ** 28 })
    const frame = pl.readIPC(stdout)
    assert.equal(frame.height, count)
    rows.push(...(frame.select(...columns).toRecords() as Row[]))
  }
  check(rows)
  const out = join(heddle.data, 'city.parquet')
  await offline('export', firstFile, '--format', 'parquet', '--out', out)
  const frame = pl.readParquet(await readFile(out))
  assert.equal(frame.height, first.entities.size)
  check(frame.select(...columns).toRecords() as Row[])
})

test('create prints the object it has made, also from another machine', async () => {
  const said = await heddle.commandFromAfar(
    'snapshot',
    'create',
    'city',
    '--to',
    `s3://${heddle.bucket}/afar`,
  )
  const [made] = await heddle.keys('afar/')
  assert.equal(said, `saved city: ${uri(made)}\n`)
})
