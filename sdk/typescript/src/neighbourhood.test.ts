import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Neighbourhood } from './neighbourhood.ts'

test('neighbours are found beside entities whose places are no finite numbers', () => {
  const own = {
    count: 2,
    positions: Float32Array.of(1, 1, 0, 2, 1, 0),
    ids: Float64Array.of(10, 11),
    types: Uint32Array.of(512, 512),
  }
  const others = {
    count: 4,
    positions: Float32Array.of(
      ...[Infinity, 1, 0, -Infinity, Infinity, 0, NaN, NaN, 0],
      ...[2, 2, 0],
    ),
    ids: Float64Array.of(20, 21, 22, 23),
    types: Uint32Array.of(512, 512, 512, 512),
  }
  const neighbourhood = new Neighbourhood()
  const states = Uint8Array.of(1, 1)
  neighbourhood.build(1.5, own, states, others)
  neighbourhood.listAll(states)
  const neighboursOf = (row: number) =>
    [...neighbourhood.list.subarray(neighbourhood.starts[row], neighbourhood.starts[row + 1])]
      .map((entry) => neighbourhood.ids[entry])
      .sort()
  assert.deepEqual(neighboursOf(0), [11, 23])
  assert.deepEqual(neighboursOf(1), [10, 23])
})
