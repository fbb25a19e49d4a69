import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { findOutside } from './inside.ts'
import { RowList } from './row-list.ts'

const edge = fc.oneof(
  fc.double({ noNaN: true, min: -1e6, max: 1e6 }),
  fc.integer({ min: -4, max: 4 }),
  fc.constantFrom(0, -0, 0.1, 2 ** -149, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
)
const coordinate = fc.oneof(fc.float(), fc.integer({ min: -5, max: 5 }), edge)

test('exactly those that are not between the edges are found, wherever pieces and groups end', () => {
  fc.assert(
    fc.property(
      fc.record({ minX: edge, minY: edge, maxX: edge, maxY: edge }),
      fc.array(fc.tuple(coordinate, coordinate, coordinate), { maxLength: 40 }),
      fc.constantFrom(1, 5, 4095, 4096, 9001),
      fc.nat(7),
      (box, places, rows, from) => {
        // Few places among many rows that are all in the middle, where there is one.
        const position = new Float32Array(rows * 3)
        for (let row = 0; row < rows; row++)
          position.set([box.minX / 2 + box.maxX / 2, box.minY / 2 + box.maxY / 2, 0], row * 3)
        places.forEach((place, number) => {
          position.set(place, ((number * 997) % rows) * 3)
        })
        // Positions are f32, and so are edges wherever a box comes from an app's positions.
        const wanted: number[] = []
        for (let row = Math.min(from, rows); row < rows; row++) {
          const [x, y] = position.subarray(row * 3, row * 3 + 2)
          if (!(x > box.minX && x < box.maxX && y > box.minY && y < box.maxY)) wanted.push(row)
        }
        const found = new RowList()
        found.push(77)
        findOutside(position, Math.min(from, rows), rows, box, found)
        assert.deepEqual([...found.view()], [77, ...wanted])
      },
    ),
    { numRuns: 500 },
  )
})
