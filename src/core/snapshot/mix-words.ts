// Mixes columns of 32-bit words into two lanes a row: the inner loop of the state hash, four rows at once.
// Owns the mix of one word, in JavaScript and the same in WebAssembly, and the memory that the lanes lie in; never knows what a word means.

import { get, integer, leb, set, wasmFunction, wasmMemory, wasmTypes } from '../../base/wasm.ts'

/** So many rows have lanes. */
export const rowsAtOnce = 2048
const [firstFactor, firstSpread, firstTurn] = [0xcc9e2d51 | 0, 0x9e3779b1 | 0, 13]
const [secondFactor, secondSpread, secondTurn] = [0x1b873593, 0x85ebca77 | 0, 17]

const wordsBytes = 128 * 1024
const firstAt = 0
const secondAt = rowsAtOnce * 4
const wordsAt = secondAt * 2
// Whoever reads the words of four rows may read three steps beyond the last one.
const memory = wasmMemory(wordsAt + wordsBytes * 2)
/** The lanes, one a row. Nobody else's between two calls: whoever uses them sets them first. */
export const lanes = {
  first: new Int32Array(memory.buffer, firstAt, rowsAtOnce),
  second: new Int32Array(memory.buffer, secondAt, rowsAtOnce),
}
const words = new Int32Array(memory.buffer, wordsAt, wordsBytes / 4)
const mixWords = mixFunction()

/** For a fixed word, (a, b) to (a', b') loses nothing; for fixed lanes, neither does the word to a'. */
export function firstMix(a: number, word: number, b: number): number {
  const mixed = Math.imul(a ^ Math.imul(word, firstFactor), firstSpread)
  return (((mixed << firstTurn) | (mixed >>> (32 - firstTurn))) + b) | 0
}

/** `a` is the first lane with the word in it. */
export function secondMix(b: number, word: number, a: number): number {
  const mixed = Math.imul(b ^ Math.imul(word, secondFactor), secondSpread)
  return (((mixed << secondTurn) | (mixed >>> (32 - secondTurn))) + a) | 0
}

/** Mixes the same word into the lanes of the first `rows` rows. */
export function mixConstant(word: number, rows: number): void {
  words[0] = word
  mixWords(firstAt, wordsAt, 0, Math.ceil(rows / 4))
}

/** How many rows `mixRows` can take at once where a row has `step` words; 0 where it can take none. */
export function rowsThatFit(step: number): number {
  return Math.min(rowsAtOnce, Math.floor(words.length / step / 4) * 4)
}

/**
 * Mixes the first `count` words of each of `rows` rows, which are `step` words apart in `column`, the first one at `offset`, into the lanes from `lane` on, one word after the other.
 * `lane` is a multiple of 4; there are no more rows than fit.
 */
export function mixRows(
  column: Int32Array,
  offset: number,
  step: number,
  count: number,
  lane: number,
  rows: number,
): void {
  words.set(column.subarray(offset, offset + rows * step))
  for (let word = 0; word < count; word++)
    mixWords(firstAt + lane * 4, wordsAt + word * 4, step * 4, Math.ceil(rows / 4))
}

/** `(func (param $lanes i32) (param $words i32) (param $step i32) (param $groups i32))`: mixes a word into each row's lanes, four rows after the other; numbers are bytes, but for the last. */
function mixFunction(): (lanes: number, words: number, step: number, groups: number) => void {
  const [lane, place, step, groups] = [0, 1, 2, 3]
  const [word, a, b, mixed] = [4, 5, 6, 7]
  const add = [0x6a]
  const load = (offset: number) => [...get(lane), 0xfd, 0x00, 4, ...leb(offset)]
  const store = (offset: number, value: number) => [...get(lane), ...get(value), 0xfd, 0x0b, 4, ...leb(offset)]
  const splat = (value: number) => [...integer(value), 0xfd, 0x11]
  const [xor, or, times, plus] = [
    [0xfd, 0x51],
    [0xfd, 0x50],
    [0xfd, 0xb5, 1],
    [0xfd, 0xae, 1],
  ]
  const shiftedLeft = (bits: number) => [...integer(bits), 0xfd, 0xab, 1]
  const shiftedRight = (bits: number) => [...integer(bits), 0xfd, 0xad, 1]
  const next = [...get(place), ...get(step), ...add, ...set(place)]
  const wordOf = (row: number) => [...get(place), ...get(word), 0xfd, 0x56, 2, 0, row, ...set(word), ...next]
  const mix = (one: number, other: number, factor: number, spread: number, turn: number) => [
    ...[...get(one), ...get(word), ...splat(factor), ...times, ...xor, ...splat(spread), ...times, ...set(mixed)],
    ...[...get(mixed), ...shiftedLeft(turn), ...get(mixed), ...shiftedRight(32 - turn), ...or],
    ...[...get(other), ...plus, ...set(one)],
  ]
  const body = [
    ...[0x02, 0x40, 0x03, 0x40, ...get(groups), 0x45, 0x0d, 1],
    ...[0, 1, 2, 3].flatMap(wordOf),
    ...[...load(firstAt), ...set(a), ...load(secondAt), ...set(b)],
    ...[...mix(a, b, firstFactor, firstSpread, firstTurn), ...mix(b, a, secondFactor, secondSpread, secondTurn)],
    ...[...store(firstAt, a), ...store(secondAt, b)],
    ...[...get(lane), ...integer(16), ...add, ...set(lane)],
    ...[...get(groups), ...integer(-1), ...add, ...set(groups), 0x0c, 0, 0x0b, 0x0b],
  ]
  const { i32, v128 } = wasmTypes
  return wasmFunction(memory, { parameters: [i32, i32, i32, i32], locals: [v128, v128, v128, v128], body })
}
