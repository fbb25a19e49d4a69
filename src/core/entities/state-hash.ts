// A hash of a world's state that depends neither on the layout nor on any order: two worlds with
// the same entities have the same hash, whichever partitions and rows they lie in.
// Owns what is mixed in which order; never keeps a reference to columns.
//
// Each entity is mixed to 64 bits over the 32-bit words: id (low, high), type, the bits of x, y, z,
// and for each field that it has, in rising order of index: index, type, length, bytes (little
// endian, the last word padded with zeros). The world's hash is the sum of all of them modulo 2^64.
// Bits count as they are stored: +0 and -0 differ.

import { assert } from '../../base/assert.ts'
import {
  firstMix,
  lanes,
  mixConstant,
  mixRows,
  rowsAtOnce,
  rowsThatFit,
  secondMix,
} from './mix-words.ts'
import type { FieldColumn } from './partition-state.ts'

/**
 * The columns of some entities. Arrays may be longer than the rows used, and may lie in shared
 * memory.
 */
export interface StateHash {
  /**
   * Adds the first `rows` rows, except those whose byte in `state` is 0. A negative length means
   * that the row has no such field. Neither the order of `fields` nor the split of rows over calls
   * makes a difference.
   */
  addRows(
    ids: Float64Array,
    types: Uint32Array,
    positions: Float32Array,
    fields: readonly FieldColumn[],
    rows: number,
    state?: Uint8Array,
  ): void
  /** Returns the hash of all rows so far, 16 hex digits. More rows may be added afterwards. */
  digest(): string
  /** The number of entities added so far. */
  readonly count: number
}

export function createStateHash(): StateHash {
  let sumLow = 0
  let sumHigh = 0
  let count = 0

  function addRows(
    ids: Float64Array,
    types: Uint32Array,
    positions: Float32Array,
    fields: readonly FieldColumn[],
    rows: number,
    state?: Uint8Array,
  ): void {
    assert(
      rows <= ids.length && rows <= types.length && rows * 3 <= positions.length,
      'a column is shorter than the rows',
    )
    const sorted = [...fields].sort((one, other) => one.index - other.index)
    for (const field of sorted) {
      assert(
        rows <= field.lengths.length && rows <= field.typeIds.length,
        'a field is shorter than the rows',
      )
    }
    for (let start = 0; start < rows; start += rowsAtOnce) {
      const end = Math.min(start + rowsAtOnce, rows)
      mixHead(ids, types, positions, start, end)
      for (const field of sorted) mixField(field, start, end)
      addUp(start, end, state)
    }
  }

  function addUp(start: number, end: number, state: Uint8Array | undefined): void {
    const { first: firsts, second: seconds } = lanes
    // Sums halves of 16 bits, which 2,048 rows cannot overflow: sums of whole words would exceed
    // the engine's small integers.
    let low0 = 0
    let low1 = 0
    let high0 = 0
    let high1 = 0
    let added = 0
    for (let row = start; row < end; row++) {
      if (state !== undefined && state[row] === 0) continue
      const first = firsts[row - start]!
      const second = seconds[row - start]!
      const mixed = finalMix((first + second) | 0)
      const high = finalMix((second + mixed) | 0)
      const low = (mixed + high) | 0
      low0 += low & 0xffff
      low1 += low >>> 16
      high0 += high & 0xffff
      high1 += high >>> 16
      added++
    }
    addToSum(low1 * 0x1_0000 + low0, high1 * 0x1_0000 + high0)
    count += added
  }

  function addToSum(low: number, high: number): void {
    const lows = sumLow + low
    sumLow = lows % 0x1_0000_0000
    sumHigh = (sumHigh + high + Math.floor(lows / 0x1_0000_0000)) % 0x1_0000_0000
  }

  return {
    addRows,
    digest: () => hexWord(sumHigh) + hexWord(sumLow),
    get count() {
      return count
    },
  }
}

/** Returns the hash of all entities together, from hashes of parts of them. */
export function sumOfStateHashes(hashes: readonly string[]): string {
  const sum = hashes.reduce((sum, hash) => sum + BigInt(`0x${hash}`), 0n)
  return BigInt.asUintN(64, sum).toString(16).padStart(16, '0')
}

/**
 * Returns 64 bits for each row's value of a field, two words a row. Equal values have equal words;
 * both words are 0 if there is no value.
 */
export function fieldDigests(field: FieldColumn, rows: number): Uint32Array {
  const digests = new Uint32Array(rows * 2)
  for (let start = 0; start < rows; start += rowsAtOnce) {
    const end = Math.min(start + rowsAtOnce, rows)
    lanes.first.fill(FIRST_SEED)
    lanes.second.fill(SECOND_SEED)
    mixField(field, start, end)
    for (let row = start; row < end; row++) {
      if (field.lengths[row]! < 0) continue
      digests[row * 2] = finalMix(lanes.first[row - start]!)
      digests[row * 2 + 1] = finalMix(lanes.second[row - start]!) || 1
    }
  }
  return digests
}

const FIRST_SEED = 0x243f6a88
const SECOND_SEED = 0x13198a2e

function mixHead(
  ids: Float64Array,
  types: Uint32Array,
  positions: Float32Array,
  start: number,
  end: number,
): void {
  const { first, second } = lanes
  const rows = end - start
  for (let row = 0; row < rows; row++) {
    const id = ids[start + row]!
    const idLow = id | 0
    const idHigh = (id / 0x1_0000_0000) | 0
    let a = firstMix(FIRST_SEED, idLow, SECOND_SEED)
    let b = secondMix(SECOND_SEED, idLow, a)
    a = firstMix(a, idHigh, b)
    b = secondMix(b, idHigh, a)
    first[row] = a
    second[row] = b
  }
  mixRows(wordsOf(types), start, 1, 1, 0, rows)
  mixRows(wordsOf(positions), start * 3, 3, 3, 0, rows)
}

function mixField(field: FieldColumn, start: number, end: number): void {
  const { lengths, stride, data } = field
  const isAligned = stride % 4 === 0 && data.byteOffset % 4 === 0
  const length = lengths[start]!
  let isUniform = isAligned && length >= 0 && length % 4 === 0 && rowsThatFit(stride / 4) > 0
  for (let row = start; row < end && isUniform; row++) isUniform = lengths[row] === length
  if (isUniform) mixUniformField(field, length, start, end)
  else mixFieldByRow(field, start, end)
}

/** Mixes rows that all have a value of the same number of whole words. */
function mixUniformField(
  { index, typeIds, stride, data }: FieldColumn,
  length: number,
  start: number,
  end: number,
): void {
  const rows = end - start
  mixConstant(index, rows)
  mixRows(wordsOf(typeIds), start, 1, 1, 0, rows)
  mixConstant(length, rows)
  const words = wordsOf(data)
  const step = stride / 4
  const atOnce = rowsThatFit(step)
  for (let row = 0; row < rows && length > 0; row += atOnce)
    mixRows(words, (start + row) * step, step, length / 4, row, Math.min(atOnce, rows - row))
}

function mixFieldByRow(field: FieldColumn, start: number, end: number): void {
  const { first, second } = lanes
  const { index, lengths, typeIds, stride, data } = field
  const aligned = stride % 4 === 0 && data.byteOffset % 4 === 0
  const words = aligned ? wordsOf(data) : NO_WORDS
  for (let row = start; row < end; row++) {
    const length = lengths[row]!
    if (length < 0) continue
    let a = first[row - start]!
    let b = second[row - start]!
    a = firstMix(a, index, b)
    b = secondMix(b, index, a)
    a = firstMix(a, typeIds[row]! | 0, b)
    b = secondMix(b, typeIds[row]! | 0, a)
    a = firstMix(a, length, b)
    b = secondMix(b, length, a)
    const offset = row * stride
    const wholeEnd = length & ~3
    for (let at = 0; at < wholeEnd; at += 4) {
      const word = aligned ? words[offset / 4 + (at >>> 2)]! : bytesWord(data, offset + at, 4)
      a = firstMix(a, word, b)
      b = secondMix(b, word, a)
    }
    if (wholeEnd < length) {
      const word = bytesWord(data, offset + wholeEnd, length - wholeEnd)
      a = firstMix(a, word, b)
      b = secondMix(b, word, a)
    }
    first[row - start] = a
    second[row - start] = b
  }
}

function wordsOf({
  buffer,
  byteOffset,
  byteLength,
}: Uint32Array | Float32Array | Uint8Array): Int32Array {
  return new Int32Array(buffer, byteOffset, byteLength >>> 2)
}

const NO_WORDS = new Int32Array(0)

function bytesWord(data: Uint8Array, offset: number, bytes: number): number {
  let word = 0
  for (let at = 0; at < bytes; at++) word |= data[offset + at]! << (8 * at)
  return word
}

/** Spreads every bit of a lane over all 32: two rounds of xor-shift and multiply. */
function finalMix(word: number): number {
  let mixed = word ^ (word >>> 16)
  mixed = Math.imul(mixed, 0x85ebca6b)
  mixed ^= mixed >>> 13
  mixed = Math.imul(mixed, 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}

function hexWord(word: number): string {
  return word.toString(16).padStart(8, '0')
}
