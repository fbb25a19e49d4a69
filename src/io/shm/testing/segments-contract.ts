// What every kind of segments must do: one suite for the shared ones and their twins.
// Owns the cases; never knows which kind it is given.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PAGE_BYTES, type Range, type Segment, type Segments } from '../../../base/memory.ts'

export function segmentsContract(
  kind: string,
  make: () => { segments: Segments; end(): void },
): void {
  const check = (behaviour: string, body: (segments: Segments) => void) =>
    test(`${kind}: ${behaviour}`, () => {
      const { segments, end } = make()
      try {
        body(segments)
      } finally {
        end()
      }
    })

  check('a new segment is at least as long as asked for, and all zero', (segments) => {
    const segment = made(segments, 'one', 3 * PAGE_BYTES)
    assert.equal(segment.name, 'one')
    assert.ok(segment.bytes >= 3 * PAGE_BYTES)
    assert.ok(bytesOf(segment).every((byte) => byte === 0))
  })

  check(
    'what is written where it was claimed is read by everybody who opens the segment',
    (segments) => {
      const segment = made(segments, 'one', 2 * PAGE_BYTES)
      assert.equal(segment.claim(PAGE_BYTES, 16), true)
      bytesOf(segment)[PAGE_BYTES + 9] = 15
      assert.equal(bytesOf(segments.open('one', first(2 * PAGE_BYTES), false))[PAGE_BYTES + 9], 15)
    },
  )

  check('segments of other names are other memory', (segments) => {
    const [one, other] = ['one', 'other'].map((name) => made(segments, name, PAGE_BYTES))
    assert.ok(one.claim(0, 1) && other.claim(0, 1))
    bytesOf(one)[0] = 1
    assert.equal(bytesOf(other)[0], 0)
  })

  check(
    'asked for more bytes it is the same memory through a longer buffer, and older views stay good',
    (segments) => {
      const segment = made(segments, 'one', PAGE_BYTES)
      assert.ok(segment.claim(0, PAGE_BYTES))
      const before = bytesOf(segment, 8)
      before[0] = 1
      const longer = segments.open('one', first(2 * PAGE_BYTES), true)
      assert.ok(longer.bytes >= 2 * PAGE_BYTES)
      assert.ok(longer.claim(PAGE_BYTES, 8))
      const after = bytesOf(longer, 2 * PAGE_BYTES)
      assert.equal(after[0], 1)
      after[1] = 2
      before[2] = 3
      after[PAGE_BYTES] = 4
      assert.deepEqual([before[1], after[2], after[PAGE_BYTES]], [2, 3, 4])
    },
  )

  check('claiming again what is claimed, or nothing, changes nothing', (segments) => {
    const segment = made(segments, 'one', 4 * PAGE_BYTES)
    assert.ok(segment.claim(100, PAGE_BYTES))
    bytesOf(segment)[200] = 7
    assert.ok(
      segment.claim(0, 2 * PAGE_BYTES) && segment.claim(100, PAGE_BYTES) && segment.claim(0, 0),
    )
    assert.equal(bytesOf(segment)[200], 7)
  })

  check('a segment that was removed is all zero when it is made again', (segments) => {
    const segment = made(segments, 'one', PAGE_BYTES)
    assert.ok(segment.claim(0, 8))
    bytesOf(segment)[0] = 1
    segments.remove('one')
    assert.equal(bytesOf(made(segments, 'one', PAGE_BYTES))[0], 0)
  })

  check(
    'what is given back reads as zero, what lies beside it stays, and it can be claimed again',
    (segments) => {
      const segment = made(segments, 'one', 4 * PAGE_BYTES)
      assert.ok(segment.claim(0, 4 * PAGE_BYTES))
      bytesOf(segment, 4 * PAGE_BYTES).fill(7)
      segment.release(PAGE_BYTES, 2 * PAGE_BYTES)
      const bytes = bytesOf(segment)
      assert.deepEqual([bytes[PAGE_BYTES - 1], bytes[3 * PAGE_BYTES]], [7, 7])
      assert.ok(bytes.subarray(PAGE_BYTES, 3 * PAGE_BYTES).every((byte) => byte === 0))
      assert.ok(segment.claim(PAGE_BYTES, PAGE_BYTES))
      bytes[PAGE_BYTES] = 5
      assert.equal(bytesOf(segments.open('one', first(PAGE_BYTES), false))[PAGE_BYTES], 5)
      segment.release(0, 0)
      segment.release(2 * PAGE_BYTES, PAGE_BYTES)
      assert.equal(bytes[PAGE_BYTES], 5, 'giving back what is not claimed does nothing')
    },
  )

  check('ranges of one file are other memory, and go with it', (segments) => {
    segments.create('folder/one', 4 * PAGE_BYTES)
    const [one, other] = [0, 2].map((page) =>
      segments.open('folder/one', { offsetBytes: page * PAGE_BYTES, bytes: PAGE_BYTES }, true),
    )
    assert.ok(one.claim(0, PAGE_BYTES) && other.claim(0, PAGE_BYTES))
    bytesOf(one)[5] = 1
    bytesOf(other)[5] = 2
    assert.deepEqual([bytesOf(one)[5], bytesOf(other)[5]], [1, 2])
    other.release(0, PAGE_BYTES)
    assert.deepEqual([bytesOf(one)[5], bytesOf(other)[5]], [1, 0])
    segments.remove('folder')
    assert.throws(() => segments.open('folder/one', first(PAGE_BYTES), true), /cannot open/)
  })

  check(
    'a file that nobody made, one that is there already, and a range beyond the end are errors',
    (segments) => {
      assert.throws(
        () => segments.open('none', first(PAGE_BYTES), true),
        /cannot open the fabric's file 'none'/,
      )
      segments.create('one', PAGE_BYTES)
      assert.throws(() => segments.create('one', PAGE_BYTES), /cannot make the fabric's file 'one'/)
      const beyond = { offsetBytes: PAGE_BYTES, bytes: PAGE_BYTES }
      assert.throws(() => segments.open('one', beyond, true), /has 4096 bytes, and 8192 are needed/)
    },
  )

  check('removing what does not exist does nothing', (segments) => segments.remove('none'))
}

/** The contract for segments of which `roomBytes` and a little more can be claimed in all. */
export function fullMachineContract(segments: Segments, roomBytes: number): void {
  const one = made(segments, 'one', 4 * roomBytes)
  assert.equal(one.claim(0, 2 * roomBytes), false, 'there is no room for so much')
  assert.equal(one.claim(0, roomBytes / 2), true, 'a claim that failed took nothing')
  bytesOf(one, roomBytes / 2).fill(1)
  const other = made(segments, 'other', 4 * roomBytes)
  assert.equal(other.claim(0, roomBytes), false, 'all segments share the room')
  assert.equal(one.claim(0, roomBytes / 2), true, 'what is claimed stays claimed')
  assert.ok(bytesOf(one, roomBytes / 2).every((byte) => byte === 1))
  segments.remove('other')
  assert.equal(one.claim(roomBytes / 2, roomBytes / 4), true)
  assert.equal(one.claim(roomBytes, roomBytes / 2), false)
  one.release(0, roomBytes / 2)
  assert.equal(one.claim(roomBytes, roomBytes / 2), true, 'what is given back makes room')
}

/** The first `bytes` of a new file that is some pages longer. */
function made(segments: Segments, name: string, bytes: number): Segment {
  segments.create(name, bytes + 8 * PAGE_BYTES)
  return segments.open(name, first(bytes), true)
}

function first(bytes: number): Range {
  return { offsetBytes: 0, bytes }
}

function bytesOf({ buffer, startBytes, bytes }: Segment, count = bytes): Uint8Array {
  return new Uint8Array(buffer, startBytes, count)
}
