// Mixes columns of 32-bit words into two lanes a row: the inner loop of the state hash, four rows
// at once.
// Owns the mix of one word, in JavaScript and (mix-words.wat) in WebAssembly, and the memory that
// the lanes lie in; never knows what a word means.

import { type WasmConstant, type WasmMemory, wasmExports } from '../../base/wasm.ts'
import { mixWordsWasm } from './mix-words.wasm.ts'

interface MixExports {
  readonly memory: WasmMemory
  readonly rowsAtOnce: WasmConstant
  readonly firstAt: WasmConstant
  readonly secondAt: WasmConstant
  readonly wordsAt: WasmConstant
  readonly wordsBytes: WasmConstant
  readonly mix: (lane: number, word: number, step: number, groups: number) => void
}

const wasm = wasmExports<MixExports>(mixWordsWasm)
const { buffer } = wasm.memory
const mixWords = wasm.mix
const [firstAt, wordsAt] = [wasm.firstAt.value, wasm.wordsAt.value]
const [firstFactor, firstSpread, firstTurn] = [0xcc9e2d51 | 0, 0x9e3779b1 | 0, 13]
const [secondFactor, secondSpread, secondTurn] = [0x1b873593, 0x85ebca77 | 0, 17]

/** The number of rows that have lanes. */
export const rowsAtOnce = wasm.rowsAtOnce.value
/** The lanes, one a row. Each user sets them first: they keep nothing between calls. */
export const lanes = {
  first: new Int32Array(buffer, firstAt, rowsAtOnce),
  second: new Int32Array(buffer, wasm.secondAt.value, rowsAtOnce),
}
const words = new Int32Array(buffer, wordsAt, wasm.wordsBytes.value / 4)

/**
 * For a fixed word, (a, b) to (a', b') loses nothing; for fixed lanes, neither does the word to a'.
 */
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

/** Returns how many rows `mixRows` can take at once if a row has `step` words; 0 if none. */
export function rowsThatFit(step: number): number {
  return Math.min(rowsAtOnce, Math.floor(words.length / step / 4) * 4)
}

/**
 * Mixes the first `count` words of each of `rows` rows, which are `step` words apart in `column`,
 * the first one at `offset`, into the lanes from `lane` on, one word after the other. `lane` is a
 * multiple of 4; there are no more rows than fit.
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
