import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { everywhere } from '../memory/box.ts'
import { PlaceList } from '../memory/place-list.ts'
import { RowList } from '../memory/row-list.ts'
import { findOutside } from './inside.ts'

const edge = fc.oneof(
  fc.float({ noNaN: true }),
  fc.integer({ min: -4, max: 4 }),
  fc.constantFrom(0, -0, 2 ** -149, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
)
const coordinate = fc.oneof(fc.float(), fc.integer({ min: -5, max: 5 }), edge)

/** The next f32 that is not below, and not above. */
const up = (value: number) =>
  Math.fround(value) < value ? next(Math.fround(value), 1) : Math.fround(value)
const down = (value: number) =>
  Math.fround(value) > value ? next(Math.fround(value), -1) : Math.fround(value)

function next(value: number, direction: number): number {
  const step = Math.max(2 ** -149, Math.abs(value) * 2 ** -24)
  for (let far = step; ; far *= 2) {
    const other = Math.fround(value + direction * far)
    if (other !== value) return other
  }
}

test('exactly the positions outside of the edges are found, wherever pieces and groups end', () => {
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
        const wanted: number[][] = []
        for (let row = Math.min(from, rows); row < rows; row++) {
          const [x, y, z] = position.subarray(row * 3, row * 3 + 3)
          const inside =
            x > box.minX && x < box.maxX && y > box.minY && y < box.maxY && Number.isFinite(z)
          if (!inside) wanted.push([row, x, y, z])
        }
        const found = new PlaceList()
        found.push(77, 1, 2)
        const outer = {
          minX: box.minX - 2,
          minY: box.minY - 1,
          maxX: box.maxX + 1,
          maxY: box.maxY + 3,
        }
        const beyond = new RowList()
        findOutside(position, Math.min(from, rows), rows, { box, outer }, found, beyond)
        const isBeyond = ([, x, y, z]: number[]) =>
          !(
            x > up(outer.minX) &&
            x < down(outer.maxX) &&
            y > up(outer.minY) &&
            y < down(outer.maxY) &&
            Number.isFinite(z)
          )
        assert.deepEqual(
          [...beyond.view()],
          wanted.filter(isBeyond).map(([row]) => row),
        )
        const got = [...found.view()].map((row, place) => [row, found.x[place], found.y[place]])
        assert.deepEqual(got, [[77, 1, 2], ...wanted.map(([row, x, y]) => [row, x, y])])
      },
    ),
    { numRuns: 500 },
  )
})

test('an edge that is no f32 is moved inwards', () => {
  const position = Float32Array.from([0.1, 5, 0, 0.2, 5, 0, 0.3, 5, 0])
  const found = new PlaceList()
  const box = { minX: 0.1, maxX: 0.3, minY: 0, maxY: 10 }
  findOutside(position, 0, 3, { box, outer: everywhere }, found, new RowList())
  // As f32, 0.1 and 0.3 are a little above 0.1 and 0.3.
  assert.deepEqual([...found.view()], [0, 2])
})
