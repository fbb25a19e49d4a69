import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { closeSync, existsSync, fstatSync, mkdtempSync, openSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { MemorySegments } from './memory-segments.ts'
import { SharedSegments } from './shared-segments.ts'
import { fullMachineContract, segmentsContract } from './testing/segments-contract.ts'

const sharedParent = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

function inFolder(): { folder: string; end(): void } {
  const folder = mkdtempSync(join(sharedParent, 'heddle-segments-'))
  return { folder, end: () => rmSync(folder, { recursive: true }) }
}

segmentsContract('inside one process', () => ({ segments: new MemorySegments(), end: () => undefined }))

segmentsContract('shared', () => {
  const { folder, end } = inFolder()
  return { segments: new SharedSegments(folder), end }
})

test('inside one process: a limit plays a machine that is full', () => {
  const segments = new MemorySegments({ limitBytes: 1024 ** 2 })
  fullMachineContract(segments, 1024 ** 2)
  segments.remove('one')
  assert.equal(segments.claimedBytes, 0)
})

test('shared: a claim on a file system that is full answers false, and touching what was claimed is safe', (context) => {
  const { folder, end } = inFolder()
  try {
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'heddle-test', folder], { stdio: 'ignore' })
    } catch (cause) {
      context.skip(`a tmpfs can't be mounted here: ${(cause as Error).message}`)
      return
    }
    try {
      fullMachineContract(new SharedSegments(folder), 1024 ** 2)
    } finally {
      execFileSync('umount', ['--lazy', folder])
    }
  } finally {
    end()
  }
})

test('shared: a reservation far beyond the memory of the machine costs nothing until it is claimed', () => {
  const { folder, end } = inFolder()
  try {
    const segment = new SharedSegments(folder).open('huge', 2 ** 36, true)
    assert.equal(segment.bytes, 2 ** 36)
    assert.ok(segment.claim(2 ** 36 - 4096, 4096))
    const last = new Uint8Array(segment.buffer, segment.startBytes + 2 ** 36 - 1, 1)
    last[0] = 9
    assert.equal(last[0], 9)
  } finally {
    end()
  }
})

test('shared: removing leaves no file', () => {
  const { folder, end } = inFolder()
  try {
    const segments = new SharedSegments(folder)
    segments.open('one', 4096, true)
    assert.deepEqual(readdirSync(folder), ['one'])
    segments.remove('one')
    assert.deepEqual(readdirSync(folder), [])
  } finally {
    end()
  }
})

test('shared: a removed segment gives its memory back, also while somebody has it mapped', () => {
  const { folder, end } = inFolder()
  try {
    const [owner, reader] = [new SharedSegments(folder), new SharedSegments(folder)]
    const bytes = 64 * 4096
    const segment = owner.open('one', bytes, true)
    assert.ok(segment.claim(0, bytes))
    new Uint8Array(segment.buffer, segment.startBytes, bytes).fill(7)
    const seen = reader.open('one', bytes, false)
    const file = openSync(join(folder, 'one'), 'r')
    assert.ok(fstatSync(file).blocks > 0)
    // Also by one that has it open for reading only.
    reader.remove('one')
    assert.deepEqual(readdirSync(folder), [])
    assert.equal(fstatSync(file).blocks, 0)
    assert.equal(new Uint8Array(seen.buffer, seen.startBytes, bytes)[4096], 0)
    closeSync(file)
  } finally {
    end()
  }
})

test('shared: a segment that nobody made is an error with its cause for a reader, and so is a missing folder', () => {
  const { folder, end } = inFolder()
  try {
    const missing = (error: Error) => (error.cause as NodeJS.ErrnoException).code === 'ENOENT'
    assert.throws(() => new SharedSegments(folder).open('none', 4096, false), missing)
    assert.throws(() => new SharedSegments(join(folder, 'none')).open('one', 4096, true), missing)
  } finally {
    end()
  }
})
