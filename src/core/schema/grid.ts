// The geometry of a partitioning grid: which cell owns a position. Owns the cells' edges and the
// rule at the edges; never knows which app or worker has a cell.

import { assert } from '../../base/assert.ts'

export interface Bounds {
  minX: number
  maxX: number
  minY: number
  maxY: number
}

export interface Grid {
  readonly columns: number
  readonly rows: number
  /**
   * `columns + 1` edges, strictly increasing; column c reaches from `xEdges[c]` to `xEdges[c + 1]`.
   */
  readonly xEdges: Float32Array
  /** `rows + 1` edges, strictly increasing. */
  readonly yEdges: Float32Array
  /**
   * The index of the cell that owns the position: `y * columns + x`. A cell owns its lower edges
   * but not its upper ones; the last cell of an axis owns its upper edge too. -1 for NaN and for
   * positions outside the bounds.
   */
  cellOf(x: number, y: number): number
  /** The cells that have a point in common with a box, edges included, in ascending order. */
  cellsTouching(box: Bounds): number[]
  /** The edges of a cell, the same float32 numbers that `cellOf` compares with. */
  boundsOf(cell: number): Bounds
}

/**
 * Divides the bounds into `columns` by `rows` cells of equal size, except for float32 rounding.
 * Each cell must have some width: see `gridEdges`.
 */
export function createGrid(bounds: Bounds, columns: number, rows: number): Grid {
  const xEdges = gridEdges(bounds.minX, bounds.maxX, columns)
  const yEdges = gridEdges(bounds.minY, bounds.maxY, rows)
  assert(
    increases(xEdges),
    `${columns} columns don't fit between ${bounds.minX} and ${bounds.maxX}`,
  )
  assert(increases(yEdges), `${rows} rows don't fit between ${bounds.minY} and ${bounds.maxY}`)
  const minX = xEdges[0]
  const maxX = xEdges[columns]
  const minY = yEdges[0]
  const maxY = yEdges[rows]
  const columnsPerUnit = columns / (maxX - minX)
  const rowsPerUnit = rows / (maxY - minY)

  return {
    columns,
    rows,
    xEdges,
    yEdges,
    cellOf(x, y) {
      // The negation keeps NaN outside, because every comparison with NaN is false.
      if (!(x >= minX && x <= maxX && y >= minY && y <= maxY)) return -1
      const column = settle(xEdges, Math.floor((x - minX) * columnsPerUnit), columns - 1, x)
      const row = settle(yEdges, Math.floor((y - minY) * rowsPerUnit), rows - 1, y)
      return row * columns + column
    },
    cellsTouching(box) {
      const [firstColumn, endColumn] = piecesTouching(xEdges, box.minX, box.maxX)
      const [firstRow, endRow] = piecesTouching(yEdges, box.minY, box.maxY)
      const cells: number[] = []
      for (let row = firstRow; row < endRow; row++)
        for (let column = firstColumn; column < endColumn; column++)
          cells.push(row * columns + column)
      return cells
    },
    boundsOf(cell) {
      assert(
        Number.isInteger(cell) && cell >= 0 && cell < columns * rows,
        `no cell ${cell} in a grid of ${columns}x${rows}`,
      )
      const column = cell % columns
      const row = (cell - column) / columns
      return {
        minX: xEdges[column],
        maxX: xEdges[column + 1],
        minY: yEdges[row],
        maxY: yEdges[row + 1],
      }
    },
  }
}

/** The edges of `count` equal pieces, rounded to float32, the type of positions. */
export function gridEdges(min: number, max: number, count: number): Float32Array {
  const edges = new Float32Array(count + 1)
  for (let index = 0; index < count; index++) edges[index] = min + ((max - min) * index) / count
  edges[count] = max
  return edges
}

/**
 * Whether every piece has some width. Bounds that are too close together for float32 have empty
 * pieces.
 */
export function increases(edges: Float32Array): boolean {
  for (let index = 1; index < edges.length; index++)
    if (!(edges[index - 1] < edges[index])) return false
  return Number.isFinite(edges[0]) && Number.isFinite(edges[edges.length - 1])
}

/**
 * The first piece that touches the range from `min` to `max`, and the piece behind the last one.
 */
function piecesTouching(
  edges: Float32Array,
  min: number,
  max: number,
): [first: number, end: number] {
  let first = 0
  while (first < edges.length - 1 && !(edges[first + 1] >= min)) first++
  let end = first
  while (end < edges.length - 1 && edges[end] <= max) end++
  return [first, end]
}

/**
 * Corrects a guess, which rounding may put one piece off, to the piece whose edges contain the
 * value.
 */
function settle(edges: Float32Array, guess: number, last: number, value: number): number {
  let piece = Math.min(guess, last)
  while (piece > 0 && value < edges[piece]) piece--
  while (piece < last && value >= edges[piece + 1]) piece++
  return piece
}
