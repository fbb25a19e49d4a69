import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  fullMachineContract,
  segmentsContract,
} from '../../src/io/shm/testing/segments-contract.ts'
import { PooledSegments } from './pooled-segments.ts'

segmentsContract('pooled', () => {
  const segments = new PooledSegments({ headroomBytes: 65_536 })
  return { segments, end: () => segments.release() }
})

test('pooled: a limit plays a machine that is full', () => {
  const segments = new PooledSegments({ headroomBytes: 0 })
  segments.limitBytes = 1024 ** 2
  fullMachineContract(segments, 1024 ** 2)
})

test('pooled: a write to what was not claimed is found, and one to what was claimed is not', () => {
  const segments = new PooledSegments({ headroomBytes: 0 })
  segments.create('one', 8192)
  const segment = segments.open('one', { offsetBytes: 0, bytes: 8192 })
  assert.ok(segment.claim(0, 1))
  const bytes = new Uint8Array(segment.buffer)
  bytes[4095] = 1
  assert.equal(segments.writtenUnclaimed(), undefined)
  bytes[4096] = 1
  assert.match(segments.writtenUnclaimed()!, /one, page 1/)
})
