import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { after, before } from '../../base/testing/hooks.ts'
import { MadeSnapshots } from './made-snapshots.ts'

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'heddle-made-'))
})
after(() => rm(folder, { recursive: true }))

const keysOf = (made: MadeSnapshots) => made.newestFirst.map(({ key }) => key)

test('the next worker knows what the one before it has made, newest first', () => {
  const first = new MadeSnapshots(folder)
  assert.deepEqual(keysOf(first), [])
  for (const key of ['a', 'b', 'c']) first.add({ bucket: 'safe', key, isAutomatic: key !== 'b' })
  first.forget({ bucket: 'safe', key: 'a' })
  first.forget({ bucket: 'other', key: 'c' })
  assert.deepEqual(new MadeSnapshots(folder).newestFirst, [
    { bucket: 'safe', key: 'c', isAutomatic: true },
    { bucket: 'safe', key: 'b', isAutomatic: false },
  ])
})

test('of those that callers asked for it remembers the newest few, and all others', () => {
  const made = new MadeSnapshots(folder)
  for (let count = 0; count < 40; count++)
    made.add({ bucket: 'safe', key: `${count}`, isAutomatic: false })
  assert.deepEqual(keysOf(new MadeSnapshots(folder)), [
    ...Array.from({ length: 16 }, (_, place) => `${39 - place}`),
    'c',
  ])
})

test('a list that is damaged is no empty one: it is named, and put aside', async () => {
  const file = join(folder, 'snapshots.json')
  const damages = [
    '[{"bucket"',
    'null',
    '{}',
    '[null]',
    '[{"bucket": "safe", "key": 5, "isAutomatic": true}]',
  ]
  for (const text of damages) {
    await writeFile(file, text)
    const made = new MadeSnapshots(folder)
    assert.ok(made.fault?.startsWith(`${file} `), text)
    assert.deepEqual([made.isUnknown, keysOf(made)], [true, []])
    assert.equal(await readFile(`${file}.damaged`, 'utf8'), text)
    made.add({ bucket: 'safe', key: 'new', isAutomatic: true })
    const next = new MadeSnapshots(folder)
    assert.deepEqual([next.fault, next.isUnknown, keysOf(next)], [undefined, false, ['new']])
  }
  await rm(file)
  const none = new MadeSnapshots(folder)
  assert.deepEqual([none.fault, none.isUnknown], [undefined, true])
})
