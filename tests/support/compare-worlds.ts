// Compares the entities of two worlds: ids, types, positions and fields, but not ticks.
// Owns the message of the difference; never reads a file.

import assert from 'node:assert/strict'
import { firstDifference, type World } from '../../scripts/demo/compare.ts'

export function assertSameEntities(
  actual: World,
  expected: World,
  what = 'the worlds differ',
): void {
  assert.ok(expected.entities.size > 0, 'an empty world says nothing')
  assert.equal(firstDifference({ ...actual, tick: expected.tick }, expected), undefined, what)
}
