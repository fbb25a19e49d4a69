import assert from 'node:assert/strict'
import { test } from 'node:test'
import { failureOf, requireFiles, StartFailure, startFailure } from './start-failure.ts'

test('a world whose apps could not have all files open is refused with both numbers', () => {
  requireFiles(192, 1024)
  assert.throws(
    () => requireFiles(193, 1024),
    (failure) =>
      failure instanceof StartFailure &&
      failure.errors[0]?.errorType === 'CapacityExceeded' &&
      /193 apps need 1029 open files, and the worker may have 1024.*ulimit -n/.test(
        failure.message,
      ),
  )
})

test('what ends a start is told as it is, and open files are named', () => {
  const known = startFailure('SchemaNotFound', 'there is none')
  assert.equal(failureOf(known), known)
  assert.deepEqual(failureOf(new Error('odd')).errors, [
    { errorType: 'InternalError', errorMessage: 'odd' },
  ])
  const full = Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' })
  const [error] = failureOf(
    new Error('the segment control can not be made', { cause: full }),
  ).errors
  assert.equal(error?.errorType, 'CapacityExceeded')
  assert.match(error?.errorMessage ?? '', /ulimit -n\): the segment control/)
})
