import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { anyEntities, anyEntity, partitionOf, type TestEntity } from '../snapshot/states.testing.ts'
import { createStateHash } from './state-hash.ts'

function hashOf(...parts: (readonly TestEntity[])[]): string {
  const hash = createStateHash()
  for (const [at, entities] of parts.entries()) {
    const { ids, types, positions, fields, count } = partitionOf(entities, {}, at % 5)
    hash.addRows(ids, types, positions, fields, count)
  }
  return hash.digest()
}

test('a world without entities hashes to zero', () => {
  assert.equal(createStateHash().digest(), '0000000000000000')
})

test('the hash of a known world never changes', () => {
  const entity: TestEntity = {
    id: 2 ** 40 + 3,
    type: 512,
    position: [1.5, -2, 0],
    fields: { 1: { typeId: 7, bytes: [1, 2, 3, 4, 5] }, 2: { typeId: 0, bytes: [] } },
  }
  assert.equal(hashOf([entity, { ...entity, id: 4 }]), '9e9469790c9a3e1e')
})

test('the order of entities makes no difference', () => {
  fc.assert(
    fc.property(anyEntities, (entities) => {
      assert.equal(hashOf([...entities].reverse()), hashOf(entities))
    }),
  )
})

test('how entities are spread over partitions, and their strides, make no difference', () => {
  fc.assert(
    fc.property(anyEntities, fc.nat({ max: 30 }), fc.nat({ max: 30 }), (entities, one, other) => {
      const [from, to] = [Math.min(one, other), Math.max(one, other)]
      assert.equal(
        hashOf(entities.slice(0, from), entities.slice(from, to), entities.slice(to)),
        hashOf(entities),
      )
    }),
  )
})

test('rows that are not in use are skipped', () => {
  fc.assert(
    fc.property(anyEntities, fc.infiniteStream(fc.boolean()), (entities, stream) => {
      const used = entities.map(() => stream.next().value === true)
      const { ids, types, positions, fields, count } = partitionOf(entities)
      const hash = createStateHash()
      hash.addRows(ids, types, positions, fields, count, Uint8Array.from(used, Number))
      assert.equal(hash.digest(), hashOf(entities.filter((_, row) => used[row])))
      assert.equal(hash.count, used.filter(Boolean).length)
    }),
  )
})

test('more rows than are mixed at once hash to the sum of their parts', () => {
  const entities = Array.from({ length: 5000 }, (_, row): TestEntity => {
    return {
      id: row + 1,
      type: 512,
      position: [row, 0, 0],
      fields: { 1: { typeId: 1, bytes: [row & 255, row >> 8] } },
    }
  })
  assert.equal(hashOf(entities.slice(0, 2049), entities.slice(2049)), hashOf(entities))
})

test('values hash the same whatever the stride, size and number of their rows', () => {
  const sizes = [0, 4, 20, 1024, 30_000, 40_000]
  for (const size of sizes) {
    for (const count of [1, 3, 4, 50]) {
      const entities = Array.from({ length: count }, (_, row): TestEntity => {
        const bytes = Array.from({ length: size }, (_, at) => (row * 31 + at * 7) & 255)
        return {
          id: row + 1,
          type: 512,
          position: [row, 0, 0],
          fields: { 3: { typeId: row, bytes } },
        }
      })
      // One byte more leaves the words of a row unaligned: each is mixed by itself.
      const [plain, odd, wider] = [0, 1, 4].map((padding) => {
        const { ids, types, positions, fields } = partitionOf(entities, {}, padding)
        const hash = createStateHash()
        hash.addRows(ids, types, positions, fields, count)
        return hash.digest()
      })
      assert.deepEqual([plain, wider], [odd, odd], `${count} of ${size} bytes`)
    }
  }
})

test('a change of any one column changes the hash', () => {
  fc.assert(
    fc.property(anyEntities, anyEntity, fc.nat(), (entities, entity, choice) => {
      const before = hashOf([...entities, entity])
      const changes = changesOf(entity)
      const changed = changes[choice % changes.length]!
      assert.notEqual(hashOf([...entities, changed]), before)
    }),
    { numRuns: 500 },
  )
})

test('plus zero and minus zero are different positions', () => {
  const at = (x: number): TestEntity => ({ id: 1, type: 512, position: [x, 0, 0], fields: {} })
  assert.notEqual(hashOf([at(0)]), hashOf([at(-0)]))
})

test('two entities that swap a value do not hash as before', () => {
  const entity = (id: number, x: number, byte: number): TestEntity => {
    return { id, type: 512, position: [x, 0, 0], fields: { 1: { typeId: 1, bytes: [byte] } } }
  }
  const before = hashOf([entity(1, 10, 5), entity(2, 20, 6)])
  assert.notEqual(hashOf([entity(1, 20, 5), entity(2, 10, 6)]), before)
  assert.notEqual(hashOf([entity(1, 10, 6), entity(2, 20, 5)]), before)
})

/** Entities that each differ from this one in a single thing. */
function changesOf(entity: TestEntity): TestEntity[] {
  const [x, y, z] = entity.position
  const changes: TestEntity[] = [
    { ...entity, id: entity.id > 1 ? entity.id - 1 : 2 },
    { ...entity, id: entity.id > 2 ** 32 ? entity.id - 2 ** 32 : entity.id + 2 ** 32 },
    { ...entity, type: entity.type ^ 1 },
    { ...entity, position: [x === 0 ? 1 : -x, y, z] },
    { ...entity, position: [x, y === 0 ? 1 : -y, z] },
    { ...entity, position: [x, y, z === 0 ? 1 : -z] },
    { ...entity, fields: { ...entity.fields, 9: { typeId: 0, bytes: [] } } },
  ]
  for (const [index, { typeId, bytes }] of Object.entries(entity.fields)) {
    const { [Number(index)]: removed, ...others } = entity.fields
    changes.push({ ...entity, fields: others })
    changes.push({ ...entity, fields: { ...others, 8: removed! } })
    changes.push({
      ...entity,
      fields: { ...entity.fields, [index]: { typeId: typeId ^ 1, bytes } },
    })
    changes.push({
      ...entity,
      fields: { ...entity.fields, [index]: { typeId, bytes: [...bytes, 0] } },
    })
    for (const at of bytes.keys()) {
      const changed = bytes.with(at, bytes[at]! ^ 0x80)
      changes.push({ ...entity, fields: { ...entity.fields, [index]: { typeId, bytes: changed } } })
    }
  }
  return changes
}
