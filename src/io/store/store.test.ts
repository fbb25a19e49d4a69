import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { after, before } from '../../base/testing/hooks.ts'
import { MIGRATIONS } from './migrations.ts'
import { openSqliteStore } from './sqlite-store.ts'
import { type IdempotencyToken, type SimulationRecord, type Store, StoreError } from './store.ts'

let folder = ''
let lastFile = 0

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'heddle-store-'))
})
after(async () => {
  await rm(folder, { recursive: true })
})

function newPath(): string {
  lastFile += 1
  return join(folder, `${lastFile}.db`)
}

function record(name: string, changes: Partial<SimulationRecord> = {}): SimulationRecord {
  return {
    name,
    executionId: `id-of-${name}`,
    arn: `arn:of:${name}`,
    createdAtMs: 1_700_000_000_123,
    roleArn: 'arn:aws:iam::111122223333:role/r',
    maximumDuration: '14D',
    schemaLocation: { bucket: 'b', key: 'k' },
    tags: {},
    targetStatus: 'STARTED',
    launched: false,
    ...changes,
  }
}

function token(changes: Partial<IdempotencyToken> = {}): IdempotencyToken {
  return { operation: 'StartSimulation', token: 't', inputHash: 'h', createdAtMs: 1, ...changes }
}

for (const [name, where] of [
  ['a file', newPath],
  ['memory', () => ':memory:'],
] as const) {
  describe(`the store in ${name}`, () => {
    test('gives back what was created, and nothing else', async () => {
      const store = openSqliteStore(where())
      const full = record('full', {
        description: '',
        tags: { a: 'b', __proto__x: '' },
        workerStatus: { status: 'X' },
      })
      const branch = record('branch', { snapshotLocation: { bucket: 's', key: 'z' } })
      delete branch.schemaLocation
      await store.createSimulation(full)
      await store.createSimulation(branch)
      assert.deepEqual(await store.findSimulation('full'), full)
      assert.deepEqual(await store.findSimulation('branch'), branch)
      assert.equal(await store.findSimulation('none'), undefined)
      await store.close()
    })

    test('a name has one simulation until that is deleted', async () => {
      const store = openSqliteStore(where())
      assert.deepEqual(await store.createSimulation(record('a')), { outcome: 'created' })
      const second = record('a', { executionId: 'second' })
      assert.deepEqual(await store.createSimulation(second), { outcome: 'nameTaken' })
      assert.equal(await store.deleteSimulation('id-of-a'), true)
      assert.equal(await store.deleteSimulation('id-of-a'), false)
      assert.deepEqual(await store.createSimulation(second), { outcome: 'created' })
      await store.close()
    })

    test('a token gives the first answer again, and only for the same input', async () => {
      const store = openSqliteStore(where())
      const answer = { Arn: 'x', CreationTime: 1.5 }
      assert.deepEqual(await store.createSimulation(record('a'), token(), answer), {
        outcome: 'created',
      })
      const again = record('a', { executionId: 'other' })
      assert.deepEqual(await store.createSimulation(again, token(), {}), {
        outcome: 'repeated',
        answer,
      })
      assert.deepEqual(await store.createSimulation(again, token({ inputHash: 'other' }), {}), {
        outcome: 'misused',
      })
      assert.deepEqual(await store.claimToken(token({ operation: 'StartApp' })), { outcome: 'new' })
      await store.close()
    })

    test('a refused creation does not use its token up', async () => {
      const store = openSqliteStore(where())
      await store.createSimulation(record('a'))
      const second = record('a', { executionId: 'second' })
      assert.deepEqual(await store.createSimulation(second, token(), {}), { outcome: 'nameTaken' })
      await store.deleteSimulation('id-of-a')
      assert.deepEqual(await store.createSimulation(second, token(), {}), { outcome: 'created' })
      await store.close()
    })

    test('rejects a simulation beyond the limit without taking its token', async () => {
      const store = openSqliteStore(where())
      await store.createSimulation(record('a'), undefined, undefined, 2)
      await store.createSimulation(record('b'), undefined, undefined, 2)
      assert.deepEqual(await store.createSimulation(record('a'), undefined, undefined, 2), {
        outcome: 'nameTaken',
      })
      assert.deepEqual(await store.createSimulation(record('c'), token(), {}, 2), {
        outcome: 'tooMany',
      })
      await store.setTargetStatus('id-of-a', 'STOPPED')
      assert.deepEqual(await store.createSimulation(record('c'), token(), {}, 2), {
        outcome: 'created',
      })
      assert.deepEqual(await store.createSimulation(record('c'), token(), {}, 2), {
        outcome: 'repeated',
        answer: {},
      })
      await store.close()
    })

    test('a claimed token is open until settled or released', async () => {
      const store = openSqliteStore(where())
      assert.deepEqual(await store.claimToken(token()), { outcome: 'new' })
      assert.deepEqual(await store.claimToken(token()), { outcome: 'open' })
      await store.releaseToken('StartSimulation', 't')
      assert.deepEqual(await store.claimToken(token()), { outcome: 'new' })
      await store.settleToken('StartSimulation', 't', { a: 1 })
      assert.deepEqual(await store.claimToken(token()), { outcome: 'repeated', answer: { a: 1 } })
      await store.forgetTokensBefore(2)
      assert.deepEqual(await store.claimToken(token()), { outcome: 'new' })
      await store.close()
    })

    test('lists in byte order, page by page', async () => {
      const store = openSqliteStore(where())
      for (const name of ['b', 'B', 'a.c', 'a-c', 'a']) await store.createSimulation(record(name))
      const names = async (page?: { afterName?: string; countMax?: number }) =>
        (await store.listSimulations(page)).map((each) => each.name)
      assert.deepEqual(await names(), ['B', 'a', 'a-c', 'a.c', 'b'])
      assert.deepEqual(await names({ countMax: 2 }), ['B', 'a'])
      assert.deepEqual(await names({ afterName: 'a', countMax: 2 }), ['a-c', 'a.c'])
      await store.close()
    })

    test('changes an execution, and reports one that is gone', async () => {
      const store = openSqliteStore(where())
      await store.createSimulation(record('a'))
      assert.equal(await store.setTargetStatus('id-of-a', 'STOPPED'), true)
      assert.equal(await store.setLaunched('id-of-a'), true)
      assert.equal(await store.setWorkerStatus('id-of-a', { status: 'FAILED' }, 'lost'), true)
      const found = await store.findSimulation('a')
      assert.equal(found?.targetStatus, 'STOPPED')
      assert.equal(found?.launched, true)
      assert.deepEqual(found?.workerStatus, { status: 'FAILED' })
      assert.equal(found?.failure, 'lost')
      assert.equal(await store.setUnlaunched('id-of-a', { status: 'STARTING' }), true)
      const again = await store.findSimulation('a')
      assert.equal(again?.launched, false)
      assert.deepEqual(again?.workerStatus, { status: 'STARTING' })
      assert.equal(await store.setTargetStatus('none', 'STOPPED'), false)
      assert.equal(await store.setUnlaunched('none', {}), false)
      assert.equal(await store.setUnansweredSince('id-of-a', 5), true)
      assert.equal((await store.findSimulation('a'))?.unansweredSinceMs, 5)
      assert.equal(await store.setUnansweredSince('id-of-a', undefined), true)
      assert.equal((await store.findSimulation('a'))?.unansweredSinceMs, undefined)
      assert.equal(await store.setWorkerStatus('none', {}), false)
      await store.close()
    })

    test('tags are changed together or not at all', async () => {
      const store = openSqliteStore(where())
      await store.createSimulation(record('a', { tags: { one: '1', two: '2' } }))
      assert.equal(await store.changeTags('id-of-a', { set: { three: '3' } }, 2), 'tooMany')
      assert.equal(await store.changeTags('id-of-a', { set: { one: 'uno' } }, 2), 'changed')
      assert.equal(await store.changeTags('id-of-a', { remove: ['two', 'none'] }, 2), 'changed')
      assert.deepEqual((await store.findSimulation('a'))?.tags, { one: 'uno' })
      assert.equal(await store.changeTags('none', { remove: ['x'] }, 2), 'missing')
      await store.close()
    })
  })
}

test('what was stored is there after the store is opened again', async () => {
  const path = newPath()
  const first = openSqliteStore(path)
  await first.createSimulation(record('a', { tags: { k: 'v' } }))
  await first.close()
  const second = openSqliteStore(path)
  assert.deepEqual(await second.findSimulation('a'), record('a', { tags: { k: 'v' } }))
  await second.close()
})

test('a store of a newer version is refused with both versions', () => {
  const path = newPath()
  const database = new DatabaseSync(path)
  database.exec(`PRAGMA user_version = ${MIGRATIONS.length + 1}`)
  database.close()
  assert.throws(
    () => openSqliteStore(path),
    (error) =>
      error instanceof StoreError &&
      error.fault === 'Unreadable' &&
      error.message.includes(`has version ${MIGRATIONS.length + 1}, `) &&
      error.message.includes(`up to ${MIGRATIONS.length}: use the newer Heddle that wrote it`),
  )
})

test('a store of each older version is brought up to date with all that it holds', async () => {
  for (let version = 1; version < MIGRATIONS.length; version++) {
    const path = newPath()
    const database = new DatabaseSync(path)
    for (const sql of MIGRATIONS.slice(0, version)) database.exec(sql)
    database.exec(`PRAGMA user_version = ${version}`)
    database.exec(`
      INSERT INTO simulations (
        execution_id, name, arn, created_at_ms, role_arn, maximum_duration,
        schema_bucket, schema_key, tags, target_status, launched
      ) VALUES (
        'id-of-old', 'old', 'arn:of:old', 1700000000123, 'arn:aws:iam::111122223333:role/r', '14D',
        'b', 'k', '{"a":"b"}', 'STARTED', 0
      );
      INSERT INTO tokens VALUES ('StartSimulation', 't', 'h', 1, '{"Arn":"x"}');
    `)
    database.close()
    const store = openSqliteStore(path)
    assert.deepEqual(
      await store.findSimulation('old'),
      record('old', { tags: { a: 'b' }, arn: 'arn:of:old' }),
    )
    assert.deepEqual(await store.claimToken(token()), { outcome: 'repeated', answer: { Arn: 'x' } })
    await store.close()
    const after = new DatabaseSync(path)
    assert.equal(after.prepare('PRAGMA user_version').get()?.user_version, MIGRATIONS.length)
    after.close()
  }
})

test('each change gives another revision, whoever makes it, and reading gives none', async () => {
  const path = newPath()
  const store = openSqliteStore(path)
  const other = openSqliteStore(path)
  const changes: [name: string, change: (from: Store) => Promise<unknown>][] = [
    ['create', (from) => from.createSimulation(record('a'), token(), {})],
    ['target', (from) => from.setTargetStatus('id-of-a', 'STOPPED')],
    ['launched', (from) => from.setLaunched('id-of-a')],
    ['unlaunched', (from) => from.setUnlaunched('id-of-a', { revision: 1 })],
    ['status', (from) => from.setWorkerStatus('id-of-a', { revision: 2 })],
    ['tags', (from) => from.changeTags('id-of-a', { set: { team: 'b' } }, 50)],
    ['delete', (from) => from.deleteSimulation('id-of-a')],
  ]
  for (const from of [store, other]) {
    await from.forgetTokensBefore(Number.MAX_SAFE_INTEGER)
    for (const [name, change] of changes) {
      const before = store.revision()
      await store.findSimulation('a')
      await store.listSimulations()
      assert.equal(store.revision(), before, name)
      await change(from)
      if (from === other) await nextTurn()
      assert.notEqual(store.revision(), before, name)
    }
  }
  await store.close()
  await other.close()
})

test('a migration that fails leaves the store at its version', () => {
  const path = newPath()
  const database = new DatabaseSync(path)
  database.exec(MIGRATIONS[0])
  // The index of the next step exists already.
  database.exec(
    'CREATE INDEX simulations_by_target_status ON simulations (name); PRAGMA user_version = 1',
  )
  database.close()
  assert.throws(() => openSqliteStore(path), StoreError)
  const after = new DatabaseSync(path)
  assert.equal(after.prepare('PRAGMA user_version').get()?.user_version, 1)
  after.close()
})

test('a file that is no store is refused, and left as it was', async () => {
  const path = newPath()
  await writeFile(path, 'a letter to a friend, long enough not to be empty')
  assert.throws(() => openSqliteStore(path), StoreError)
})

test('a damaged column is named with its place, and concerns its simulation alone', async () => {
  const path = newPath()
  const store = openSqliteStore(path)
  const workerStatus = { status: 'STARTED' }
  for (const name of ['struck', 'whole'])
    await store.createSimulation(record(name, { tags: { a: 'b' }, workerStatus }))
  const database = new DatabaseSync(path)
  const damages = "tags = '{\"a\":5}', worker_status = '{\"sta', target_status = 'GONE'"
  database.exec(`UPDATE simulations SET ${damages} WHERE name = 'struck'`)
  database.close()
  const [struck, whole] = await store.listSimulations()
  assert.deepEqual(whole, record('whole', { tags: { a: 'b' }, workerStatus }))
  const { faults = [], ...kept } = struck
  assert.deepEqual(kept, record('struck'))
  assert.deepEqual(
    faults.map((fault) => fault.replace(/(: [^:]+).*/, '$1')),
    [
      'tags of struck in the store is damaged: a',
      'target_status of struck in the store is damaged: Invalid option',
      'worker_status of struck in the store is damaged: ' +
        'Unterminated string in JSON at position 5 (line 1 column 6)',
    ],
  )
  assert.equal(await store.changeTags('id-of-struck', { set: { c: 'd' } }, 50), 'changed')
  assert.deepEqual((await store.findSimulation('struck'))?.tags, { c: 'd' })
  await store.close()
})

test('a damaged answer of a token is named with its token, and repeats nothing', async () => {
  const path = newPath()
  const store = openSqliteStore(path)
  const first = { operation: 'StartApp', token: 'mine', inputHash: 'h', createdAtMs: 1 }
  await store.claimToken(first)
  await store.settleToken('StartApp', 'mine', { Name: 'eye' })
  const database = new DatabaseSync(path)
  database.exec('UPDATE tokens SET answer = \'{"Name":\'')
  database.close()
  await assert.rejects(
    store.claimToken(first),
    /StoreError: the answer of StartApp with ClientToken mine in the store is damaged: /,
  )
  await store.close()
})
