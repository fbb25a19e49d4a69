// Divides a grid of tiles into connected pieces of given sizes, so that neighbours share a worker
// if possible. Owns the shapes of the pieces; never decides their sizes.

import { assert } from '../../base/assert.ts'
import type { Size } from './schema.ts'

/**
 * The piece of each tile (`y * size.x + x`). Piece p has `counts[p]` tiles, connected by their
 * sides.
 */
export function divideGrid(size: Size, counts: readonly number[]): Int32Array {
  const tiles = size.x * size.y
  assert(
    counts.reduce((sum, count) => sum + count, 0) === tiles,
    `pieces of ${counts.join()} tiles don't make up ${size.x} by ${size.y}`,
  )
  const pieces = counts.map((count, piece) => ({ piece, count })).filter(({ count }) => count > 0)
  const pieceOf = new Int32Array(tiles)
  bisect(
    size,
    Array.from({ length: tiles }, (_, tile) => tile),
    pieces,
    pieceOf,
  )
  // Halves of odd shapes may be disconnected. A path through all tiles never is, but its pieces are
  // long and thin.
  return hangsTogether(size, pieceOf, counts.length) ? pieceOf : alongPath(size, pieces)
}

interface Piece {
  piece: number
  count: number
}

/**
 * Divides the region across its longer side into two halves of about equal tiles, then each half
 * again.
 */
function bisect(size: Size, region: number[], pieces: Piece[], pieceOf: Int32Array): void {
  if (pieces.length === 1) {
    for (const tile of region) pieceOf[tile] = pieces[0].piece
    return
  }
  let middle = 1
  let first = pieces[0].count
  while (middle < pieces.length - 1 && first + pieces[middle].count <= region.length / 2)
    first += pieces[middle++].count
  const xs = region.map((tile) => tile % size.x)
  const ys = region.map((tile) => Math.floor(tile / size.x))
  const isWide = spread(xs) >= spread(ys)
  const rank = (tile: number) =>
    isWide ? (tile % size.x) * size.y + Math.floor(tile / size.x) : tile
  const ordered = region.toSorted((a, b) => rank(a) - rank(b))
  bisect(size, ordered.slice(0, first), pieces.slice(0, middle), pieceOf)
  bisect(size, ordered.slice(first), pieces.slice(middle), pieceOf)
}

function spread(values: number[]): number {
  let min = Number.POSITIVE_INFINITY
  let max = Number.NEGATIVE_INFINITY
  for (const value of values) {
    min = Math.min(min, value)
    max = Math.max(max, value)
  }
  return max - min
}

/** A path there and back along the shorter side, row by row of the longer one. */
function alongPath(size: Size, pieces: Piece[]): Int32Array {
  const pieceOf = new Int32Array(size.x * size.y)
  const isWide = size.x >= size.y
  const [long, short] = isWide ? [size.x, size.y] : [size.y, size.x]
  let index = 0
  let left = pieces[0].count
  for (let a = 0; a < long; a++) {
    for (let step = 0; step < short; step++) {
      const b = a % 2 === 0 ? step : short - 1 - step
      if (left === 0) left = pieces[++index].count
      pieceOf[isWide ? b * size.x + a : a * size.x + b] = pieces[index].piece
      left--
    }
  }
  return pieceOf
}

/** Whether the tiles of each piece are connected by their sides. */
export function hangsTogether(size: Size, pieceOf: Int32Array, pieceCount: number): boolean {
  const seenPieces = new Uint8Array(pieceCount)
  const seen = new Uint8Array(pieceOf.length)
  for (let start = 0; start < pieceOf.length; start++) {
    if (seen[start] === 1) continue
    if (seenPieces[pieceOf[start]] === 1) return false
    seenPieces[pieceOf[start]] = 1
    seen[start] = 1
    const open = [start]
    for (let tile = open.pop(); tile !== undefined; tile = open.pop()) {
      for (const next of neighbours(size, tile)) {
        if (seen[next] === 1 || pieceOf[next] !== pieceOf[start]) continue
        seen[next] = 1
        open.push(next)
      }
    }
  }
  return true
}

function neighbours(size: Size, tile: number): number[] {
  const x = tile % size.x
  const found: number[] = []
  if (x > 0) found.push(tile - 1)
  if (x < size.x - 1) found.push(tile + 1)
  if (tile >= size.x) found.push(tile - size.x)
  if (tile < size.x * (size.y - 1)) found.push(tile + size.x)
  return found
}
