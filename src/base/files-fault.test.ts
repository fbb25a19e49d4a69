import assert from 'node:assert/strict'
import { test } from 'node:test'
import { filesFault } from './files-fault.ts'

test('the limit that is reached is named from any depth of an error, and no other error is', () => {
  const fault = (code: string) => Object.assign(new Error('open failed'), { code })
  assert.match(filesFault(fault('EMFILE')) ?? '', /process .*ulimit -n/)
  assert.match(filesFault(fault('ENFILE')) ?? '', /machine .*fs\.file-max/)
  const deep = new Error('a', { cause: new Error('b', { cause: fault('EMFILE') }) })
  assert.match(filesFault(deep) ?? '', /ulimit -n/)
  for (const other of [fault('ENOENT'), new Error('EMFILE'), { code: 'EMFILE' }, undefined]) {
    assert.equal(filesFault(other), undefined)
  }
})
