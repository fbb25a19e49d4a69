// The checker's own rule for who owns a position, written as plainly as possible.
// Owns the edges; shares nothing with the grid that the fabric uses.

import type { Bounds } from '../../src/core/schema/grid.ts'

export interface PlainGrid {
  readonly xEdges: readonly number[]
  readonly yEdges: readonly number[]
  /** Returns the cell that owns a position; -1 outside of the bounds. */
  cellAt(x: number, y: number): number
}

export function plainGrid(bounds: Bounds, columns: number, rows: number): PlainGrid {
  const xEdges = edgesBetween(bounds.minX, bounds.maxX, columns)
  const yEdges = edgesBetween(bounds.minY, bounds.maxY, rows)
  return {
    xEdges,
    yEdges,
    cellAt(x, y) {
      const column = pieceAt(xEdges, x)
      const row = pieceAt(yEdges, y)
      return column < 0 || row < 0 ? -1 : row * columns + column
    },
  }
}

function edgesBetween(least: number, most: number, count: number): number[] {
  return Array.from({ length: count + 1 }, (_, index) =>
    Math.fround(index === count ? most : least + ((most - least) * index) / count),
  )
}

function pieceAt(edges: readonly number[], value: number): number {
  const last = edges.length - 2
  for (let piece = 0; piece <= last; piece++) {
    if (
      value >= edges[piece] &&
      (value < edges[piece + 1] || (piece === last && value === edges[last + 1]))
    )
      return piece
  }
  return -1
}
