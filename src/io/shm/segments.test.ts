import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Range } from '../../base/memory.ts'
import { MemorySegments } from './memory-segments.ts'
import { SharedSegments } from './shared-segments.ts'
import { fullMachineContract, segmentsContract } from './testing/segments-contract.ts'

const sharedParent = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

function inFolder(): { folder: string; end(): void } {
  const folder = mkdtempSync(join(sharedParent, 'heddle-segments-'))
  return { folder, end: () => rmSync(folder, { recursive: true }) }
}

segmentsContract('inside one process', () => ({
  segments: new MemorySegments(),
  end: () => undefined,
}))

segmentsContract('shared', () => {
  const { folder, end } = inFolder()
  return { segments: new SharedSegments(folder), end }
})

function whole(bytes: number): Range {
  return { offsetBytes: 0, bytes }
}

test('inside one process: a limit plays a machine that is full', () => {
  const segments = new MemorySegments({ limitBytes: 1024 ** 2 })
  fullMachineContract(segments, 1024 ** 2)
  segments.remove('one')
  assert.equal(segments.claimedBytes, 0)
})

test('shared: a claim on a full file system fails, and claimed memory is safe', (context) => {
  const { folder, end } = inFolder()
  try {
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'heddle-test', folder], {
        stdio: 'ignore',
      })
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

test("shared: a reservation beyond the machine's memory costs nothing until it is claimed", () => {
  const { folder, end } = inFolder()
  try {
    const segments = new SharedSegments(folder)
    segments.create('huge', 2 ** 36)
    const segment = segments.open('huge', whole(2 ** 36), true)
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
    segments.create('one', 4096)
    segments.create('two/one', 8192)
    segments.create('two/other', 4096)
    segments.open('one', whole(4096), true)
    segments.open('two/one', { offsetBytes: 4096, bytes: 4096 }, true)
    assert.deepEqual(readdirSync(folder).sort(), ['one', 'two'])
    segments.remove('two')
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
    owner.create('one', bytes)
    const segment = owner.open('one', whole(bytes), true)
    assert.ok(segment.claim(0, bytes))
    new Uint8Array(segment.buffer, segment.startBytes, bytes).fill(7)
    const seen = reader.open('one', whole(bytes), false)
    const file = openSync(join(folder, 'one'), 'r')
    assert.ok(fstatSync(file).blocks > 0)
    // A segment that is open for reading only can be removed as well.
    reader.remove('one')
    assert.deepEqual(readdirSync(folder), [])
    assert.equal(fstatSync(file).blocks, 0)
    assert.equal(new Uint8Array(seen.buffer, seen.startBytes, bytes)[4096], 0)
    closeSync(file)
  } finally {
    end()
  }
})

test('shared: opening a missing segment or folder is an error with its cause', () => {
  const { folder, end } = inFolder()
  try {
    const missing = (error: Error) => (error.cause as NodeJS.ErrnoException).code === 'ENOENT'
    assert.throws(() => new SharedSegments(folder).open('none', whole(4096), false), missing)
    assert.throws(
      () => new SharedSegments(join(folder, 'none')).open('one', whole(4096), true),
      missing,
    )
  } finally {
    end()
  }
})

test('shared: files have their full length from the start, are private, and never grow', () => {
  const { folder, end } = inFolder()
  try {
    const segments = new SharedSegments(folder)
    segments.create('two/one', 3 * 4096)
    const path = join(folder, 'two', 'one')
    const modeOf = (name: string) => statSync(name).mode & 0o777
    assert.deepEqual(
      [modeOf(join(folder, 'two')), modeOf(path), statSync(path).size],
      [0o700, 0o600, 3 * 4096],
    )
    assert.throws(
      () => segments.create('two/one', 4096),
      /cannot make the fabric's file 'two\/one'/,
    )
    const segment = segments.open('two/one', { offsetBytes: 4096, bytes: 4096 }, true)
    assert.ok(segment.claim(0, 8 * 4096), 'a claim beyond the end')
    assert.equal(statSync(path).size, 3 * 4096)
  } finally {
    end()
  }
})

test('shared: a file that somebody has shortened is refused before it is mapped', () => {
  const { folder, end } = inFolder()
  try {
    new SharedSegments(folder).create('one', 3 * 4096)
    truncateSync(join(folder, 'one'), 4096)
    const open = () =>
      new SharedSegments(folder).open('one', { offsetBytes: 4096, bytes: 4096 }, false)
    assert.throws(open, /file 'one' has 4096 bytes, and 8192 are needed: somebody shortened it/)
  } finally {
    end()
  }
})
