import assert from 'node:assert/strict'
import { test } from 'node:test'
import { snapshotKey, snapshotKeyPrefix, snapshotKeyTimeMs } from './snapshot-key.ts'

test('a key names its simulation and the time at which the snapshot began', () => {
  const atMs = Date.UTC(2026, 1, 3, 4, 5, 6)
  for (const prefix of [undefined, '', 'safe', 'safe/deep/']) {
    const key = snapshotKey(prefix, 'World', atMs + 789)
    assert.equal(snapshotKeyTimeMs(prefix, 'World', key), atMs)
    assert.ok(key.startsWith(snapshotKeyPrefix(prefix, 'World')))
    assert.equal(snapshotKeyTimeMs(prefix, 'World2', key), undefined)
  }
  assert.equal(snapshotKey('safe', 'World', atMs), 'safe/snapshot/World-260203-0405-06.zip')
  // A key of another simulation whose name begins with this one's.
  assert.equal(snapshotKeyTimeMs('', 'World', 'snapshot/World-two-260203-0405-06.zip'), undefined)
  assert.equal(snapshotKeyTimeMs('', 'World', 'snapshot/World-notes.zip'), undefined)
  assert.equal(snapshotKeyTimeMs('', 'World', 'snapshot/World-269903-0405-06.zip'), undefined)
})
