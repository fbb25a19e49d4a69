import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { diskFault } from './disk-fault.ts'

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code })
}

test('an error of the disk is found among the causes of another one', () => {
  const full = new Error('the record', {
    cause: new Error('can not be written', { cause: systemError('ENOSPC') }),
  })
  assert.equal(diskFault(full), 'is full')
  assert.match(diskFault(systemError('EDQUOT')) ?? '', /quota/)
  assert.equal(diskFault(systemError('EROFS')), 'can only be read')
  for (const other of [systemError('ENOENT'), new Error('ENOSPC'), 'ENOSPC', undefined, null])
    assert.equal(diskFault(other), undefined)
})

test('SQLite says by number that its disk is full', () => {
  using database = new DatabaseSync(':memory:')
  database.exec('PRAGMA max_page_count = 3; CREATE TABLE texts (text TEXT)')
  const insert = () => database.prepare('INSERT INTO texts VALUES (?)').run('x'.repeat(100_000))
  assert.throws(insert, (error) => diskFault(error) === 'is full')
  assert.throws(
    () => database.exec('SELECT nonsense'),
    (error) => diskFault(error) === undefined,
  )
})
