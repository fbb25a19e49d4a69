// The rule that no id is in a world twice, over all partitions of a snapshot.
// Owns one number an entity in memory (8 bytes, twice that while it checks); never the entities themselves.

import { assert } from '../../base/assert.ts'
import { type SnapshotFault, snapshotFault } from './snapshot-fault.ts'

export interface EntityIds {
  /** Adds a partition's ids; the array may be changed afterwards. */
  add(path: string, ids: Float64Array): void
  /** A fault that names an id that is there twice, and where; undefined where there is none. */
  firstFault(): SnapshotFault | undefined
}

/** Room for `count` ids in all. */
export function createEntityIds(count: number): EntityIds {
  const all = new Float64Array(count)
  const parts: { path: string; end: number }[] = []
  let used = 0

  function add(path: string, ids: Float64Array): void {
    assert(used + ids.length <= count, 'more ids than there is room for')
    all.set(ids, used)
    used += ids.length
    parts.push({ path, end: used })
  }

  function firstFault(): SnapshotFault | undefined {
    const sorted = all.slice(0, used).sort()
    for (let at = 1; at < used; at++) {
      if (sorted[at] === sorted[at - 1]) return duplicate(sorted[at]!)
    }
    return undefined
  }

  function duplicate(id: number): SnapshotFault {
    const first = all.indexOf(id)
    const places = [first, all.indexOf(id, first + 1)].map((row) => parts.find((part) => row < part.end)!.path)
    const [one, other] = places
    return snapshotFault('DuplicateId', `entity ${id} is there twice${one === other ? '' : `, first in ${one}`}`, other)
  }

  return { add, firstFault }
}
