import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createGrid, gridEdges, increases } from './grid.ts'

const LARGEST = 3.4028234663852886e38
const float32 = fc.float({ noNaN: true, noDefaultInfinity: true })
const bounds = fc.tuple(float32, float32, float32, float32).map(([a, b, c, d]) => ({
  minX: Math.min(a, b),
  maxX: Math.max(a, b),
  minY: Math.min(c, d),
  maxY: Math.max(c, d),
}))
const cutGrid = fc
  .tuple(bounds, fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 50 }))
  .filter(
    ([b, columns, rows]) =>
      increases(gridEdges(b.minX, b.maxX, columns)) && increases(gridEdges(b.minY, b.maxY, rows)),
  )
  .map(([b, columns, rows]) => createGrid(b, columns, rows))

test('cells count along the x axis first', () => {
  const grid = createGrid({ minX: -10, maxX: 10, minY: -10, maxY: 10 }, 4, 2)
  assert.equal(grid.cellOf(-9, -9), 0)
  assert.equal(grid.cellOf(-1, -9), 1)
  assert.equal(grid.cellOf(9, -9), 3)
  assert.equal(grid.cellOf(-9, 9), 4)
  assert.equal(grid.cellOf(9, 9), 7)
  assert.deepEqual(grid.boundsOf(6), { minX: 0, maxX: 5, minY: 0, maxY: 10 })
})

test('a cell owns its lower edges, and the last cell of an axis its upper edge too', () => {
  const grid = createGrid({ minX: 0, maxX: 3, minY: 0, maxY: 3 }, 3, 3)
  assert.equal(grid.cellOf(0, 0), 0)
  assert.equal(grid.cellOf(1, 0), 1)
  assert.equal(grid.cellOf(1, 1), 4)
  assert.equal(grid.cellOf(3, 3), 8)
  assert.equal(grid.cellOf(3, 0), 2)
})

test('positions outside the bounds, infinities and NaN belong to no cell', () => {
  const grid = createGrid({ minX: 0, maxX: 3, minY: 0, maxY: 3 }, 3, 3)
  const next = Math.fround(3 + 2 ** -22)
  for (const [x, y] of [
    [-1e-45, 1],
    [next, 1],
    [1, next],
    [1, -1],
    [Infinity, 1],
    [1, -Infinity],
    [NaN, 1],
    [1, NaN],
    [NaN, NaN],
  ]) {
    assert.equal(grid.cellOf(x, y), -1, `${x}, ${y}`)
  }
})

test('the whole float32 range can be cut', () => {
  const grid = createGrid({ minX: -LARGEST, maxX: LARGEST, minY: -LARGEST, maxY: LARGEST }, 20, 20)
  assert.equal(grid.cellOf(-LARGEST, -LARGEST), 0)
  assert.equal(grid.cellOf(LARGEST, LARGEST), 399)
  assert.equal(grid.cellOf(0, 0), 210)
})

test('every position lies within the bounds of the cell that owns it', () => {
  fc.assert(
    fc.property(
      cutGrid,
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (grid, u, v) => {
        const x = within(grid.xEdges, u)
        const y = within(grid.yEdges, v)
        const cell = grid.cellOf(x, y)
        assert.ok(cell >= 0 && cell < grid.columns * grid.rows)
        const box = grid.boundsOf(cell)
        const lastColumn = cell % grid.columns === grid.columns - 1
        const lastRow = cell >= grid.columns * (grid.rows - 1)
        assert.ok(x >= box.minX && (lastColumn ? x <= box.maxX : x < box.maxX))
        assert.ok(y >= box.minY && (lastRow ? y <= box.maxY : y < box.maxY))
      },
    ),
    { numRuns: 2000 },
  )
})

test('positions on an edge and right beside it belong to the cell that the bounds say', () => {
  fc.assert(
    fc.property(cutGrid, fc.nat(), (grid, pick) => {
      const column = pick % grid.columns
      const y = grid.yEdges[0]
      const edge = grid.xEdges[column]
      assert.equal(grid.cellOf(edge, y), column)
      assert.equal(grid.cellOf(floatBelow(edge), y), column - 1)
    }),
    { numRuns: 2000 },
  )
})

test('bounds too close together for that many cells are recognised', () => {
  assert.equal(increases(gridEdges(1, 1.0000001, 20)), false)
  assert.equal(increases(gridEdges(1, 1.0000001, 1)), true)
  assert.throws(
    () => createGrid({ minX: 1, maxX: 1.0000001, minY: 0, maxY: 1 }, 20, 1),
    /20 columns/,
  )
})

function within(edges: Float32Array, share: number): number {
  const low = edges[0]
  const high = edges[edges.length - 1]
  return Math.min(high, Math.max(low, Math.fround(low * (1 - share) + high * share)))
}

/** The largest float32 below the value. */
function floatBelow(value: number): number {
  const float = new Float32Array([value])
  const bits = new Int32Array(float.buffer)
  if (value === 0) return -1.401298464324817e-45
  bits[0] += value > 0 ? -1 : 1
  return float[0]
}

test('a box touches the cells that it has a point in common with, be it on an edge', () => {
  const edge = fc.oneof(
    fc.integer({ min: -1, max: 4 }),
    fc.double({ min: -1, max: 4, noNaN: true }),
    fc.constant(Infinity),
  )
  const grid = createGrid({ minX: 0, maxX: 3, minY: 0, maxY: 3 }, 3, 3)
  fc.assert(
    fc.property(edge, edge, edge, edge, (a, b, c, d) => {
      const box = {
        minX: Math.min(a, b),
        maxX: Math.max(a, b),
        minY: Math.min(c, d),
        maxY: Math.max(c, d),
      }
      const touched = [0, 1, 2, 3, 4, 5, 6, 7, 8].filter((cell) => {
        const { minX, minY, maxX, maxY } = grid.boundsOf(cell)
        return box.minX <= maxX && box.maxX >= minX && box.minY <= maxY && box.maxY >= minY
      })
      assert.deepEqual(grid.cellsTouching(box), touched)
    }),
  )
})
