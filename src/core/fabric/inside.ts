// Which of many positions are not inside of a box, and which not even inside of a larger one: the question that is asked of every moving entity in every tick.
// Owns the scan; a position on an edge, or that is no number, counts as outside.
//
// Four positions are compared at once, by WebAssembly: plain JavaScript takes four times as long. WebAssembly sees only memory of its own, so positions are copied
// there a piece at a time, which costs little while the piece is in the processor's nearest memory.

import { get, integer, leb, set, wasmFunction, wasmMemory, wasmTypes } from '../../base/wasm.ts'
import type { Box } from './box.ts'
import type { PlaceList } from './place-list.ts'
import type { RowList } from './row-list.ts'

const pieceRows = 4096
const edgesAt = 0
const positionsAt = 6 * 16
const rowsAt = positionsAt + pieceRows * 12
const xAt = rowsAt + (pieceRows + 1) * 4
const yAt = xAt + (pieceRows + 1) * 4
const beyondAt = yAt + (pieceRows + 1) * 4
const outerAt = beyondAt + (pieceRows + 1) * 4
const beyondCountAt = outerAt + 16
const memory = wasmMemory(beyondCountAt + 4)
/** Three vectors of lower edges, and three of upper ones, for x y z x, y z x y, z x y z of four positions. */
const edges = new Float32Array(memory.buffer, edgesAt, 24)
const positions = new Float32Array(memory.buffer, positionsAt, pieceRows * 3)
const foundRows = new Uint32Array(memory.buffer, rowsAt, pieceRows + 1)
const foundX = new Float32Array(memory.buffer, xAt, pieceRows + 1)
const foundY = new Float32Array(memory.buffer, yAt, pieceRows + 1)
const beyondRows = new Uint32Array(memory.buffer, beyondAt, pieceRows + 1)
/** minX, minY, maxX, maxY of the larger box. */
const outerEdges = new Float32Array(memory.buffer, outerAt, 4)
const beyondCount = new Uint32Array(memory.buffer, beyondCountAt, 1)
const scan = scanFunction()

/**
 * Adds the rows from `from` up to `to` whose x and y don't lie between the edges of `box` to `found`, in ascending order; those whose z is no finite number, too. Of these, adds to `beyond` those
 * that don't lie between the edges of `outer` either, which is no smaller.
 * Edges are taken as f32, which is what positions are: an edge that is none is moved inwards, to the next one.
 */
export function findOutside(
  position: Float32Array,
  from: number,
  to: number,
  { box, outer }: { box: Box; outer: Box },
  found: PlaceList,
  beyond: RowList,
): void {
  setEdges(box, outer)
  for (let first = from; first < to; first += pieceRows) {
    const end = Math.min(to, first + pieceRows)
    positions.set(position.subarray(first * 3, end * 3))
    let count = scan(Math.ceil((end - first) / 4), first)
    // What is left of an earlier piece in the last group counts to rows behind the end.
    while (count > 0 && foundRows[count - 1] >= end) count--
    found.append(foundRows, foundX, foundY, count)
    for (let place = 0; place < beyondCount[0]; place++) if (beyondRows[place] < end) beyond.push(beyondRows[place])
  }
}

function setEdges(box: Box, outer: Box): void {
  const lower = [roundedUp(box.minX), roundedUp(box.minY), Number.NEGATIVE_INFINITY]
  const upper = [roundedDown(box.maxX), roundedDown(box.maxY), Number.POSITIVE_INFINITY]
  for (let place = 0; place < 12; place++) {
    edges[place] = lower[place % 3]
    edges[12 + place] = upper[place % 3]
  }
  outerEdges[0] = roundedUp(outer.minX)
  outerEdges[1] = roundedUp(outer.minY)
  outerEdges[2] = roundedDown(outer.maxX)
  outerEdges[3] = roundedDown(outer.maxY)
}

function roundedUp(value: number): number {
  const near = Math.fround(value)
  return near < value ? nextFloat(near, 1) : near
}

function roundedDown(value: number): number {
  const near = Math.fround(value)
  return near > value ? nextFloat(near, -1) : near
}

const floatBits = new Int32Array(1)
const float = new Float32Array(floatBits.buffer)

function nextFloat(value: number, direction: 1 | -1): number {
  if (value === 0) return direction * 2 ** -149
  float[0] = value
  floatBits[0] += value > 0 ? direction : -direction
  return float[0]
}

/**
 * `(func (param $groups i32) (param $firstRow i32) (result i32))`: goes over groups of four positions, and over those of a group that are not inside;
 * stores the row, x and y of each, and the rows of those that are outside of the larger box, too; returns how many of the first there are.
 */
function scanFunction(): (groups: number, firstRow: number) => number {
  const [groups, firstRow, group, found, at, place, outside, inGroup, beyond] = [0, 1, 2, 3, 4, 5, 6, 7, 8]
  const vectors = 9
  const isBetween = [15, 16, 17]
  const outer = [18, 19, 20, 21]
  const [x, y, z] = [22, 23, 24]
  const load = (offset: number) => [0x2a, 2, ...leb(offset)]
  const loadVector = (offset: number) => [0xfd, 0x00, 4, ...leb(offset)]
  const store = (kind: 'i32' | 'f32', offset: number, value: number[], count = found) => [
    ...[...get(count), ...integer(2), 0x74, ...value],
    ...[kind === 'i32' ? 0x36 : 0x38, 2, ...leb(offset)],
  ]
  const [block, loop, when, end] = [[0x02, 0x40], [0x03, 0x40], [0x04, 0x40], [0x0b]]
  const [again, leave] = [(depth: number) => [0x0c, depth], (depth: number) => [0x0d, depth]]
  const [add, and, or, xor, isZero, isLess] = [[0x6a], [0x71], [0x72], [0x73], [0x45], [0x49]]
  const [times, shiftLeft, shiftRight, trailingZeros] = [[0x6c], [0x74], [0x76], [0x68]]
  const [isAbove, isBelow, isSame, subtract] = [[0x5e], [0x5d], [0x5b], [0x93]]
  const [vectorAbove, vectorBelow, vectorAnd, vectorAll, vectorBits] = [
    [0xfd, 0x44],
    [0xfd, 0x43],
    [0xfd, 0x4e],
    [0xfd, 0xa3, 1],
    [0xfd, 0xa4, 1],
  ]
  const increase = (local: number, by: number) => [...get(local), ...integer(by), ...add, ...set(local)]

  const loadTo = (local: number, offset: number) => [...integer(0), ...load(offset), ...set(local)]
  const prepare = [
    ...[0, 1, 2, 3, 4, 5].flatMap((edge) => [
      ...integer(0),
      ...loadVector(edgesAt + edge * 16),
      ...set(vectors + edge),
    ]),
    ...outer.flatMap((local, number) => loadTo(local, outerAt + number * 4)),
  ]
  const compare = [0, 1, 2].flatMap((vector) => [
    ...[...get(at), ...loadVector(positionsAt + vector * 16), ...get(vectors + vector), ...vectorAbove],
    ...[...get(at), ...loadVector(positionsAt + vector * 16), ...get(vectors + 3 + vector), ...vectorBelow],
    ...[...vectorAnd, ...set(isBetween[vector])],
  ])
  const bitsOf = (vector: number) => [
    ...[...get(isBetween[vector]), ...vectorBits],
    ...[...integer(4 * vector), ...shiftLeft],
  ]
  const coordinate = (local: number, number: number) => [
    ...get(place),
    ...load(positionsAt + number * 4),
    ...set(local),
  ]
  const [minX, minY, maxX, maxY] = outer
  const isInOuter = [
    ...[...get(x), ...get(minX), ...isAbove, ...get(x), ...get(maxX), ...isBelow, ...and],
    ...[...get(y), ...get(minY), ...isAbove, ...and, ...get(y), ...get(maxY), ...isBelow, ...and],
    ...[...get(z), ...get(z), ...subtract, 0x43, 0, 0, 0, 0, ...isSame, ...and],
  ]
  const row = [...get(group), ...integer(2), ...shiftLeft, ...get(inGroup), ...add, ...get(firstRow), ...add]
  const oneByOne = [
    // A bit for each coordinate that is not between its edges; three belong to a position.
    ...[...bitsOf(0), ...bitsOf(1), ...or, ...bitsOf(2), ...or, ...integer(0xfff), ...xor, ...set(outside), ...loop],
    // A third of 0 to 11 is 11 / 32 of it.
    ...[...get(outside), ...trailingZeros, ...integer(11), ...times, ...integer(5), ...shiftRight, ...set(inGroup)],
    ...[...get(inGroup), ...integer(12), ...times, ...get(at), ...add, ...set(place)],
    ...[...coordinate(x, 0), ...coordinate(y, 1), ...coordinate(z, 2)],
    ...[...store('i32', rowsAt, row), ...store('f32', xAt, get(x)), ...store('f32', yAt, get(y))],
    ...increase(found, 1),
    // Stored in any case, and counted where it is outside: no branch to guess wrong.
    ...store('i32', beyondAt, row, beyond),
    ...[...get(beyond), ...isInOuter, ...isZero, ...add, ...set(beyond)],
    ...[...get(outside), ...integer(-8), ...get(inGroup), ...integer(3), ...times, 0x77, ...and],
    ...[...set(outside), ...get(outside), ...leave(0), ...end],
  ]
  const body = [
    ...[...prepare, ...block, ...loop, ...get(group), ...get(groups), ...isLess, ...isZero, ...leave(1)],
    ...[...compare, ...isBetween.flatMap(get), ...vectorAnd, ...vectorAnd, ...vectorAll, ...isZero],
    ...[...when, ...oneByOne, ...end],
    ...[...increase(group, 1), ...increase(at, 48), ...again(0), ...end, ...end],
    ...[...integer(0), ...get(beyond), 0x36, 2, ...leb(beyondCountAt), ...get(found)],
  ]
  const { i32, f32, v128 } = wasmTypes
  return wasmFunction(memory, {
    parameters: [i32, i32],
    result: i32,
    locals: [...Array(7).fill(i32), ...Array(9).fill(v128), ...Array(7).fill(f32)],
    body,
  })
}
