// Finds which of many positions are not inside of a box, and which are not inside of a larger one:
// the check that every tick makes for every moving entity.
// Owns the scan. A position on an edge, or one that is not a number, counts as outside.
// WebAssembly (inside.wat) compares four positions at once: plain JavaScript takes four times as
// long. WebAssembly sees only its own memory, so positions are copied there in pieces. That costs
// little while a piece is in the processor's nearest cache.

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
/**
 * Three vectors of lower edges, and three of upper ones: x y z x, y z x y and z x y z of four
 * positions.
 */
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
 * Adds the rows from `from` up to `to` to `found`, in ascending order, if x or y is not between the
 * edges of `box`, or z is no finite number. Adds those of them that are not between the edges of
 * `outer`, which is no smaller, to `beyond`.
 *
 * Edges are taken as f32, as positions are: an edge between two f32 is moved inwards.
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
    // Remains of an earlier piece in the last group belong to rows behind the end.
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
