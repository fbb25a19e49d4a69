// Which of many positions are not inside of a box: the one question that is asked of every moving entity in every tick.
// Owns the scan; a position on an edge, or that is no number, counts as outside.
//
// Four positions are compared at once, by WebAssembly: plain JavaScript takes four times as long. WebAssembly sees only memory of its own, so positions are copied
// there a piece at a time, which costs little while the piece is in the processor's nearest memory.

import type { Box } from './box.ts'
import type { RowList } from './row-list.ts'

/** Adds the rows from `from` up to `to` whose x and y don't lie between the box's edges, in ascending order. */
export function findOutside(position: Float32Array, from: number, to: number, box: Box, found: RowList): void {
  setBox(box)
  for (let row = from; row < to; row += pieceRows) {
    const end = Math.min(to, row + pieceRows)
    const count = scanPiece(position, row, end)
    found.reserve(found.count + count * 4)
    for (let place = 0; place < count; place++) checkGroup(position, row + groups[place], end, box, found)
  }
}

/** Of a group of four that are not all inside, those that are outside. */
function checkGroup(position: Float32Array, first: number, to: number, box: Box, found: RowList): void {
  const { minX, minY, maxX, maxY } = box
  const end = Math.min(to, first + 4)
  for (let row = first; row < end; row++) {
    const x = position[row * 3]
    const y = position[row * 3 + 1]
    if (!(x > minX && x < maxX && y > minY && y < maxY)) found.push(row)
  }
}

/** What this file needs of it; Node's own types have none. */
declare const WebAssembly: {
  Memory: new (options: { initial: number }) => { buffer: ArrayBuffer }
  Module: new (bytes: Uint8Array<ArrayBuffer>) => object
  Instance: new (module: object, imports: object) => { exports: Record<string, unknown> }
}

const pieceRows = 4096
/** Three vectors of lower edges, and three of upper ones, for x y z x, y z x y, z x y z of four positions. */
const edgesBytes = 6 * 16
const positionsAt = edgesBytes
const groupsAt = positionsAt + pieceRows * 12
const memory = new WebAssembly.Memory({ initial: Math.ceil((groupsAt + pieceRows) / 65_536) })
const edges = new Float32Array(memory.buffer, 0, edgesBytes / 4)
const positions = new Float32Array(memory.buffer, positionsAt, pieceRows * 3)
/** First rows, counted from the piece's, of the groups that are not all inside. */
const groups = new Uint32Array(memory.buffer, groupsAt, pieceRows / 4)
const scan = new WebAssembly.Instance(new WebAssembly.Module(scanModule()), { fabric: { memory } }).exports.scan as (
  groupCount: number,
) => number

function setBox({ minX, minY, maxX, maxY }: Box): void {
  // An edge between two f32 numbers is moved outwards or inwards to one of them: no f32 position lies between, so the outcome is the same but for exactly that number, which
  // then counts as not inside and is looked at again by its group.
  const lower = [roundedUp(minX), roundedUp(minY), Number.NEGATIVE_INFINITY]
  const upper = [roundedDown(maxX), roundedDown(maxY), Number.POSITIVE_INFINITY]
  for (let place = 0; place < 12; place++) {
    edges[place] = lower[place % 3]
    edges[12 + place] = upper[place % 3]
  }
}

/** The number of groups that are not all inside, which are in `groups` then. */
function scanPiece(position: Float32Array, from: number, to: number): number {
  const count = to - from
  positions.set(position.subarray(from * 3, to * 3))
  const groupCount = Math.ceil(count / 4)
  // What fills up the last group is outside; `checkGroup` does not look at it.
  if (count % 4 !== 0) positions.fill(Number.NaN, count * 3, groupCount * 12)
  return scan(groupCount)
}

function roundedUp(value: number): number {
  const near = Math.fround(value)
  return near < value ? nextFloat(near, 1) : near
}

function roundedDown(value: number): number {
  const near = Math.fround(value)
  return near > value ? nextFloat(near, -1) : near
}

function nextFloat(value: number, direction: 1 | -1): number {
  if (value === 0) return direction * 2 ** -149
  const bits = new Int32Array(1)
  const float = new Float32Array(bits.buffer)
  float[0] = value
  bits[0] += value > 0 ? direction : -direction
  return float[0]
}

/**
 * The module `(import "fabric" "memory") (func (export "scan") (param $groupCount i32) (result i32))`: for each group of 48 bytes from `positionsAt` on, unless all twelve numbers lie
 * between their edges, stores the group's first row behind those found so far. Z has infinite edges: one that is no finite number makes its group be looked at.
 */
function scanModule(): Uint8Array<ArrayBuffer> {
  const [i32, v128, func] = [0x7f, 0x7b, 0x60]
  const [groupCount, group, found, at] = [0, 1, 2, 3]
  const firstEdge = 4
  const get = (local: number) => [0x20, local]
  const set = (local: number) => [0x21, local]
  const constant = (value: number) => [0x41, ...signedLeb(value)]
  const loadVector = (offset: number) => [0xfd, 0x00, 4, ...leb(offset)]
  const isAbove = [0xfd, 0x44]
  const isBelow = [0xfd, 0x43]
  const and = [0xfd, 0x4e]
  const allTrue = [0xfd, 0xa3, 0x01]
  const [add, multiply, isLess, isZero] = [[0x6a], [0x6c], [0x49], [0x45]]
  const between = (vector: number) => [
    ...[...get(at), ...loadVector(positionsAt + vector * 16), ...get(firstEdge + vector), ...isAbove],
    ...[...get(at), ...loadVector(positionsAt + vector * 16), ...get(firstEdge + 3 + vector), ...isBelow],
    ...and,
  ]
  const storeGroup = [
    ...[...get(found), ...constant(4), ...multiply, ...get(group), ...constant(4), ...multiply],
    ...[0x36, 2, ...leb(groupsAt)],
    ...[...get(found), ...constant(1), ...add, ...set(found)],
  ]
  const body = [
    ...[0, 1, 2, 3, 4, 5].flatMap((edge) => [...constant(0), ...loadVector(edge * 16), ...set(firstEdge + edge)]),
    ...[0x02, 0x40, 0x03, 0x40], // block, loop
    ...[...get(group), ...get(groupCount), ...isLess, ...isZero, 0x0d, 1], // leave the block after the last group
    ...[...between(0), ...between(1), ...and, ...between(2), ...and, ...allTrue, ...isZero],
    ...[0x04, 0x40, ...storeGroup, 0x0b], // if not all are between
    ...[...get(group), ...constant(1), ...add, ...set(group)],
    ...[...get(at), ...constant(48), ...add, ...set(at), 0x0c, 0], // again
    ...[0x0b, 0x0b, ...get(found), 0x0b],
  ]
  const locals = [2, 3, i32, 6, v128]
  const code = [...locals, ...body]
  const section = (id: number, content: number[]) => [id, ...leb(content.length), ...content]
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, func, 1, i32, 1, i32]),
    ...section(2, [1, ...text('fabric'), ...text('memory'), 2, 0, 1]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...text('scan'), 0, 0]),
    ...section(10, [1, ...leb(code.length), ...code]),
  ])
}

function text(value: string): number[] {
  return [value.length, ...new TextEncoder().encode(value)]
}

function leb(value: number): number[] {
  const bytes: number[] = []
  for (let rest = value; ; rest >>>= 7) {
    bytes.push(rest > 0x7f ? (rest & 0x7f) | 0x80 : rest)
    if (rest <= 0x7f) return bytes
  }
}

function signedLeb(value: number): number[] {
  const bytes: number[] = []
  for (let rest = value; ; ) {
    const byte = rest & 0x7f
    rest >>= 7
    const last = (rest === 0 && (byte & 0x40) === 0) || (rest === -1 && (byte & 0x40) !== 0)
    bytes.push(last ? byte : byte | 0x80)
    if (last) return bytes
  }
}
