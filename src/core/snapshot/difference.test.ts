import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compareWorlds, type EntityDifference } from './difference.ts'
import { anyEntities, partitionOf, type TestEntity } from './states.testing.ts'

function compare(first: readonly TestEntity[][], second: readonly TestEntity[][]) {
  const found: EntityDifference[] = []
  const comparison = compareWorlds(first.flat().length, (each) => found.push(each))
  for (const [at, part] of first.entries())
    comparison.addFirst(partitionOf(part, { name: `app-${at}` }, 3))
  for (const [at, part] of second.entries())
    comparison.addSecond(partitionOf(part, { name: `app-${at}` }))
  return { totals: comparison.finish(), found }
}

const NONE = {
  added: 0,
  removed: 0,
  changed: 0,
  moved: 0,
  retyped: 0,
  owned: 0,
  unchanged: 0,
  fields: {},
}
const PERSON: TestEntity = {
  id: 2 ** 33 + 1,
  type: 1,
  position: [0, 1, 2],
  fields: { 1: { typeId: 4, bytes: [] } },
}

test('each kind of change is counted and named', () => {
  const still: TestEntity = { ...PERSON, id: 5 }
  const gone: TestEntity = { ...PERSON, id: 2 ** 33 + 5 }
  const made: TestEntity = { ...PERSON, id: 7 }
  const other: TestEntity = {
    ...PERSON,
    type: 2,
    position: [-0, 1, 2],
    fields: { 1: { typeId: 5, bytes: [] }, 63: { typeId: 0, bytes: [0] } },
  }
  const { totals, found } = compare([[PERSON, still, gone]], [[made], [other, still]])
  assert.deepEqual(totals, {
    added: 1,
    removed: 1,
    changed: 1,
    moved: 1,
    retyped: 1,
    owned: 2,
    unchanged: 1,
    fields: { 1: 1, 63: 1 },
  })
  assert.deepEqual(found, [
    { id: 7, what: 'added', moved: false, retyped: false, fields: [] },
    { id: PERSON.id, what: 'changed', moved: true, retyped: true, fields: [1, 63] },
    { id: gone.id, what: 'removed', moved: false, retyped: false, fields: [] },
  ])
})

test('a field that went away, and one of other bytes, are changes of that field', () => {
  const with3 = (bytes: number[]): TestEntity => ({
    ...PERSON,
    fields: { 3: { typeId: 1, bytes } },
  })
  assert.deepEqual(compare([[with3([1, 2])]], [[with3([1, 2, 0])]]).totals.fields, { 3: 1 })
  assert.deepEqual(compare([[with3([])]], [[{ ...PERSON, fields: {} }]]).totals, {
    ...NONE,
    changed: 1,
    fields: { 3: 1 },
  })
})

test('empty worlds do not differ', () => {
  assert.deepEqual(compare([], [[]]).totals, NONE)
})

test('what is found is what a plain comparison finds, however the worlds are cut', () => {
  fc.assert(
    fc.property(anyEntities, anyEntities, fc.nat(30), fc.nat(30), (mine, others, cut, otherCut) => {
      // Half of the others are mine, some of them changed, so that the worlds meet.
      const shared = mine
        .filter((_, at) => at % 2 === 0)
        .map((each, at) => (at % 3 === 0 ? { ...each, type: 9 } : each))
      const taken = new Set(mine.map(({ id }) => id))
      const second = [...others.filter(({ id }) => !taken.has(id)), ...shared]
      const { totals, found } = compare(
        [mine.slice(0, cut), mine.slice(cut)],
        [second.slice(0, otherCut), second.slice(otherCut)],
      )
      const byId = new Map(mine.map((each) => [each.id, each]))
      const idsOf = (what: string) => found.filter((each) => each.what === what).map(({ id }) => id)
      const sorted = (ids: number[]) => [...ids].sort((a, b) => a - b)
      const inSecond = new Set(second.map(({ id }) => id))
      assert.deepEqual(
        sorted(idsOf('removed')),
        sorted(mine.map(({ id }) => id).filter((id) => !inSecond.has(id))),
      )
      assert.deepEqual(sorted(idsOf('added')), sorted([...inSecond].filter((id) => !taken.has(id))))
      const retyped = shared
        .filter(({ id, type }) => byId.get(id)!.type !== type)
        .map(({ id }) => id)
      assert.deepEqual(sorted(idsOf('changed')), sorted(retyped))
      assert.equal(totals.unchanged, shared.length - retyped.length)
    }),
  )
})
