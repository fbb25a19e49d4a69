// Which of many positions are not inside of a box, and which not even inside of a larger one: the question that is asked
// of every moving entity in every tick. Owns the scan; a position on an edge, or that is no number, counts as outside.
//
// Four positions are compared at once, by WebAssembly (inside.wat): plain JavaScript takes four times as long.
// WebAssembly sees only memory of its own, so positions are copied there a piece at a time, which costs little while
// the piece is in the processor's nearest memory.

import { type WasmConstant, type WasmMemory, wasmExports } from '../../../base/wasm.ts'
import type { Box } from '../memory/box.ts'
import type { PlaceList } from '../memory/place-list.ts'
import type { RowList } from '../memory/row-list.ts'
import { insideWasm } from './inside.wasm.ts'

interface InsideExports {
  readonly memory: WasmMemory
  readonly pieceRows: WasmConstant
  readonly edgesAt: WasmConstant
  readonly positionsAt: WasmConstant
  readonly rowsAt: WasmConstant
  readonly xAt: WasmConstant
  readonly yAt: WasmConstant
  readonly beyondAt: WasmConstant
  readonly outerAt: WasmConstant
  readonly beyondCountAt: WasmConstant
  readonly scan: (groups: number, firstRow: number) => number
}

const wasm = wasmExports<InsideExports>(insideWasm)
const { scan } = wasm
const { buffer } = wasm.memory
const pieceRows = wasm.pieceRows.value
/** Three vectors of lower edges, and three of upper ones, for x y z x, y z x y, z x y z of four positions. */
const edges = new Float32Array(buffer, wasm.edgesAt.value, 24)
const positions = new Float32Array(buffer, wasm.positionsAt.value, pieceRows * 3)
const foundRows = new Uint32Array(buffer, wasm.rowsAt.value, pieceRows + 1)
const foundX = new Float32Array(buffer, wasm.xAt.value, pieceRows + 1)
const foundY = new Float32Array(buffer, wasm.yAt.value, pieceRows + 1)
const beyondRows = new Uint32Array(buffer, wasm.beyondAt.value, pieceRows + 1)
/** minX, minY, maxX, maxY of the larger box. */
const outerEdges = new Float32Array(buffer, wasm.outerAt.value, 4)
const beyondCount = new Uint32Array(buffer, wasm.beyondCountAt.value, 1)

/**
 * Adds the rows from `from` up to `to` whose x and y don't lie between the edges of `box` to `found`, in ascending
 * order; those whose z is no finite number, too. Of these, adds to `beyond` those that don't lie between the edges of
 * `outer` either, which is no smaller.
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
    for (let place = 0; place < beyondCount[0]; place++)
      if (beyondRows[place] < end) beyond.push(beyondRows[place])
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
