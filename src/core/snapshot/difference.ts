// What differs between two worlds, entity by entity.
// Owns what it knows of the first world: 29 bytes an entity, 6 to 12 for finding it, and 8 for each
// field in use. Fields are compared by 64 bits of their values, all else bit by bit. Never keeps a
// partition.

import { assert } from '../../base/assert.ts'
import type { PartitionState } from '../entities/partition-state.ts'
import { fieldDigests } from '../entities/state-hash.ts'

export interface EntityDifference {
  id: number
  what: 'added' | 'removed' | 'changed'
  moved: boolean
  retyped: boolean
  /** Numbers of the fields that were changed, added or taken away. */
  fields: number[]
}

export interface WorldDifference {
  added: number
  removed: number
  /** Entities that are in both and differ: moved, of another type, or with another field. */
  changed: number
  moved: number
  retyped: number
  /** Entities with a changed field, by the field's number, rising. */
  fields: Record<string, number>
  /** Entities that another app owns; alone, that is no change of the entity. */
  owned: number
  unchanged: number
}

export interface WorldComparison {
  /** A partition of the first world. All of them come before those of the second. */
  addFirst(state: PartitionState): void
  addSecond(state: PartitionState): void
  /** To be called once, at the end. */
  finish(): WorldDifference
}

/**
 * `count` is the number of entities in the first world. `report` is told of each entity that
 * differs, the removed ones last.
 */
export function compareWorlds(
  count: number,
  report: (difference: EntityDifference) => void,
): WorldComparison {
  const slotMask = 2 ** Math.max(4, Math.ceil(Math.log2(count * 1.5 + 1))) - 1
  const slots = new Int32Array(slotMask + 1)
  const ids = new Float64Array(count)
  const types = new Uint32Array(count)
  const positions = new Uint32Array(count * 3)
  const owners = new Uint32Array(count)
  const seen = new Uint8Array(count)
  const fields = new Map<number, Uint32Array>()
  const ownerNumbers = new Map<string, number>()
  const changedFields = new Map<number, number>()
  const totals = { added: 0, removed: 0, changed: 0, moved: 0, retyped: 0, owned: 0, unchanged: 0 }
  let used = 0

  /** The slot where an id is, or the free one where it would be. */
  function slotOf(id: number): number {
    let slot =
      (Math.imul(id | 0, 0x9e3779b1) ^ Math.imul((id / 0x1_0000_0000) | 0, 0x85ebca6b)) >>> 0
    slot = (slot ^ (slot >>> 15)) & slotMask
    while (slots[slot] !== 0 && ids[slots[slot]! - 1] !== id) slot = (slot + 1) & slotMask
    return slot
  }

  function ownerNumber({ domain, name }: PartitionState): number {
    const owner = `${domain}/${name}`
    const number = ownerNumbers.get(owner) ?? ownerNumbers.size
    ownerNumbers.set(owner, number)
    return number
  }

  function addFirst(state: PartitionState): void {
    assert(used + state.count <= count, 'more entities than there is room for')
    ids.set(state.ids, used)
    types.set(state.types, used)
    positions.set(bitsOf(state.positions), used * 3)
    owners.fill(ownerNumber(state), used, used + state.count)
    for (const field of state.fields) {
      const digests = fields.get(field.index) ?? new Uint32Array(count * 2)
      digests.set(fieldDigests(field, state.count), used * 2)
      fields.set(field.index, digests)
    }
    for (let row = 0; row < state.count; row++) slots[slotOf(state.ids[row]!)] = used + row + 1
    used += state.count
  }

  function addSecond(state: PartitionState): void {
    const owner = ownerNumber(state)
    const bits = bitsOf(state.positions)
    const digests = new Map(
      state.fields.map((field) => [field.index, fieldDigests(field, state.count)]),
    )
    const indices = [...new Set([...fields.keys(), ...digests.keys()])].sort(
      (one, other) => one - other,
    )
    for (let row = 0; row < state.count; row++) {
      const id = state.ids[row]!
      const first = slots[slotOf(id)]! - 1
      if (first < 0) {
        totals.added++
        report({ id, what: 'added', moved: false, retyped: false, fields: [] })
        continue
      }
      seen[first] = 1
      if (owners[first] !== owner) totals.owned++
      const moved = [0, 1, 2].some((axis) => positions[first * 3 + axis] !== bits[row * 3 + axis])
      const retyped = types[first] !== state.types[row]
      const changed = indices.filter((index) => {
        const one = fields.get(index)
        const other = digests.get(index)
        return [0, 1].some(
          (word) => (one?.[first * 2 + word] ?? 0) !== (other?.[row * 2 + word] ?? 0),
        )
      })
      if (!moved && !retyped && changed.length === 0) {
        totals.unchanged++
        continue
      }
      totals.changed++
      if (moved) totals.moved++
      if (retyped) totals.retyped++
      for (const index of changed) changedFields.set(index, (changedFields.get(index) ?? 0) + 1)
      report({ id, what: 'changed', moved, retyped, fields: changed })
    }
  }

  function finish(): WorldDifference {
    for (let row = 0; row < used; row++) {
      if (seen[row] === 1) continue
      totals.removed++
      report({ id: ids[row]!, what: 'removed', moved: false, retyped: false, fields: [] })
    }
    const rising = [...changedFields].sort(([one], [other]) => one - other)
    return { ...totals, fields: Object.fromEntries(rising) }
  }

  return { addFirst, addSecond, finish }
}

function bitsOf(positions: Float32Array): Uint32Array {
  return new Uint32Array(positions.buffer, positions.byteOffset, positions.length)
}
